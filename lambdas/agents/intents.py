"""What a post is for, which messages serve that, and when in a campaign it is wanted."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from lambdas.domain.message_kinds import TypedMessage
from lambdas.domain.models.brand import MessageKind
from lambdas.domain.models.post import URGENT_INTENTS


class Intent(StrEnum):
    ANNOUNCE = "announce"
    EDUCATE = "educate"
    PROOF = "proof"
    OBJECTION = "objection"  # planned until version 0.3, as are the next two; a brief has no message for them
    BEHIND_THE_SCENES = "behind_the_scenes"
    QUESTION = "question"
    STORY = "story"
    OFFER = "offer"
    INVITE = "invite"
    REMINDER = "reminder"
    LAST_CALL = "last_call"


LAST_DAYS = 3
"""So many days before a deadline, the day itself included, it may be called near."""

_FOR: Mapping[MessageKind, tuple[Intent, ...]] = {
    MessageKind.FACT: (Intent.EDUCATE,),
    MessageKind.PROOF: (Intent.PROOF,),
    MessageKind.OFFER: (Intent.OFFER,),
    MessageKind.INVITATION: (Intent.INVITE,),
    MessageKind.DEADLINE: (Intent.REMINDER,),
    MessageKind.STORY: (Intent.STORY,),
}


def intents_of(kind: MessageKind) -> tuple[Intent, ...]:
    """The intents that a message of this kind serves at any time of a campaign."""
    return (*_FOR[kind], Intent.ANNOUNCE)


def is_last_days(message: TypedMessage, day: date) -> bool:
    return message.until is not None and timedelta(0) <= message.until - day < timedelta(days=LAST_DAYS)


def intent_for(message: TypedMessage, place: float, day: date, ends: date, *, late: bool = False) -> Intent:
    """The intent of a post about ``message``, at ``place`` of the campaign (0 its first post, 1 its last) on ``day``.

    The first tenth announces and the last tenth reminds. Only a message with a last day (a deadline without one has the
    campaign's) is called for the last time, and only in its last days. ``late``: after the campaign's deadline, when
    nothing is left to hurry for.
    """
    if late:
        intent = _FOR[message.kind][0]
        return Intent.EDUCATE if intent in URGENT_INTENTS else intent
    if message.kind is MessageKind.DEADLINE and message.until is None:
        message = message.model_copy(update={"until": ends})
    if is_last_days(message, day):
        return Intent.LAST_CALL
    if message.kind is MessageKind.STORY:
        return Intent.STORY
    if place < 0.1:
        return Intent.ANNOUNCE
    if place > 0.85:
        return Intent.REMINDER
    return _FOR[message.kind][0]
