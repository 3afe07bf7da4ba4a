"""What the page's form says about single posts: ``verdict-<n>`` and ``comment-<n>``, n from 1 in plan order.

Posts come in pages, and the form of each carries along what was said on the others.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import CampaignId, post_id_for
from lambdas.domain.models.approval import MAX_COMMENT, PostDecision, PostVerdict

_VERDICT = re.compile(r"verdict-([1-9][0-9]{0,4})")


class Draft(NamedTuple):
    """What a reviewer has said about one post so far; nothing is checked yet."""

    verdict: str
    comment: str


def drafts_in(fields: Mapping[str, str]) -> dict[int, Draft]:
    """By number, in plan order: posts about which something was said. A verdict that is none is left out."""
    numbers = sorted(int(match.group(1)) for name in fields if (match := _VERDICT.fullmatch(name)))
    drafts = {n: Draft(fields[f"verdict-{n}"], fields.get(f"comment-{n}", "").strip()) for n in numbers}
    return {
        number: draft
        for number, draft in drafts.items()
        if draft.verdict in set(PostVerdict) and (draft.verdict != PostVerdict.APPROVE or draft.comment)
    }


def marks_in(fields: Mapping[str, str], campaign_id: CampaignId) -> tuple[PostDecision, ...]:
    """The posts that are to go back, in plan order. Raises ``InvalidInputError`` naming the post."""
    marks = []
    numbers = [int(match.group(1)) for name in fields if (match := _VERDICT.fullmatch(name))]
    for number in sorted(numbers):
        verdict, comment = fields[f"verdict-{number}"], fields.get(f"comment-{number}", "").strip()
        if verdict not in set(PostVerdict):
            raise _wrong(f"verdict-{number}", "choose approve, change or reject")
        if verdict == PostVerdict.CHANGE and not comment:
            raise _wrong(f"comment-{number}", f"post {number} is marked to be changed: say what should change")
        if len(comment) > MAX_COMMENT:
            raise _wrong(f"comment-{number}", f"the comment is over {MAX_COMMENT:,} characters")
        if verdict != PostVerdict.APPROVE:
            post_id = post_id_for(campaign_id, number - 1)
            marks.append(PostDecision(post_id=post_id, verdict=PostVerdict(verdict), comment=comment))
    return tuple(marks)


def _wrong(field: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, errors=[FieldError(field, message)])
