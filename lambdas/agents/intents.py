"""What a post is for, and when in a campaign that is wanted."""

from enum import StrEnum

from lambdas.domain.models.post import URGENT_INTENTS


class Intent(StrEnum):
    ANNOUNCE = "announce"
    EDUCATE = "educate"
    PROOF = "proof"
    OBJECTION = "objection"
    BEHIND_THE_SCENES = "behind_the_scenes"
    QUESTION = "question"
    STORY = "story"
    OFFER = "offer"
    REMINDER = "reminder"
    LAST_CALL = "last_call"


_OPENING = (Intent.ANNOUNCE,)
_MIDDLE = (
    Intent.EDUCATE,
    Intent.STORY,
    Intent.PROOF,
    Intent.QUESTION,
    Intent.BEHIND_THE_SCENES,
    Intent.OBJECTION,
    Intent.OFFER,
    Intent.EDUCATE,
    Intent.PROOF,
    Intent.REMINDER,
)
_CLOSING = (Intent.REMINDER, Intent.LAST_CALL)


_AFTERWARDS = tuple(intent for intent in dict.fromkeys(_MIDDLE) if intent not in URGENT_INTENTS)
"""Once the deadline has passed, nothing is left to hurry for."""


def intents_for(total: int, in_time: int | None = None) -> list[Intent]:
    """The intent of each of ``total`` posts in order of time.

    The first tenth announces, the last tenth reminds and calls for the last time; in between the intents take turns.
    A campaign of one or two posts announces only. ``in_time`` of them go out before the campaign's deadline, where it
    has one: the last of those is the last call, and what comes after it asks nobody to hurry.
    """
    if in_time is None:
        return _arc(total)
    afterwards = (_AFTERWARDS[i % len(_AFTERWARDS)] for i in range(total - in_time))
    before = [*_OPENING, Intent.LAST_CALL] if in_time == 2 else _arc(in_time)
    return [*before, *afterwards]


def _arc(total: int) -> list[Intent]:
    edge = max(1, total // 10) if total >= 3 else total
    closing = edge if total >= 3 else 0
    middle = total - edge - closing
    return [
        *(_OPENING[i % len(_OPENING)] for i in range(edge)),
        *(_MIDDLE[i % len(_MIDDLE)] for i in range(middle)),
        *(_CLOSING[(i + closing) % len(_CLOSING)] for i in range(closing)),
    ]
