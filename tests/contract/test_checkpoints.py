"""What ``CheckpointStore`` promises, on a table in memory and on DynamoDB."""

from datetime import timedelta
from typing import Any

import pytest

from lambdas.adapters.table import keys
from lambdas.adapters.table.attempt import Attempt
from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.checkpoint_store import TableCheckpoints
from lambdas.domain.errors import ConflictError, InvalidInputError, StateTooLargeError
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus, Failure
from lambdas.domain.models.checkpoint import Checkpoint
from lambdas.domain.models.workflow import StatusResult
from lambdas.ports.stores import CheckpointStore
from lambdas.ports.table import Table
from tests.contract.samples import GLOBEX, KEY, NOW, campaign, checkpoint

BEGUN = checkpoint(outcome="started", endedAt=None, durationMs=None, result=None)
MOVE: dict[str, Any] = {"expected": [CampaignStatus.QUEUED], "status": CampaignStatus.PLANNING, "at": NOW}


def attempt() -> Attempt:
    return Attempt(keys.checkpoint(KEY, BEGUN), BEGUN, lambda result: checkpoint(result=result.to_wire()))


@pytest.fixture
def store(table: Table) -> CheckpointStore:
    return TableCheckpoints(table)


def test_reads_back_oldest_first(store: CheckpointStore) -> None:
    error = Failure(code="X", message="m", at=NOW, retryable=True, step="ValidateCampaign")
    second = checkpoint()
    first = checkpoint(
        stepName="ValidateCampaign",
        outcome="failed",
        startedAt=NOW - timedelta(seconds=5),
        result=None,
        error=error,
    )
    store.record(KEY, second)
    store.record(KEY, first)
    assert store.all(KEY) == [first, second]
    assert store.all(KEY._replace(tenant_id=GLOBEX)) == []


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
@pytest.mark.parametrize("later", ["succeeded", "failed"])
def test_the_first_end_of_an_attempt_stays(store: CheckpointStore, outcome: str, later: str) -> None:
    first = checkpoint(outcome=outcome)
    store.record(KEY, first)
    store.record(KEY, checkpoint(outcome=later, result=None, startedAt=NOW + timedelta(seconds=3)))
    assert store.all(KEY) == [first]


def test_other_attempts_steps_and_executions_stand_beside_it(store: CheckpointStore) -> None:
    entries = [
        checkpoint(),
        checkpoint(attempt=1),
        checkpoint(stepName="SaveCampaign"),
        checkpoint(executionArn="arn:aws:states:us-east-1:000000000000:execution:Build/Batches:another"),
    ]
    for entry in entries:
        store.record(KEY, entry)
    assert sorted(map(repr, store.all(KEY))) == sorted(map(repr, entries))


