"""A post as a reviewer sees it, with what a revision changed word by word."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.ids import PersonaId
from lambdas.domain.limits import LIMITS, Unit, measure, sms_parts, text_as_published
from lambdas.domain.models.post import CommentOutcome, Post, PostContent
from lambdas.domain.platforms import LABELS, Platform
from lambdas.services.sentences import Words

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


class Reading(NamedTuple):
    """How one reader sees posts."""

    words: Words
    zone: ZoneInfo
    """The campaign's."""
    personas: Mapping[PersonaId, str]
    people: Mapping[str, str]
    """Reviewers by their address, as this reader may know them: an address is nobody else's to read."""
    revision: int = 0
    """The campaign's: a post that came back in it is shown with what changed."""


class ShownText(NamedTuple):
    headings: tuple[tuple[str, str], ...]
    """Label and text of a subject, a preview, a title."""
    body: str
    """As published: mentions, hashtags and link in their place."""
    tags: tuple[str, ...]
    """Hashtags that are kept beside the text on this platform."""
    alt_text: str | None
    length: str
    """In the platform's own unit, of how much at most."""
    too_long: bool
    messages: tuple[str, ...]
    """Of an SMS: the messages it is sent and billed as."""
    failed_rules: tuple[str, ...]
    rules_passed: int
    rules_total: int
    diff: tuple[Part, ...]
    """Against what was shown before: the last round, or before an edit by hand. Empty: nothing changed."""
    picture: str | None
    """What the picture will show, and its size."""


class ShownPost(NamedTuple):
    number: int
    """From 1."""
    platform: str
    persona: str
    when: str
    """In the campaign's time zone."""
    moved_from: str
    """When it was planned for, if a person moved it."""
    changed_by: str
    """Who changed it by hand."""
    topic: str
    text: ShownText | None
    """``None`` for a post that is not written."""
    failed: bool
    dropped: bool
    instructions: str
    """What the reviewers said about it in the last round."""
    outcomes: tuple[CommentOutcome, ...]
    """What became of it."""


def shown_post(post: Post, reading: Reading) -> ShownPost:
    words, zone = reading.words, reading.zone
    sent_back = post.revision if post.revision and post.revision.number == reading.revision else None
    by = post.edit.by if post.edit else None
    return ShownPost(
        number=post.index + 1,
        platform=LABELS[post.platform],
        persona=reading.personas.get(post.persona_id, post.persona_id),
        when=words.moment(post.scheduled_at, zone, named=True),
        moved_from=words.moment(post.moved_from, zone, named=True) if post.moved_from else "",
        changed_by=reading.people.get(by, words("somebody_else")) if by else "",
        topic=post.topic,
        text=_text(post, post.content, reading) if post.content else None,
        failed=post.error is not None,
        dropped=post.dropped,
        instructions=sent_back.instructions if sent_back else "",
        outcomes=sent_back.outcomes if sent_back else (),
    )


def needs_attention(post: Post) -> bool:
    """Whether a reviewer should look at it before others: it is not written, a rule is not met, or a person has to do
    what the writer could not."""
    if post.dropped:
        return False
    rules = post.provenance.rules if post.provenance else ()
    return post.content is None or post.needs_person or not all(rule.passed for rule in rules)


def _diff(post: Post, content: PostContent, revision: int) -> tuple[Part, ...]:
    sent_back = post.revision if post.revision and post.revision.number == revision else None
    previous = post.edit.previous if post.edit else sent_back.previous if sent_back else None
    if previous is None or previous.text == content.text:
        return ()
    return word_diff(previous.text, content.text)


def _picture(post: Post, words: Words) -> str | None:
    needs = post.asset_requirements
    if needs.kind == "none":
        return None
    size = f", {needs.width} × {needs.height}" if needs.width and needs.height else ""
    kind = words(f"kind.{needs.kind}") if needs.kind in ("image", "video") else needs.kind.title()
    return kind + size + (f": {needs.description}" if needs.description else "")


def _text(post: Post, content: PostContent, reading: Reading) -> ShownText:
    words, limit = reading.words, LIMITS[post.platform]
    published = text_as_published(post.platform, content)
    headings = (("subject", content.subject), ("preview", content.preview), ("title", content.title))
    rules = post.provenance.rules if post.provenance else ()
    length = measure(post.platform, published)
    unit = "length_bytes" if limit.unit is Unit.BYTES else "length"
    return ShownText(
        headings=tuple((words(label), text) for label, text in headings if text),
        body=published,
        tags=tuple(tag for tag in content.hashtags if tag.lower() not in published.lower()),
        alt_text=content.alt_text,
        length=words(unit, n=words.number(length), most=words.number(limit.max_length)),
        too_long=length > limit.max_length,
        messages=sms_parts(published) if post.platform is Platform.SMS else (),
        failed_rules=tuple(rule.detail or rule.rule for rule in rules if not rule.passed),
        rules_passed=sum(rule.passed for rule in rules),
        rules_total=len(rules),
        diff=_diff(post, content, reading.revision),
        picture=_picture(post, words),
    )
