"""What has become due, found by an index on time: one mechanism for all periodic work.

Every open record that has to be looked at later (a request for approval, a campaign in BUILD) has an entry in the
index: *look at this record at that time*. The index is split into ``SHARDS`` partitions for each kind of record, and
an entry sorts by its time, so that a tick reads only the entries whose time has come, oldest first. A schedule invokes
the kind's Lambda once a minute for each shard with ``{"shard": n}``.

How a store and a tick adopt it:

1. The record gets a field ``dueAt``. Whoever changes it puts the entry first and writes the record after that::

       index.put(entry_for(Kind.APPROVAL, key, due_at, clock.now(), item=callback_id))
       table.put(record with dueAt=due_at)

   Dying in between leaves an entry without a record, which a later tick drops; the other way round a record would be
   left that nobody looks at. The entry of before need not be removed: it disagrees with its record from then on.
2. The tick's ``work`` reads the record (strongly), judges the entry, does what is due and says what became of it::

       def work(entry: DueEntry) -> Verdict:
           approval = approvals.get(entry.key, CallbackId(entry.item))  # not there: Verdict.STALE
           if not entry.agrees(approval.due_at):
               return Verdict.STALE
           tend(approval)  # puts the entry of the next due time, then writes the record with it
           return Verdict.DONE

   ``work_due(Kind.APPROVAL, shards, work, Tick(TableDue(…), …))`` does the rest: it removes the entries of finished
   work, drops stale ones after ``GRACE`` (somebody may be between the entry and the record), puts failing ones off,
   and stops when the time is over. An exception out of ``work``, of a record that cannot be parsed for instance, is
   such a failure. A record without ``dueAt`` (of an older version) agrees with every entry, and one that is over may
   keep its last one: what is to be done, ``work`` decides by what else the record says.
3. The handler passes ``shards_of(event)`` and reports by ``telemetry.due_worked``; the stack adds
   ``stacks.due.every_minute``, which makes the schedule and the alarms.
4. ``rebuild`` puts the entries of all open records again, should the index ever be lost or a new kind come into use.

Ticks may overlap, and a tick may die anywhere: ``work`` must do nothing twice, as a rule by writing the record
conditionally. Entries are removed only as they were read, so an entry that is put again meanwhile stays.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from lambdas.domain.due_entry import SHARDS, DueEntry, Kind, entry_for
from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import CampaignKey
from lambdas.ports.stores import Clock, DueIndex

GRACE = timedelta(minutes=1)
"""How long an entry may disagree with its record: whoever put it may be about to write the record."""
BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(hours=1)


class Verdict(StrEnum):
    """What ``work`` says of an entry."""

    DONE = "done"
    """The work is done; where the record will be due again, that has an entry of its own."""
    STALE = "stale"
    """There is no such record, or it is due at another time."""
    AGAIN = "again"
    """Somebody else was faster: look again at the next tick."""


Work = Callable[[DueEntry], Verdict]


class Tick(NamedTuple):
    entries: DueIndex
    clock: Clock
    more: Callable[[], bool]
    """Whether there is time for one more entry."""
    failed: Callable[[DueEntry, Exception], None]
    """Told of an entry whose work failed; the others are worked all the same."""
    everything: bool = False
    """Look at every entry now, whatever its time."""


class DueReport(NamedTuple):
    """``due`` entries were read; ``oldest_seconds`` is how long the oldest had been due, however often it failed."""

    due: int
    done: int
    failed: int
    oldest_seconds: float

    def to_wire(self) -> dict[str, Any]:
        return {"due": self.due, "done": self.done, "failed": self.failed, "oldestSeconds": self.oldest_seconds}


def work_due(kind: Kind, shards: Sequence[int], work: Work, tick: Tick) -> DueReport:
    """Work what is due in these shards; each record at most once, however soon it is due again."""
    now = tick.clock.now()
    found: Counter[str] = Counter()
    oldest = now
    seen: set[tuple[CampaignKey, str]] = set()
    for shard in shards:
        for entry in tick.entries.due(kind, shard, None if tick.everything else now):
            if (entry.key, entry.item) in seen:
                continue
            if not tick.more():
                break  # what is left is older than all that comes later, and so is first at the next tick
            oldest = min(oldest, entry.due_at)  # not ``at``, which a failure puts off
            outcome = _settle(entry, work, tick)
            found[outcome] += 1
            if outcome != Verdict.STALE:  # behind an entry of before may be the one that counts
                seen.add((entry.key, entry.item))
    age = round((now - oldest).total_seconds(), 3)
    return DueReport(found.total(), found[Verdict.DONE], found[_FAILED], age)


_FAILED = "failed"


def _settle(entry: DueEntry, work: Work, tick: Tick) -> str:
    try:
        verdict = work(entry)
    except Exception as error:  # noqa: BLE001 - reported, put off, and no other entry waits for it
        tick.failed(entry, error)
        _put_off(entry, tick)
        return _FAILED
    stale = verdict is Verdict.STALE and tick.clock.now() - entry.put_at >= GRACE
    if stale or verdict is Verdict.DONE:
        tick.entries.remove(entry)
    return verdict


def _put_off(entry: DueEntry, tick: Tick) -> None:
    delay = min(BACK_OFF * 2 ** min(entry.failures, 10), LONGEST_BACK_OFF)
    now = tick.clock.now()
    # Not the very time for which the work may have put an entry before it failed: this one would take its place.
    later = now + delay + timedelta(milliseconds=1)
    tick.entries.put(entry._replace(at=later, put_at=now, failures=entry.failures + 1))
    tick.entries.remove(entry)


def rebuild(
    kind: Kind, records: Iterable[tuple[CampaignKey, str, datetime | None]], index: DueIndex, clock: Clock
) -> int:
    """Put the entry of every open record again, and answer how many.

    ``records``: key, id within the campaign (or empty) and ``dueAt`` of each; one without ``dueAt`` is due now.
    """
    number = 0
    for key, item, due_at in records:
        now = clock.now()
        index.put(entry_for(kind, key, due_at or now, now, item))
        number += 1
    return number


def shards_of(event: Any) -> Sequence[int]:
    """The shards an invocation is about: the one that its ``shard`` names, or all when it names none.

    Raises ``InvalidInputError`` for what is no shard.
    """
    shard = event.get("shard") if isinstance(event, Mapping) else None
    if shard is None:
        return range(SHARDS)
    if isinstance(shard, bool) or shard not in range(SHARDS):
        message = f"a whole number from 0 to {SHARDS - 1}"
        raise InvalidInputError(f"shard: {message}", errors=[FieldError("shard", message)])
    return [shard]
