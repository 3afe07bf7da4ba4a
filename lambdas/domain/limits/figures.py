"""The table of limits. Every figure has its source, how reliable it is, and the day it was checked.

If a platform's own pages disagree with the services that post to it professionally, the stricter figure is used: a post
that is slightly shorter than necessary is published, one that is slightly too long is not.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from lambdas.domain.platforms import Platform

_CHECKED = date(2026, 11, 21)
"""When the stored copies of the sources were read; no page was opened live."""


class Unit(StrEnum):
    """How a platform counts a text."""

    WEIGHTED = "weighted"
    """X: Latin counts 1, CJK and emoji 2, a link 23 (twitter-text configuration v3)."""
    UTF16 = "utf16"
    """UTF-16 code units: an emoji outside the basic plane counts 2."""
    CHARACTERS = "characters"
    """Unicode code points."""
    EMOJI_BYTES = "emojiBytes"
    """Threads: code points, but an emoji counts its UTF-8 bytes."""
    GRAPHEMES = "graphemes"
    """What a reader calls one character (Unicode extended grapheme clusters)."""
    BYTES = "bytes"
    """Bytes of UTF-8."""


class Confidence(StrEnum):
    """How reliable a figure is."""

    PUBLISHED = "published"
    """From the platform's own documentation: read in a copy of it, or quoted word for word by several others."""
    THIRD_PARTY = "thirdParty"
    """From a service that posts there professionally."""
    UNVERIFIED = "unverified"
    """No source was found; ``source`` is where it should be documented."""


class Figure(NamedTuple):
    """One number, and where it is from."""

    value: int
    source: str
    confidence: Confidence
    checked: date | None = None
    """``None`` for an unverified figure."""


class PlatformLimit(NamedTuple):
    """What one platform accepts. An absent figure means the platform states no limit."""

    unit: Unit
    """The unit of ``length``."""
    length: Figure
    """The text as published: with hashtags, mentions and link."""
    byte_length: Figure | None = None
    """The same text in bytes of UTF-8, where the platform limits both."""
    hashtags: Figure | None = None
    mentions: Figure | None = None
    links: Figure | None = None
    """Number of different links in one post."""
    title: Figure | None = None
    """Characters."""
    subject: Figure | None = None
    """Characters."""
    preview: Figure | None = None
    """Characters."""
    alt_text: Figure | None = None
    """Characters of the description of a picture."""
    requires: tuple[str, ...] = ()
    """Fields of the content, besides the text, without which the platform does not publish."""
    forbidden_characters: str = ""

    @property
    def max_length(self) -> int:
        """In ``unit``."""
        return self.length.value

    @property
    def max_hashtags(self) -> int | None:
        return self.hashtags.value if self.hashtags else None


def _published(value: int, source: str) -> Figure:
    return Figure(value=value, source=source, confidence=Confidence.PUBLISHED, checked=_CHECKED)


def _reported(value: int, source: str) -> Figure:
    return Figure(value=value, source=source, confidence=Confidence.THIRD_PARTY, checked=_CHECKED)


def _unverified(value: int, source: str) -> Figure:
    return Figure(value=value, source=source, confidence=Confidence.UNVERIFIED)


