"""Records of other versions are read by today's models, and mean the same.

Executions keep the versions they were started with for weeks, while the API and the sweeps run the newest: every
record is read by code older and newer than the code that wrote it.
"""

import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from lambdas.domain.errors import InvalidInputError, UnreadableRecordError
from lambdas.domain.models.active import ActiveCampaign
from lambdas.domain.models.approval import Approval
from lambdas.domain.models.base import Model
from lambdas.domain.models.brand import Brand, Persona
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.checkpoint import Checkpoint
from lambdas.domain.models.effect import Effect
from lambdas.domain.models.post import Post
from lambdas.domain.models.tenant import TenantSettings
from lambdas.domain.models.workflow import ApprovalOutcome, BuildState, PlanResult

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
MODELS: dict[str, type[Model]] = {
    "campaign": Campaign,
    "checkpoint": Checkpoint,
    "post": Post,
    "effect": Effect,
    "activeCampaign": ActiveCampaign,
    "approval": Approval,
    "brand": Brand,
    "persona": Persona,
    "settings": TenantSettings,
}
RECORDS = sorted(GOLDEN.glob("*/*.json"))
LATEST = max(RECORDS).parent
ADDED = {"addedLater": {"by": ["a newer version"]}}


def test_there_are_records_of_each_version() -> None:
    assert {record.parent.name for record in RECORDS} >= {"0.1", "0.2", "0.3"}
    assert {record.stem for record in LATEST.glob("*.json")} == set(MODELS)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record.parent.name}-{record.stem}")
def test_a_record_of_an_older_version_is_read_and_nothing_of_it_is_lost(record: Path) -> None:
    stored = json.loads(record.read_text())
    again = MODELS[record.stem].from_record(stored).to_record()
    assert _kept(stored, again) == stored


@pytest.mark.parametrize("kind", MODELS)
def test_a_record_of_a_newer_version_is_read_and_nothing_of_it_is_lost(kind: str) -> None:
    model, stored = MODELS[kind], json.loads((LATEST / f"{kind}.json").read_text())
    known = model.from_record(stored)
    newer, extended = _with_a_field_at_every_level(known)
    assert extended == set(_models_in(model)), "the golden record has every model that may be in it"
    with pytest.raises(InvalidInputError):
        model.from_wire(newer)  # a caller's unknown field is still a mistake
    read = model.from_record(newer)
    assert read.to_record() == newer
    assert read.to_wire() == known.to_wire()
    changed = read.model_copy(update={name: getattr(read, name) for name in model.model_fields})
    assert changed.to_record() == newer


@pytest.mark.parametrize("kind", MODELS)
def test_a_record_that_cannot_be_read_says_so(kind: str) -> None:
    """A sweep catches this error of one record and goes on with the next."""
    stored = json.loads((LATEST / f"{kind}.json").read_text())
    required = next(field.alias for field in MODELS[kind].model_fields.values() if field.alias in stored)
    with pytest.raises(UnreadableRecordError) as error:
        MODELS[kind].from_record(stored | {required: {"a": ["shape", "of", "tomorrow"]}})
    assert {problem.field.split("[")[0].split(".")[0] for problem in error.value.errors} == {required}


def test_a_status_that_this_version_does_not_know() -> None:
    stored = json.loads((LATEST / "campaign.json").read_text())
    with pytest.raises(UnreadableRecordError, match="status"):
        Campaign.from_record(stored | {"status": "translating"})


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (ApprovalOutcome, {"callbackId": "01KJQ0000000000000000000C1", "decision": "approved"}),
        (
            BuildState,
            {
                "tenantId": "acme",
                "campaignId": "01KJQ0000000000000000000A1",
                "correlationId": "corr-1",
                "plan": {
                    "manifest": {"bucket": "b", "key": "k"},
                    "totalPosts": 4,
                    "batches": 1,
                    "mapConcurrency": 1,
                    "toleratedFailurePercentage": 5.0,
                },
                "approval": {"callbackId": "01KJQ0000000000000000000C1", "decision": "approved"},
            },
        ),
    ],
)
def test_what_a_newer_version_hands_to_a_running_execution_is_understood(model: type[Model], sent: Any) -> None:
    known = model.from_internal(sent)
    newer, extended = _with_a_field_at_every_level(known)
    assert extended >= ({model, PlanResult} if model is BuildState else {model})
    assert model.from_internal(newer) == known


def _kept(stored: object, again: object) -> object:
    """``again`` without what the stored record did not have."""
    if isinstance(stored, dict) and isinstance(again, dict):
        return {name: _kept(value, again.get(name)) for name, value in stored.items()}
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        return [_kept(*pair) for pair in zip(stored, again, strict=True)]
    return again


def _with_a_field_at_every_level(model: Model) -> tuple[dict[str, Any], set[type[BaseModel]]]:
    """The record of a version that has added a field to every model in it, and which models those are."""
    extended: set[type[BaseModel]] = set()

    def grown(value: Any, wire: Any) -> Any:
        if isinstance(value, BaseModel):
            extended.add(type(value))
            aliases = {field.alias or name: name for name, field in type(value).model_fields.items()}
            return {alias: grown(getattr(value, aliases[alias]), member) for alias, member in wire.items()} | ADDED
        if isinstance(value, tuple):
            return [grown(*pair) for pair in zip(value, wire, strict=True)]
        if isinstance(value, dict):
            return {
                name: grown(*pair)
                for name, pair in zip(wire, zip(value.values(), wire.values(), strict=True), strict=True)
            }
        return wire

    return grown(model, model.to_wire()), extended


def _models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for found in _classes(field.annotation):
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield from _models_in(found)


def _classes(annotation: Any) -> Iterator[Any]:
    yield annotation
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation):
        for argument in typing.get_args(annotation):
            yield from _classes(argument)
