"""Checkpoints in memory."""

from threading import Lock
from typing import Any

from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.base import iso
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from lambdas.domain.record_size import first_page
from lambdas.ports.cursor import decode_place, encode_place
from lambdas.ports.stores import Page


class MemoryCheckpoints:
    def __init__(self) -> None:
        self._records: dict[CampaignKey, dict[str, dict[str, Any]]] = {}
        self._lock = Lock()

    def begin(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        with self._lock:
            self._records.setdefault(key, {}).setdefault(_place(checkpoint), checkpoint.to_record())

    def record(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        with self._lock:
            records = self._records.setdefault(key, {})
            old = records.get(_place(checkpoint), {})
            if old.get("outcome", StepOutcome.STARTED.value) != StepOutcome.STARTED.value:
                return
            effect = {"effect": old["effect"]} if "effect" in old else {}
            records[_place(checkpoint)] = checkpoint.to_record() | effect

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Checkpoint]:
        after = decode_place(cursor) if cursor else ""
        records = self._records.get(key, {})
        rest = sorted(place for place in list(records) if place > after)
        found, more = first_page([records[place] for place in rest], limit)
        items = [Checkpoint.from_record(record) for record in found]
        return Page(items, encode_place(rest[len(items) - 1]) if more else None)

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        checkpoints = [Checkpoint.from_record(wire) for wire in list(self._records.get(key, {}).values())]
        return sorted(checkpoints, key=lambda checkpoint: checkpoint.started_at)


def _place(entry: Checkpoint) -> str:
    entered = iso(entry.entered_at) if entry.entered_at else ""
    return f"{entered}#{entry.execution_arn}#{entry.step_name}#{entry.attempt:03d}"
