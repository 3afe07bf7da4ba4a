"""The purposes that a post can have, and when in a campaign each is used."""

from enum import StrEnum


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


def intents_for(total: int) -> list[Intent]:
    """The intent of each of ``total`` posts in order of time.

    The first tenth announces, the last tenth reminds and calls for the last time; in between the intents take turns.
    A campaign of one or two posts announces only.
    """
    edge = max(1, total // 10) if total >= 3 else total
    closing = edge if total >= 3 else 0
    middle = total - edge - closing
    return [
        *(_OPENING[i % len(_OPENING)] for i in range(edge)),
        *(_MIDDLE[i % len(_MIDDLE)] for i in range(middle)),
        *(_CLOSING[(i + closing) % len(_CLOSING)] for i in range(closing)),
    ]
