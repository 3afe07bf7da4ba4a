"""The platforms a post can be written for."""

from enum import StrEnum


class Platform(StrEnum):
    X = "x"
    LINKEDIN = "linkedin"
    INSTAGRAM = "instagram"
    FACEBOOK = "facebook"
    TIKTOK = "tiktok"
    THREADS = "threads"
    BLUESKY = "bluesky"
    YOUTUBE = "youtube"
    EMAIL = "email"
    SMS = "sms"
    BLOG = "blog"
