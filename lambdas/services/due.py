"""Periodic work: finding what is due by an index on time. One mechanism for all kinds of records.

Every open record that has to be checked later (a request for approval, a campaign in BUILD) has an entry in the
index: *check this record at that time*. The index has ``SHARDS`` partitions for each kind of record, and
entries are sorted by time, so a run reads only the entries that are due, oldest first. A schedule invokes
the kind's Lambda every minute for each shard with ``{"shard": n}``.

To use it for a new kind of record:

1. Give the record a field ``dueAt``. Code that changes it puts the entry first and writes the record afterwards::

       index.put(entry_for(Kind.APPROVAL, key, due_at, clock.now(), item=callback_id))
       table.put(record with dueAt=due_at)

   After a crash in between there is an entry without a record, which a later run drops. In the other order there could
   be a record that is never checked. The previous entry need not be removed: it no longer agrees with its record.
2. Write a function ``work`` that reads the record (consistently), compares it with the entry, does what is due and
   returns a verdict::

       def work(entry: DueEntry) -> Verdict:
           approval = approvals.get(entry.key, CallbackId(entry.item))  # not there: Verdict.STALE
           if not entry.agrees(approval.due_at):
               return Verdict.STALE
           tend(approval)  # puts the entry of the next due time, then writes the record with it
           return Verdict.DONE

   ``work_due(Kind.APPROVAL, shards, work, Tick(TableDue(…), …))`` does the rest: it removes the entries of finished
   work, drops stale ones after ``GRACE`` (a writer may be between the entry and the record), postpones failing ones,
   and stops when its time is over. An exception raised by ``work``, for a record that cannot be parsed for instance, is
   such a failure. A record without ``dueAt`` (of an older version) agrees with every entry, and a finished record
   may keep its last one: ``work`` decides by the record's other fields whether anything is to be done.
3. In the handler, pass ``shards_of(event)`` and report with ``telemetry.due_worked``. In the stack, add
   ``stacks.alerts.every_minute``, which makes the schedule and the alarms.
4. ``rebuild`` puts the entries of all open records again, if the index is lost or a new kind is introduced.

Runs may overlap, and a run may die at any point: ``work`` must be idempotent, usually by writing the record
conditionally. An entry is only removed in the version that was read, so one that is put again meanwhile stays.
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
"""How long an entry may disagree with its record: the writer that put it may be about to write the record."""
BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(hours=1)


class Verdict(StrEnum):
    """The result of ``work`` for an entry."""

    DONE = "done"
    """The work is done; if the record will be due again, there is another entry for that."""
    STALE = "stale"
    """There is no such record, or it is due at another time."""
    AGAIN = "again"
    """Another writer was faster: try again in the next run."""


Work = Callable[[DueEntry], Verdict]


class Tick(NamedTuple):
    entries: DueIndex
    clock: Clock
    more: Callable[[], bool]
    """Whether there is time for one more entry."""
    failed: Callable[[DueEntry, Exception], None]
    """Called for an entry whose work failed; the others are handled all the same."""
    everything: bool = False
    """Handle every entry now, whatever its time."""


class DueReport(NamedTuple):
    """``due`` entries were read; ``oldest_seconds`` is how long the oldest had been due, including time after
    failures."""

    due: int
    done: int
    failed: int
    oldest_seconds: float

    def to_wire(self) -> dict[str, Any]:
        return {"due": self.due, "done": self.done, "failed": self.failed, "oldestSeconds": self.oldest_seconds}


def work_due(kind: Kind, shards: Sequence[int], work: Work, tick: Tick) -> DueReport:
    """Handle what is due in these shards; each record at most once, even if it is due again at once."""
    now = tick.clock.now()
    found: Counter[str] = Counter()
    oldest = now
    seen: set[tuple[CampaignKey, str]] = set()
    for shard in shards:
        for entry in tick.entries.due(kind, shard, None if tick.everything else now):
            if (entry.key, entry.item) in seen:
                continue
            if not tick.more():
                break  # what is left is older than all later entries, and so comes first in the next run
            oldest = min(oldest, entry.due_at)  # not ``at``, which is later after a failure
            outcome = _settle(entry, work, tick)
            found[outcome] += 1
            if outcome != Verdict.STALE:  # an outdated entry may be followed by the valid one
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
    """Put the entry of every open record again, and return how many.

    ``records``: key, id within the campaign (or empty) and ``dueAt`` of each; one without ``dueAt`` is due now.
    """
    number = 0
    for key, item, due_at in records:
        now = clock.now()
        index.put(entry_for(kind, key, due_at or now, now, item))
        number += 1
    return number


def shards_of(event: Any) -> Sequence[int]:
    """The shards that an invocation is for: the one that its ``shard`` names, or all if it names none.

    Raises ``InvalidInputError`` for an invalid shard.
    """
    shard = event.get("shard") if isinstance(event, Mapping) else None
    if shard is None:
        return range(SHARDS)
    if isinstance(shard, bool) or shard not in range(SHARDS):
        message = f"a whole number from 0 to {SHARDS - 1}"
        raise InvalidInputError(f"shard: {message}", errors=[FieldError("shard", message)])
    return [shard]