_X_COUNTING = "https://docs.x.com/fundamentals/counting-characters"
_LINKEDIN_SEVERAL = (
    "https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/multiimage-post-api"
)
_LINKEDIN_TEXT = "https://www.ayrshare.com/docs/apis/post/social-networks/linkedin"
_INSTAGRAM = "https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media"
_INSTAGRAM_TAGS = "https://www.ayrshare.com/docs/apis/post/social-networks/instagram"
_CHARACTERS = "https://www.ayrshare.com/docs/help-center/technical-support/character_limits"
_TIKTOK = "https://developers.tiktok.com/doc/content-posting-api-reference-direct-post"
_TIKTOK_TAGS = "https://github.com/coreyhaines31/marketingskills/blob/main/skills/social/references/platform-limits.md"
_THREADS = "https://developers.facebook.com/documentation/threads/posts"
_THREADS_LINKS = "https://developers.facebook.com/documentation/threads/create-posts/text-attachments"
_THREADS_TAG = "https://www.ayrshare.com/docs/apis/post/social-networks/threads"
_BLUESKY = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json"
_YOUTUBE = "https://developers.google.com/youtube/v3/docs/videos"
_YOUTUBE_TAGS = "https://support.google.com/youtube/answer/6390658"
_EMAIL_LINE = "https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1"
_EMAIL_PREVIEW = "https://docs.mapp.com/docs/customize-the-email-preheader"
_EMAIL_CLIP = "https://help.echobox.com/what-is-gmail-email-clipping"
_SMS = "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"
_BLOG_STORE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items"
_BLOG_TITLE = "https://github.com/WordPress/WordPress/blob/master/wp-admin/includes/schema.php"

LIMITS: Mapping[Platform, PlatformLimit] = MappingProxyType(
    {
        Platform.X: PlatformLimit(
            unit=Unit.WEIGHTED,
            length=_published(280, _X_COUNTING),
            alt_text=_unverified(1_000, "https://docs.x.com/x-api/media/create-media-metadata"),
        ),
        Platform.LINKEDIN: PlatformLimit(
            unit=Unit.UTF16,
            length=_reported(3_000, _LINKEDIN_TEXT),
            alt_text=_published(4_086, _LINKEDIN_SEVERAL),
        ),
        Platform.INSTAGRAM: PlatformLimit(
            unit=Unit.UTF16,
            length=_published(2_200, _INSTAGRAM),
            hashtags=_reported(5, _INSTAGRAM_TAGS),
            mentions=_reported(3, _INSTAGRAM_TAGS),
            alt_text=_reported(1_000, _CHARACTERS),
        ),
        Platform.FACEBOOK: PlatformLimit(
            unit=Unit.UTF16,
            length=_reported(63_206, _CHARACTERS),
        ),
        Platform.TIKTOK: PlatformLimit(
            unit=Unit.UTF16,
            length=_published(2_200, _TIKTOK),
            hashtags=_reported(5, _TIKTOK_TAGS),
        ),
        Platform.THREADS: PlatformLimit(
            unit=Unit.EMOJI_BYTES,
            length=_published(500, _THREADS),
            hashtags=_reported(1, _THREADS_TAG),
            links=_published(5, _THREADS_LINKS),
        ),
        Platform.BLUESKY: PlatformLimit(
            unit=Unit.GRAPHEMES,
            length=_published(300, _BLUESKY),
            byte_length=_published(3_000, _BLUESKY),
        ),
        Platform.YOUTUBE: PlatformLimit(
            unit=Unit.BYTES,
            length=_published(5_000, _YOUTUBE),
            title=_published(100, _YOUTUBE),
            hashtags=_published(60, _YOUTUBE_TAGS),
            requires=("title",),
            forbidden_characters="<>",
        ),
        # Mail has no limit that servers enforce. These are the sizes at which clients cut: a header line of RFC 5322,
        # the preview line, and the size from which Gmail hides the rest of a message, including the unsubscribe link.
        Platform.EMAIL: PlatformLimit(
            unit=Unit.BYTES,
            length=_reported(102_000, _EMAIL_CLIP),
            subject=_published(78, _EMAIL_LINE),
            preview=_reported(100, _EMAIL_PREVIEW),
            requires=("subject",),
        ),
        Platform.SMS: PlatformLimit(unit=Unit.CHARACTERS, length=_published(1_600, _SMS)),
        # A blog belongs to the tenant. It is limited by the record that the text is stored in (400 KB, with space for
        # the other fields), and for the title by the database column of the most common blog software.
        Platform.BLOG: PlatformLimit(
            unit=Unit.BYTES,
            length=_published(300_000, _BLOG_STORE),
            title=_published(200, _BLOG_TITLE),
            requires=("title",),
        ),
    }
)
"""One entry for each ``Platform``."""
