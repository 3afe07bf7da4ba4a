"""What ``CheckpointStore`` promises, of the fake and of the table."""

from datetime import timedelta

import pytest

from lambdas.adapters.dynamodb_checkpoints import DynamoCheckpoints
from lambdas.adapters.memory import MemoryCheckpoints
from lambdas.core.models.campaign import Failure
from lambdas.core.ports import CheckpointStore
from tests.contract.conftest import TABLE
from tests.contract.samples import GLOBEX, KEY, NOW, checkpoint


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> CheckpointStore:
    if request.param == "memory":
        return MemoryCheckpoints()
    return DynamoCheckpoints(request.getfixturevalue("moto_table"), TABLE)


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


def test_a_success_replaces_what_the_same_attempt_left(store: CheckpointStore) -> None:
    store.record(KEY, checkpoint(outcome="failed", result=None))
    for seconds in (3, 4):
        again = checkpoint(startedAt=NOW + timedelta(seconds=seconds))
        store.record(KEY, again)
        assert store.all(KEY) == [again]


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_failure_replaces_nothing(store: CheckpointStore, outcome: str) -> None:
    first = checkpoint(outcome=outcome)
    store.record(KEY, first)
    store.record(KEY, checkpoint(outcome="failed", result=None, startedAt=NOW + timedelta(seconds=3)))
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