def test_pages_go_through_everything_in_the_order_of_entry(store: CheckpointStore) -> None:
    entries = [checkpoint(attempt=n, enteredAt=NOW + timedelta(seconds=n // 2)) for n in range(5)]
    for entry in reversed(entries):
        store.record(KEY, entry)
    found, cursor = [], None
    while True:
        page = store.page(KEY, 2, cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == entries


@pytest.mark.parametrize("cursor", ["x", "../..", "ä", "_w", "IA"])
def test_what_is_no_cursor_is_refused(store: CheckpointStore, cursor: str) -> None:
    with pytest.raises(InvalidInputError):
        store.page(KEY, 2, cursor)


def test_an_end_completes_a_beginning_and_a_second_beginning_changes_nothing(store: CheckpointStore) -> None:
    begun = checkpoint(outcome="started", endedAt=None, durationMs=None, result=None)
    store.begin(KEY, begun)
    assert store.all(KEY) == [begun]
    store.record(KEY, checkpoint())
    store.begin(KEY, begun)
    assert store.all(KEY) == [checkpoint()]


def test_two_visits_of_a_state_are_two_checkpoints(store: CheckpointStore) -> None:
    visits = [checkpoint(enteredAt=NOW), checkpoint(enteredAt=NOW + timedelta(hours=1))]
    for visit in visits:
        store.record(KEY, visit)
    assert store.page(KEY, 10).items == visits


def test_a_move_and_its_mark_are_one(store: CheckpointStore, table: Table) -> None:
    """The campaign moves and the checkpoint says so, or neither: one that is not stored yet begins with the move."""
    campaigns = TableCampaigns(table, attempt=lambda: attempt())
    campaigns.create(campaign())
    with pytest.raises(ConflictError) as refused:
        campaigns.change(KEY, **MOVE | {"expected": [CampaignStatus.PLANNING]})
    assert (refused.value.details["status"], store.all(KEY)) == ("queued", [])
    assert campaigns.update(KEY, **MOVE).status is CampaignStatus.PLANNING
    assert store.all(KEY) == [BEGUN.model_copy(update={"effect": CampaignStatus.PLANNING})]
    with pytest.raises(ConflictError) as refused:
        campaigns.update(KEY, **MOVE)
    assert refused.value.details["status"] == "planning"
    store.record(KEY, checkpoint())
    (kept,) = store.all(KEY)
    assert (kept.outcome.value, kept.effect) == ("succeeded", CampaignStatus.PLANNING)


@pytest.mark.parametrize("begun", [True, False])
def test_the_last_write_of_a_step_ends_its_checkpoint(store: CheckpointStore, table: Table, begun: bool) -> None:
    current = attempt()
    campaigns = TableCampaigns(table, attempt=lambda: current)
    campaigns.create(campaign())
    if begun:
        store.begin(KEY, BEGUN)
    campaigns.change(KEY, **MOVE, result=StatusResult(status=CampaignStatus.PLANNING))
    assert campaigns.get(KEY).status is CampaignStatus.PLANNING
    assert store.all(KEY) == [checkpoint(result={"status": "planning"}, effect="planning")]
    assert current.ended


@pytest.mark.parametrize("result", [StatusResult(status=CampaignStatus.PLANNING), None])
def test_an_end_of_the_delivery_before_stays_and_keeps_no_move_back(
    store: CheckpointStore, table: Table, result: StatusResult | None
) -> None:
    campaigns = TableCampaigns(table, attempt=attempt)
    campaigns.create(campaign())
    failed = checkpoint(outcome="failed", result=None)
    store.record(KEY, failed)
    campaigns.change(KEY, **MOVE, result=result)
    assert campaigns.get(KEY).status is CampaignStatus.PLANNING
    assert store.all(KEY) == [failed.model_copy(update={"effect": CampaignStatus.PLANNING})]


def test_a_result_over_the_limit_is_found_before_anything_is_written(store: CheckpointStore, table: Table) -> None:
    def too_large(_result: Model) -> Checkpoint:
        raise StateTooLargeError("too large")

    campaigns = TableCampaigns(table, attempt=lambda: Attempt(keys.checkpoint(KEY, BEGUN), BEGUN, too_large))
    campaigns.create(campaign())
    with pytest.raises(StateTooLargeError):
        campaigns.change(KEY, **MOVE, result=StatusResult(status=CampaignStatus.PLANNING))
    assert (campaigns.get(KEY).status, store.all(KEY)) == (CampaignStatus.QUEUED, [])


def test_a_page_is_bounded_by_bytes_and_nothing_is_left_out(store: CheckpointStore) -> None:
    """A step's input may have 32 KB, so a hundred of them are more than a Lambda may answer."""
    large = {"text": "x" * 200_000}
    for attempt in range(10):
        store.begin(KEY, checkpoint(attempt=attempt, input=large))
    seen, cursor, sizes = [], None, []
    while not sizes or cursor:
        items, cursor = store.page(KEY, 100, cursor)
        seen += [item.attempt for item in items]
        sizes.append(len(items))
    assert seen == list(range(10))
    assert sizes == [4, 4, 2]
