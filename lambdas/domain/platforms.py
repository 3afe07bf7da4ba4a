"""The platforms a post can be written for."""

from collections.abc import Mapping
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


LABELS: Mapping[Platform, str] = {
    Platform.X: "X",
    Platform.LINKEDIN: "LinkedIn",
    Platform.INSTAGRAM: "Instagram",
    Platform.FACEBOOK: "Facebook",
    Platform.TIKTOK: "TikTok",
    Platform.THREADS: "Threads",
    Platform.BLUESKY: "Bluesky",
    Platform.YOUTUBE: "YouTube",
    Platform.EMAIL: "Email",
    Platform.SMS: "SMS",
    Platform.BLOG: "Blog",
}
"""Names for people."""
