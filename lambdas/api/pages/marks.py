"""What the page's form says: about single posts (``verdict-<n>`` and ``comment-<n>``, n from 1 in plan order), which
posts were opened (``seen``), and what is wrong with it, field by field.

Posts come in pages, and the form of each carries along what was said on the others.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from lambdas.domain.ids import CampaignId, post_id_for
from lambdas.domain.models.approval import MAX_COMMENT, MAX_COMMENTS, PostDecision, PostVerdict
from lambdas.domain.models.workflow import Decision

_VERDICT = re.compile(r"verdict-([1-9][0-9]{0,4})")
_RANGE = re.compile(r"([1-9][0-9]{0,4})-([1-9][0-9]{0,4})")


class Wrong(NamedTuple):
    """Something that a reviewer has to mend: in which field, of which post, and what to say (a key of the words)."""

    field: str
    said: str
    post: int = 0
    """0: the form as a whole."""
    values: Mapping[str, Any] = {}


class PostDraft(NamedTuple):
    """What a reviewer has said about one post so far; nothing is checked yet."""

    verdict: str
    comment: str


class Draft(NamedTuple):
    """What a reviewer has filled in, on this page and on others."""

    decision: str
    comments: str
    posts: Mapping[int, PostDraft]
    seen: frozenset[int]
    """Numbers of the posts that were on their screen."""


def draft_of(fields: Mapping[str, str]) -> Draft:
    """A form as it is filled in. A verdict that is none is left out, and so is one without anything to say."""
    drafts = {n: PostDraft(fields[f"verdict-{n}"], fields.get(f"comment-{n}", "").strip()) for n in _numbers(fields)}
    kept = {
        number: draft
        for number, draft in drafts.items()
        if draft.verdict in set(PostVerdict) and (draft.verdict != PostVerdict.APPROVE or draft.comment)
    }
    return Draft(fields.get("decision", ""), fields.get("comments", ""), kept, numbers_in(fields.get("seen", "")))


def wrongs_in(fields: Mapping[str, str], total: int) -> list[Wrong]:
    """What keeps a form from being a decision on ``total`` posts: in the order in which the page has the fields."""
    decision = fields.get("decision", "")
    wrongs = [wrong for number in _numbers(fields) for wrong in _wrongs_of(number, fields, total)]
    contradicts = any(wrong.said == "error.marked" for wrong in wrongs)
    if decision not in set(Decision):
        wrongs.append(Wrong("decision", "error.decision"))
    elif contradicts:
        wrongs.append(Wrong("decision", "error.contradiction"))
    if len(fields.get("comments", "").strip()) > MAX_COMMENTS:
        wrongs.append(Wrong("comments", "error.long_comments", values={"most": MAX_COMMENTS}))
    return wrongs


def _wrongs_of(number: int, fields: Mapping[str, str], total: int) -> Iterable[Wrong]:
    verdict, comment = fields[f"verdict-{number}"], fields.get(f"comment-{number}", "").strip()
    field = f"comment-{number}"
    if number > total:
        yield Wrong("decision", "error.no_post", values={"n": number})
        return
    if verdict not in set(PostVerdict):
        yield Wrong(f"verdict-{number}", "error.verdict", number)
    elif verdict != PostVerdict.APPROVE and fields.get("decision") == Decision.APPROVED:
        yield Wrong(f"verdict-{number}", "error.marked", number)
    elif verdict == PostVerdict.CHANGE and not comment:
        yield Wrong(field, "error.say", number)
    if len(comment) > MAX_COMMENT:
        yield Wrong(field, "error.long_comment", number, {"most": MAX_COMMENT})


def marks_in(fields: Mapping[str, str], campaign_id: CampaignId) -> tuple[PostDecision, ...]:
    """The posts that are to go back, in plan order, of a form with which nothing is wrong."""
    marks = []
    for number in _numbers(fields):
        verdict, comment = PostVerdict(fields[f"verdict-{number}"]), fields.get(f"comment-{number}", "").strip()
        if verdict is not PostVerdict.APPROVE:
            marks.append(PostDecision(post_id=post_id_for(campaign_id, number - 1), verdict=verdict, comment=comment))
    return tuple(marks)


def _numbers(fields: Mapping[str, str]) -> list[int]:
    return sorted(int(match.group(1)) for name in fields if (match := _VERDICT.fullmatch(name)))


def numbers_in(ranges: str) -> frozenset[int]:
    """``1-50,53-53`` as numbers; what is no range is left out."""
    found = (_RANGE.fullmatch(part) for part in ranges.split(","))
    numbers: set[int] = set()
    reached = 0  # so that a form of many wide ranges costs no more than one of them
    for first, last in sorted((int(match.group(1)), int(match.group(2))) for match in found if match):
        numbers.update(range(max(first, reached + 1), last + 1))
        reached = max(reached, last)
    return frozenset(numbers)


def ranges_of(numbers: Collection[int]) -> list[tuple[int, int]]:
    """Numbers as runs of neighbours: first and last of each."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
