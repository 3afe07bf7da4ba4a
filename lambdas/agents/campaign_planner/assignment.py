"""Which statement each post is about, and with which intent: code decides, so that it holds for every model.

Each statement heads at most ⌈posts ÷ statements⌉ posts, and with two statements or more none heads two posts in a row
on a channel.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from lambdas.agents.intents import Intent, intent_for
from lambdas.domain.models.key_message import TypedMessage
from lambdas.domain.platforms import Platform

SMS_STATEMENT = 95
"""Characters of a statement that leaves room in one segment for the sender, the call to action and the opt-out."""
_REACH = 200
"""So many posts away somebody to swap with is looked for."""


class Ask(NamedTuple):
    intent: Intent
    statement: int
    """Its place in the list of statements, from 0."""


class Place(NamedTuple):
    platform: Platform
    day: date


def assign(statements: Sequence[TypedMessage], places: Sequence[Place], ends: date, *, calm: bool) -> list[Ask]:
    """One ask for each place, in order of time. A ``calm`` campaign has no last call."""
    chosen = _swapped(_in_turn(len(statements), places), statements, places)
    last = max(len(places) - 1, 1)
    asks = []
    for index, (number, place) in enumerate(zip(chosen, places, strict=True)):
        intent = intent_for(statements[number], index / last, place.day, ends)
        asks.append(Ask(Intent.REMINDER if calm and intent is Intent.LAST_CALL else intent, number))
    return asks


def _in_turn(count: int, places: Sequence[Place]) -> list[int]:
    """The statements in one long cycle, channel after channel: counts differ by one, neighbours on a channel differ."""
    channels: defaultdict[Platform, list[int]] = defaultdict(list)
    for index, place in enumerate(places):
        channels[place.platform].append(index)
    chosen = [0] * len(places)
    for turn, index in enumerate(index for channel in channels.values() for index in channel):
        chosen[index] = turn % count
    return chosen


def _swapped(chosen: list[int], statements: Sequence[TypedMessage], places: Sequence[Place]) -> list[int]:
    """Posts swap what they are about where it is over by then or too long for an SMS. Counts stay as they were."""
    neighbours = _neighbours(places)

    def suits(index: int) -> bool:
        message, place = statements[chosen[index]], places[index]
        over = message.until is not None and place.day > message.until
        return not over and not (place.platform is Platform.SMS and len(message.text) > SMS_STATEMENT)

    def apart(index: int) -> bool:
        return all(chosen[index] != chosen[other] for other in neighbours[index])

    for index in [index for index in range(len(places)) if not suits(index)]:
        near = sorted(range(max(0, index - _REACH), min(len(places), index + _REACH)), key=lambda o: abs(o - index))
        for other in near:
            if chosen[other] == chosen[index]:
                continue
            chosen[index], chosen[other] = chosen[other], chosen[index]
            if suits(index) and suits(other) and apart(index) and apart(other):
                break
            chosen[index], chosen[other] = chosen[other], chosen[index]
    return chosen


def _neighbours(places: Sequence[Place]) -> list[list[int]]:
    """The posts before and after each on its channel."""
    found: list[list[int]] = [[] for _ in places]
    latest: dict[Platform, int] = {}
    for index, place in enumerate(places):
        if (before := latest.get(place.platform)) is not None:
            found[index].append(before)
            found[before].append(index)
        latest[place.platform] = index
    return found
