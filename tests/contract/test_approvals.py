"""What ``ApprovalStore`` promises, of the fake and of the table."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from lambdas.adapters.dynamodb_approvals import DynamoApprovals
from lambdas.adapters.memory import MemoryApprovals
from lambdas.core.errors import ConflictError, NotFoundError
from lambdas.core.models.approval import ApprovalStatus
from lambdas.core.ports import ApprovalStore
from tests.contract.conftest import TABLE
from tests.contract.samples import CALLBACK, GLOBEX, KEY, NOW, approval, decision


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> ApprovalStore:
    if request.param == "memory":
        return MemoryApprovals()
    return DynamoApprovals(request.getfixturevalue("moto_table"), TABLE)


@pytest.fixture(params=["memory", "dynamodb"])
def shared(request: pytest.FixtureRequest) -> ApprovalStore:
    """For threads at once: moto reads and writes an item without a lock, the emulator is one server."""
    if request.param == "memory":
        return MemoryApprovals()
    client, table = request.getfixturevalue("emulator_table")
    return DynamoApprovals(client, table)


def test_reads_back_what_was_created(store: ApprovalStore) -> None:
    store.create(approval())
    assert store.get(KEY, CALLBACK) == approval()
    with pytest.raises(NotFoundError):
        store.get(KEY._replace(tenant_id=GLOBEX), CALLBACK)


def test_creating_again_changes_nothing(store: ApprovalStore) -> None:
    store.create(approval())
    decided = store.decide(KEY, CALLBACK, decision())
    store.create(approval(contentHash="another"))
    assert store.get(KEY, CALLBACK) == decided


def test_lists_oldest_first(store: ApprovalStore) -> None:
    late = approval("01KJQ0000000000000000000A9", createdAt=NOW + timedelta(hours=1))
    store.create(late)
    store.create(approval())
    assert store.all(KEY) == [approval(), late]
    assert store.all(KEY._replace(tenant_id=GLOBEX)) == []


def test_a_decision_is_recorded_once(store: ApprovalStore) -> None:
    store.create(approval())
    answer = store.decide(KEY, CALLBACK, decision("ann"))
    with pytest.raises(ConflictError) as refused:
        store.decide(KEY, CALLBACK, decision("bob"))

    assert refused.value.details == {"status": "DECIDED"}
    assert answer == store.get(KEY, CALLBACK) == approval(status=ApprovalStatus.DECIDED, decision=decision("ann"))


def test_what_is_closed_cannot_be_decided(store: ApprovalStore) -> None:
    store.create(approval(status=ApprovalStatus.CLOSED))
    with pytest.raises(ConflictError) as refused:
        store.decide(KEY, CALLBACK, decision())
    assert refused.value.details == {"status": "CLOSED"}


def test_what_does_not_exist_is_not_found(store: ApprovalStore) -> None:
    with pytest.raises(NotFoundError):
        store.decide(KEY, CALLBACK, decision())
    with pytest.raises(NotFoundError):
        store.mark_resumed(KEY, CALLBACK, NOW)
    assert store.all(KEY) == []


def test_remembers_when_the_engine_took_the_decision(store: ApprovalStore) -> None:
    store.create(approval())
    decided = store.decide(KEY, CALLBACK, decision())
    store.mark_resumed(KEY, CALLBACK, NOW + timedelta(seconds=2))
    assert store.get(KEY, CALLBACK) == decided.model_copy(update={"resumed_at": NOW + timedelta(seconds=2)})


def test_of_fifty_reviewers_at_once_one_decides(shared: ApprovalStore) -> None:
    shared.create(approval())
    together = Barrier(50)

    def decide(number: int) -> str | None:
        together.wait()
        try:
            made = shared.decide(KEY, CALLBACK, decision(f"reviewer-{number}")).decision
        except ConflictError:
            return None
        return made.decided_by if made else None

    with ThreadPoolExecutor(50) as pool:
        winners = [winner for winner in pool.map(decide, range(50)) if winner]

    assert len(winners) == 1
    stored = shared.get(KEY, CALLBACK).decision
    assert stored
    assert stored.decided_by == winners[0]
