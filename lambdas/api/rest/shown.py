"""A post as a reviewer sees it."""

from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.core.ids import PersonaId
from lambdas.core.limits import LIMITS, Unit, measure, text_as_published
from lambdas.core.models.post import Post, PostContent
from lambdas.core.platforms import Platform

POSTS_A_PAGE = 50

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


class ShownText(NamedTuple):
    headings: tuple[tuple[str, str], ...]
    """Label and text of a subject, a preview, a title."""
    body: str
    """As published: mentions, hashtags and link in their place."""
    tags: tuple[str, ...]
    """Hashtags that are kept beside the text on this platform."""
    alt_text: str | None
    length: int
    """In the platform's own unit."""
    limit: int
    unit: str
    failed_rules: tuple[str, ...]


class ShownPost(NamedTuple):
    number: int
    """From 1."""
    platform: str
    persona: str
    when: str
    """In the campaign's time zone."""
    topic: str
    text: ShownText | None
    """``None`` for a post that is not written."""
    failed: bool


def shown_post(post: Post, zone: ZoneInfo, personas: Mapping[PersonaId, str]) -> ShownPost:
    return ShownPost(
        number=post.index + 1,
        platform=LABELS[post.platform],
        persona=personas.get(post.persona_id, post.persona_id),
        when=f"{post.scheduled_at.astimezone(zone):%a %d %b %Y, %H:%M}",
        topic=post.topic,
        text=_text(post, post.content) if post.content else None,
        failed=post.error is not None,
    )


def _text(post: Post, content: PostContent) -> ShownText:
    published = text_as_published(post.platform, content)
    headings = (("Subject", content.subject), ("Preview", content.preview), ("Title", content.title))
    rules = post.provenance.rules if post.provenance else ()
    return ShownText(
        headings=tuple((label, text) for label, text in headings if text),
        body=published,
        tags=tuple(tag for tag in content.hashtags if tag.lower() not in published.lower()),
        alt_text=content.alt_text,
        length=measure(post.platform, published),
        limit=LIMITS[post.platform].max_length,
        unit="bytes" if LIMITS[post.platform].unit is Unit.BYTES else "characters",
        failed_rules=tuple(rule.detail or rule.rule for rule in rules if not rule.passed),
    )
