"""Records as released versions stored them are read by today's models, and mean the same."""

import json
from pathlib import Path

import pytest

from lambdas.core.active import ActiveCampaign
from lambdas.core.effects import Effect
from lambdas.core.models.base import Model
from lambdas.core.models.campaign import Campaign
from lambdas.core.models.checkpoint import Checkpoint
from lambdas.core.models.post import Post

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
MODELS: dict[str, type[Model]] = {
    "campaign": Campaign,
    "checkpoint": Checkpoint,
    "post": Post,
    "effect": Effect,
    "activeCampaign": ActiveCampaign,
}
RECORDS = sorted(GOLDEN.glob("*/*.json"))


def test_there_are_records_of_each_version() -> None:
    assert {record.parent.name for record in RECORDS} == {"0.1", "0.2"}
    assert {record.stem for record in RECORDS} == set(MODELS)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record.parent.name}-{record.stem}")
def test_a_stored_record_is_read_and_nothing_of_it_is_lost(record: Path) -> None:
    stored = json.loads(record.read_text())
    again = MODELS[record.stem].from_wire(stored).to_wire()
    assert _kept(stored, again) == stored


def _kept(stored: object, again: object) -> object:
    """``again`` without what the stored record did not have."""
    if isinstance(stored, dict) and isinstance(again, dict):
        return {name: _kept(value, again.get(name)) for name, value in stored.items()}
    return again
