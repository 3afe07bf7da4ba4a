"""Which statement each post is about, and with which intent: code decides, so that it holds for every model.

Each statement heads at most ⌈posts ÷ statements⌉ posts, and with two statements or more none heads two posts in a row
on a channel.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from lambdas.agents.intents import Intent, intent_for, is_last_days
from lambdas.domain.message_kinds import TypedMessage
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
    late: bool = False
    """After the campaign's deadline."""


def assign(statements: Sequence[TypedMessage], places: Sequence[Place], ends: date, *, calm: bool) -> list[Ask]:
    """One ask for each place, in order of time. A ``calm`` campaign has no last call."""
    chosen = _swapped(_in_turn(len(statements), places), statements, places)
    last = max(len(places) - 1, 1)
    asks = []
    for index, (number, place) in enumerate(zip(chosen, places, strict=True)):
        intent = intent_for(statements[number], index / last, place.day, ends, late=place.late)
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


class _Swaps:
    """Posts that swap what they are about. Counts stay as they were, and neighbours on a channel stay different."""

    def __init__(self, chosen: list[int], statements: Sequence[TypedMessage], places: Sequence[Place]) -> None:
        self.chosen, self._statements, self._places = chosen, statements, places
        self._neighbours = _neighbours(places)

    def suits(self, index: int) -> bool:
        """Whether the statement still holds on the day, and is no longer than an SMS."""
        message, place = self._statements[self.chosen[index]], self._places[index]
        over = message.until is not None and (place.day > message.until or place.late)
        return not over and not (place.platform is Platform.SMS and len(message.text) > SMS_STATEMENT)

    def first(self, index: int, others: Iterable[int]) -> bool:
        """Swap ``index`` with the first of the others where both suit afterwards."""
        chosen = self.chosen
        for other in others:
            if chosen[other] == chosen[index]:
                continue
            chosen[index], chosen[other] = chosen[other], chosen[index]
            if all(self.suits(at) and self._apart(at) for at in (index, other)):
                return True
            chosen[index], chosen[other] = chosen[other], chosen[index]
        return False

    def _apart(self, index: int) -> bool:
        return all(self.chosen[index] != self.chosen[other] for other in self._neighbours[index])


def _swapped(chosen: list[int], statements: Sequence[TypedMessage], places: Sequence[Place]) -> list[int]:
    """No post is about what is over or too long for it, and what ends is said once more in its last days."""
    swaps = _Swaps(chosen, statements, places)
    for index in [index for index in range(len(places)) if not swaps.suits(index)]:
        near = range(max(0, index - _REACH), min(len(places), index + _REACH))
        swaps.first(index, sorted(near, key=lambda other: abs(other - index)))
    for number, message in enumerate(statements):
        heads = [index for index in range(len(places)) if chosen[index] == number]
        last = [index for index, place in enumerate(places) if is_last_days(message, place.day)]
        if last and heads and not set(last) & set(heads):
            any(swaps.first(index, heads) for index in reversed(last))
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
