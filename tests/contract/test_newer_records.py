"""What a newer version put on a record is still there after this version has written it back."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambdas.adapters.table import keys
from lambdas.adapters.table.active_store import DynamoActive
from lambdas.adapters.table.campaign_store import DynamoCampaigns
from lambdas.adapters.table.checkpoint_store import DynamoCheckpoints
from lambdas.adapters.table.effect_store import DynamoEffects
from lambdas.adapters.table.post_store import DynamoPosts
from lambdas.adapters.table.request_store import DynamoApprovals
from lambdas.adapters.table.table import Table
from lambdas.domain.ids import CallbackId, PostId
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import StepOutcome
from lambdas.domain.models.post import Post, Revision
from tests.contract import samples
from tests.contract.conftest import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "0.3"
ADDED = {"addedLater": {"by": "a newer version"}}
NO_MODELS = {"input", "result", "target", "handles", "details"}
"""Fields that may have any names in them."""
LATER = samples.NOW + timedelta(minutes=1)
Rewrite = Callable[["DynamoDBClient"], None]


def newer(kind: str) -> dict[str, Any]:
    """A record with an unknown field in each of its objects."""

    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: member if name in NO_MODELS else grown(member) for name, member in value.items()} | ADDED
        return [grown(member) for member in value] if isinstance(value, list) else value

    record: dict[str, Any] = grown(json.loads((GOLDEN / f"{kind}.json").read_text()))
    return record


def amend(client: "DynamoDBClient") -> None:
    store = DynamoApprovals(client, TABLE)
    approval = store.get(samples.KEY, CallbackId("01KJQ0000000000000000000C1"))
    store.amend(approval.model_copy(update={"reminders": 2}))


def settle(client: "DynamoDBClient") -> None:
    store = DynamoEffects(client, TABLE)
    (effect,) = store.all(samples.KEY)
    store.put(samples.KEY, effect.model_copy(update={"undo_attempts": 3}))


def recover(client: "DynamoDBClient") -> None:
    store = DynamoActive(client, TABLE)
    entry = store.get(samples.KEY)
    assert entry is not None
    store.look_at(entry.model_copy(update={"recoveries": (*entry.recoveries, LATER)}), LATER, samples.NOW)


def approve(client: "DynamoDBClient") -> None:
    DynamoCampaigns(client, TABLE).update(
        samples.KEY, expected=tuple(CampaignStatus), at=LATER, status=CampaignStatus.APPROVED
    )


def end(client: "DynamoDBClient") -> None:
    store = DynamoCheckpoints(client, TABLE)
    (begun,) = store.all(samples.KEY)
    store.record(samples.KEY, begun.model_copy(update={"outcome": StepOutcome.SUCCEEDED}))


APPROVAL = keys.approval(samples.KEY, CallbackId("01KJQ0000000000000000000C1"))
CHECKPOINT = keys.checkpoint(samples.KEY, samples.checkpoint(enteredAt=samples.NOW))


@pytest.mark.parametrize(
    ("kind", "place", "given", "rewrite", "changed"),
    [
        ("approval", APPROVAL, {"status": "PENDING"}, amend, {"reminders", "version"}),
        ("effect", keys.effect(samples.KEY, "manifest", "batches"), {}, settle, {"undoAttempts"}),
        ("activeCampaign", keys.active(samples.KEY), {}, recover, {"recoveries", "dueAt"}),
        ("campaign", keys.campaign(samples.KEY), {}, approve, {"status", "updatedAt"}),
        ("checkpoint", CHECKPOINT, {"outcome": "started", "error": None}, end, {"outcome"}),
    ],
)
def test_a_rewrite_loses_nothing(
    moto_table: "DynamoDBClient", kind: str, place: keys.ItemKey, given: Any, rewrite: Rewrite, changed: set[str]
) -> None:
    table, record = Table(moto_table, TABLE), newer(kind) | given
    table.put(place, record)
    rewrite(moto_table)
    again = table.get(place) or {}
    assert {name for name in record | again if record.get(name) != again.get(name)} == changed


def test_a_post_that_is_edited_and_sent_back_loses_nothing(emulator_table: "tuple[DynamoDBClient, str]") -> None:
    client, name = emulator_table
    table, store, record = Table(client, name), DynamoPosts(client, name), newer("post")
    del record["claim"]  # is its batch's
    post_id = PostId(record["postId"])
    place = keys.post(samples.KEY, post_id)
    table.put(place, record)

    post = store.get(samples.KEY, post_id)
    assert post.content is not None
    edited = store.edit(
        samples.KEY, post.model_copy(update={"content": post.content.model_copy(update={"text": "Boil now."})})
    )
    again = Post.from_record(table.get(place)).to_record()  # with the defaults, which are not stored
    assert again == record | {"version": 8, "content": record["content"] | {"text": "Boil now."}}

    back = Revision(number=2, instructions="Longer.", previous=edited.content)
    (sent_back,) = store.revise(samples.KEY, post.batch_id, [edited.model_copy(update={"revision": back})])
    again = table.get(place) or {}
    assert again["revision"]["previous"] == record["content"] | {"text": "Boil now."}
    assert again["addedLater"] == ADDED["addedLater"]
    assert store.get(samples.KEY, post_id) == sent_back
