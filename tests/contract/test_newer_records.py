"""What a newer version put on a record is still there after this version has written it back."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambdas.adapters.table import keys
from lambdas.adapters.table.active_store import TableActive
from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.checkpoint_store import TableCheckpoints
from lambdas.adapters.table.effect_store import TableEffects
from lambdas.adapters.table.post_store import TablePosts
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.domain.ids import CallbackId, PostId
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import StepOutcome
from lambdas.domain.models.post import Post, Revision
from lambdas.ports.table import Table
from tests.contract import samples

if TYPE_CHECKING:
    pass

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "0.3"
ADDED = {"addedLater": {"by": "a newer version"}}
NO_MODELS = {"input", "result", "target", "handles", "details", "platforms"}
"""Fields that may have any names in them."""
LATER = samples.NOW + timedelta(minutes=1)
Rewrite = Callable[[Table], None]


def newer(kind: str) -> dict[str, Any]:
    """A record with an unknown field in each of its objects."""

    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: member if name in NO_MODELS else grown(member) for name, member in value.items()} | ADDED
        return [grown(member) for member in value] if isinstance(value, list) else value

    record: dict[str, Any] = grown(json.loads((GOLDEN / f"{kind}.json").read_text()))
    return record


def amend(table: Table) -> None:
    store = TableApprovals(table)
    approval = store.get(samples.KEY, CallbackId("01KJQ0000000000000000000C1"))
    store.amend(approval.model_copy(update={"reminders": 2}))


def settle(table: Table) -> None:
    store = TableEffects(table)
    (effect,) = store.all(samples.KEY)
    store.put(samples.KEY, effect.model_copy(update={"undo_attempts": 3}))


def recover(table: Table) -> None:
    store = TableActive(table)
    entry = store.get(samples.KEY)
    assert entry is not None
    store.look_at(entry.model_copy(update={"recoveries": (*entry.recoveries, LATER)}), LATER, samples.NOW)


def approve(table: Table) -> None:
    TableCampaigns(table).update(samples.KEY, expected=tuple(CampaignStatus), at=LATER, status=CampaignStatus.APPROVED)


def end(table: Table) -> None:
    store = TableCheckpoints(table)
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
    table: Table, kind: str, place: keys.ItemKey, given: Any, rewrite: Rewrite, changed: set[str]
) -> None:
    record = newer(kind) | given
    table.put(place, record)
    rewrite(table)
    again = table.get(place) or {}
    assert {name for name in record | again if record.get(name) != again.get(name)} == changed


def test_a_post_that_is_edited_and_sent_back_loses_nothing(shared_table: Table) -> None:
    table, store, record = shared_table, TablePosts(shared_table), newer("post")
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
    since = {"dropped": False}  # a field that has come since, with its default
    assert again == record | since | {"version": 8, "content": record["content"] | {"text": "Boil now."}}

    back = Revision(number=2, instructions="Longer.", previous=edited.content)
    (sent_back,) = store.revise(samples.KEY, post.batch_id, [edited.model_copy(update={"revision": back})])
    again = table.get(place) or {}
    assert again["revision"]["previous"] == record["content"] | {"text": "Boil now."}
    assert again["addedLater"] == ADDED["addedLater"]
    assert store.get(samples.KEY, post_id) == sent_back
