"""What ``ApprovalStore`` promises, of the fake and of the table."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from lambdas.adapters.dynamodb_approvals import DynamoApprovals
from lambdas.adapters.memory import MemoryApprovals
from lambdas.core.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.core.models.approval import ApprovalStatus, ClosedBecause
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


def test_an_amendment_is_stored_if_nobody_was_faster(store: ApprovalStore) -> None:
    store.create(approval())
    first = store.amend(approval().model_copy(update={"reminders": 1}))
    assert (first.version, first.reminders) == (1, 1)
    assert store.get(KEY, CALLBACK) == first
    with pytest.raises(ConcurrentUpdateError):
        store.amend(approval().model_copy(update={"reminders": 9}))
    assert store.get(KEY, CALLBACK) == first


def test_what_is_decided_or_closed_is_not_amended(store: ApprovalStore) -> None:
    store.create(approval())
    store.decide(KEY, CALLBACK, decision())
    with pytest.raises(ConcurrentUpdateError):
        store.amend(approval())


def test_a_request_from_before_there_were_versions_can_be_amended(store: ApprovalStore) -> None:
    """Its record has none of the newer fields."""
    if isinstance(store, MemoryApprovals):
        pytest.skip("there are no old records in memory")
    store.create(approval())
    newer = ("version", "votes", "stage", "quorum", "round", "reminders", "extended")
    store._table.client.update_item(  # as an older release wrote it
        TableName=TABLE,
        Key={"PK": {"S": f"TENANT#{KEY.tenant_id}#CAMPAIGN#{KEY.campaign_id}"}, "SK": {"S": f"APPROVAL#{CALLBACK}"}},
        UpdateExpression="REMOVE " + ", ".join(f"#{name}" for name in newer),
        ExpressionAttributeNames={f"#{name}": name for name in newer},
    )
    assert store.get(KEY, CALLBACK) == approval()
    assert store.amend(approval()).version == 1


def test_a_decided_request_remembers_that_a_newer_one_was_made(store: ApprovalStore) -> None:
    store.create(approval())
    decided = store.decide(KEY, CALLBACK, decision())
    store.close(KEY, CALLBACK)
    assert store.get(KEY, CALLBACK) == decided
    store.close(KEY, CALLBACK, ClosedBecause.SUPERSEDED)
    after = store.get(KEY, CALLBACK)
    assert (after.status, after.closed_because) == (ApprovalStatus.DECIDED, ClosedBecause.SUPERSEDED)


def test_open_are_those_that_wait_for_a_decision_or_for_the_engine(store: ApprovalStore) -> None:
    for number in range(6):
        store.create(approval(f"01KJQ0000000000000000000D{number}"))
    ids = [one.callback_id for one in store.all(KEY)]
    store.decide(KEY, ids[0], decision())
    store.decide(KEY, ids[1], decision())
    store.mark_resumed(KEY, ids[1], NOW)
    store.close(KEY, ids[2])
    for _ in range(2):  # what is closed is cleared away, and the rest stays
        assert sorted(one.callback_id for one in store.open()) == [ids[0], *ids[3:]]
