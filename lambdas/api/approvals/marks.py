"""What the page's form says about single posts: ``verdict-<n>`` and ``comment-<n>``, n from 1 in plan order."""

import re
from collections.abc import Mapping

from lambdas.core.errors import FieldError, InvalidInputError
from lambdas.core.ids import CampaignId, post_id_for
from lambdas.core.models.approval import PostDecision, PostVerdict

_VERDICT = re.compile(r"verdict-([1-9][0-9]{0,4})")


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
        if len(comment) > 2_000:
            raise _wrong(f"comment-{number}", "the comment is over 2,000 characters")
        if verdict != PostVerdict.APPROVE:
            post_id = post_id_for(campaign_id, number - 1)
            marks.append(PostDecision(post_id=post_id, verdict=PostVerdict(verdict), comment=comment))
    return tuple(marks)


def _wrong(field: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, errors=[FieldError(field, message)])
