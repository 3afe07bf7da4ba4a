"""A post as a reviewer sees it, with what a revision changed word by word."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.ids import PersonaId
from lambdas.domain.limits import LIMITS, Unit, measure, text_as_published
from lambdas.domain.models.post import Post, PostContent
from lambdas.domain.platforms import LABELS

MAX_WORDS = 2_000
"""Maximum number of words of both texts together; beyond it, the old text is shown as removed and the new one as
added."""
_WORDS_TO_STAY = 2
"""Number of words that must lie between two changes; with fewer they are shown as one."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


class Part(NamedTuple):
    change: Change
    text: str


def word_diff(before: str, after: str) -> tuple[Part, ...]:
    """Parts in reading order, removed before added. Without the removed ones they are ``after``, and vice versa."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > MAX_WORDS:
        parts = [Part(Change.REMOVED, before), Part(Change.ADDED, after)]
    else:
        parts = [part for step in _steps(old, new) for part in _parts(*step)]
    return tuple(part for part in parts if part.text)


class _Step(NamedTuple):
    same: bool
    old: list[str]
    new: list[str]


def _steps(old: list[str], new: list[str]) -> list[_Step]:
    """Alternately equal and changed parts. An equal part must contain a word: spaces or commas that both texts happen
    to share would split a rewritten passage into fragments."""
    steps: list[_Step] = []
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (kind, i1, i2, j1, j2) in enumerate(opcodes):
        words = sum(token[0].isalnum() for token in old[i1:i2])
        between = 0 < number < len(opcodes) - 1
        step = _Step(kind == "equal" and not (between and words < _WORDS_TO_STAY), old[i1:i2], new[j1:j2])
        if steps and not step.same and not steps[-1].same:
            step = _Step(False, steps[-1].old + step.old, steps.pop().new + step.new)
        steps.append(step)
    return steps


def _parts(same: bool, old: list[str], new: list[str]) -> list[Part]:
    if same:
        return [Part(Change.SAME, "".join(old))]
    return [Part(Change.REMOVED, "".join(old)), Part(Change.ADDED, "".join(new))]


POSTS_A_PAGE = 50


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
    rules_passed: int
    rules_total: int
    diff: tuple[Part, ...]
    """Against what was shown before: the last round, or before an edit by hand. Empty: nothing changed."""
    diff_title: str
    picture: str | None
    """What the picture will show, and its size."""


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
    instructions: str
    """What the reviewers said about it in the last round."""


def shown_post(post: Post, zone: ZoneInfo, personas: Mapping[PersonaId, str], revision: int = 0) -> ShownPost:
    """``revision`` is the campaign's: a post that came back in it is shown with what changed."""
    return ShownPost(
        number=post.index + 1,
        platform=LABELS[post.platform],
        persona=personas.get(post.persona_id, post.persona_id),
        when=f"{post.scheduled_at.astimezone(zone):%a %d %b %Y, %H:%M}",
        topic=post.topic,
        text=_text(post, post.content, revision) if post.content else None,
        failed=post.error is not None,
        instructions=post.revision.instructions if post.revision and post.revision.number == revision else "",
    )


def _diff(post: Post, content: PostContent, revision: int) -> tuple[Part, ...]:
    sent_back = post.revision if post.revision and post.revision.number == revision else None
    previous = post.edit.previous if post.edit else sent_back.previous if sent_back else None
    if previous is None or previous.text == content.text:
        return ()
    return word_diff(previous.text, content.text)


def _picture(post: Post) -> str | None:
    needs = post.asset_requirements
    if needs.kind == "none":
        return None
    size = f", {needs.width} × {needs.height}" if needs.width and needs.height else ""
    return f"{needs.kind.title()}{size}" + (f": {needs.description}" if needs.description else "")


def _text(post: Post, content: PostContent, revision: int) -> ShownText:
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
        rules_passed=sum(rule.passed for rule in rules),
        rules_total=len(rules),
        diff=_diff(post, content, revision),
        diff_title="What was changed by hand" if post.edit else "What changed since the last round",
        picture=_picture(post),
    )
