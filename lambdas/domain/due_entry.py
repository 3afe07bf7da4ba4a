"""Entries of the due index: check this record at that time (``services/due.py``)."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.base import iso

SHARDS = 4
"""Partitions of each kind. One rule reaches at most five targets (2026-11, docs.aws.amazon.com/eventbridge/latest/
userguide/eb-quota.html). An entry stores its shard, so the number can be raised while entries exist."""


class Kind(StrEnum):
    """The kind of record that an entry is about."""

    APPROVAL = "approval"
    CAMPAIGN = "campaign"


class DueEntry(NamedTuple):
    """``key`` and ``item`` identify the record to check, ``at`` is the time."""

    kind: Kind
    shard: int
    at: datetime
    """Later than ``due_at`` after a failure."""
    key: CampaignKey
    item: str
    """Id of the record within the campaign; empty for the campaign itself."""
    due_at: datetime
    """The time on the record."""
    put_at: datetime
    failures: int = 0

    def agrees(self, due_at: datetime | None) -> bool:
        """Whether the record, whose ``dueAt`` is given, is still due at the entry's time. Times are compared to the
        millisecond, as they are stored."""
        return due_at is None or iso(due_at) == iso(self.due_at)


def entry_for(kind: Kind, key: CampaignKey, due_at: datetime, now: datetime, item: str = "") -> DueEntry:
    digest = hashlib.sha256("#".join((*key, item)).encode()).digest()
    shard = int.from_bytes(digest[:4], "big") % SHARDS
    return DueEntry(kind, shard, at=due_at, key=key, item=item, due_at=due_at, put_at=now)
