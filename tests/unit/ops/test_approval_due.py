"""The index of what is due agrees with what the sweep does: nothing before its time, everything at it."""

from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from lambdas.adapters.table import keys
from lambdas.adapters.table.due_store import TableDue
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.domain.approval import HEARTBEAT_EVERY, next_due
from lambdas.domain.due_entry import SHARDS, Kind, entry_for
from lambdas.domain.ids import CallbackId, CampaignId
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import OnTimeout
from tests.contract.conftest import TABLE, create_table
from tests.contract.samples import approval as stored
from tests.fakes import stored as at_rest
from tests.support.asked import REVIEWERS, Asked
from tests.support.faults import replaced
from tests.support.world import World

MINUTE = timedelta(minutes=1)
POLICIES = st.fixed_dictionaries(
    {
        "onTimeout": st.sampled_from([OnTimeout.REJECT, OnTimeout.APPROVE, OnTimeout.EXTEND]),
        "timeoutHours": st.integers(1, 168),
        "remindAfterHours": st.lists(st.integers(1, 336), max_size=4),
        "quietHours": st.none() | st.fixed_dictionaries({"start": st.integers(0, 23), "end": st.integers(0, 23)}),
    }
)


def states(asked: Asked) -> tuple[Any, int, int]:
    return asked.approval, len(asked.world.mailer.sent), len(asked.world.engine.heartbeats)


@settings(max_examples=60, deadline=None)
@given(policy=POLICIES)
def test_nothing_is_done_before_its_time_and_each_time_brings_something(policy: dict[str, Any]) -> None:
    world = World()
    asked = Asked(world, reviewers=list(REVIEWERS), **{k: v for k, v in policy.items() if v is not None})
    asked.tend()  # the first look
    for _ in range(12):
        approval = asked.approval
        if approval.status is not ApprovalStatus.PENDING:
            break
        due = approval.due_at
        assert due is not None
        assert due == next_due(approval, world.campaigns.get(approval.key).brief, world.clock.now())
        if due - world.clock.now() > 2 * MINUTE:
            world.clock.advance(due - world.clock.now() - MINUTE)
            before = states(asked)
            asked.tend()
            assert states(asked) == before
        world.clock.advance(due - world.clock.now())
        before = states(asked)
        assert asked.tend(everything=False).due.due >= 1
        assert states(asked) != before
    assert asked.failed == []


def test_what_a_person_changes_is_looked_at_within_the_minute(world: World) -> None:
    asked = Asked(world, secondStage={"reviewers": ["boss@example.com"]})
    asked.tend()
    assert asked.approval.due_at == at_rest(world.clock.now()) + HEARTBEAT_EVERY
    world.approvals.amend(asked.approval.model_copy(update={"stage": 2}), due_at=world.clock.now())
    world.clock.advance(MINUTE)
    asked.tend(everything=False)
    assert world.mailer.sent[-1].to == "boss@example.com"


class Counting:
    """The client of a table that counts what its reads bring."""

    def __init__(self, client: Any) -> None:
        self._client, self.queried, self.got = client, 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        self.queried += answer["ScannedCount"]
        return answer

    def get_item(self, **request: Any) -> Any:
        self.got += 1
        return self._client.get_item(**request)


@pytest.mark.slow
@mock_aws
def test_of_100_000_open_requests_a_tick_reads_the_50_that_are_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding them reads 50 items; each of them costs its own record and its campaign's besides, and no other does."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("dynamodb")
    create_table(client, TABLE)
    now = world.clock.now()
    counting = Counting(client)
    table = DynamoTable(counting, TABLE)
    approvals = TableApprovals(table, world.clock)
    for number in range(50):
        approvals.create(stored(f"01KJQ{number:021d}", dueAt=now - MINUTE, createdAt=now, expiresAt=now + 9 * MINUTE))
    fill(client, now, 100_000 - 50)  # after them: moto copies the whole table for each transaction
    asked = Asked(world)
    world.table.put(keys.campaign(stored().key), world.campaigns.get(asked.approval.key).to_record())
    world.due = TableDue(table)
    counting.queried = counting.got = 0
    report = asked.tend(replaced(asked.world, approvals=approvals), everything=False)
    assert (report.due.due, report.due.failed) == (50, 0)
    assert counting.queried <= 60
    assert counting.got == 50


def fill(client: Any, now: datetime, number: int) -> None:
    """Entries of requests that are due later, straight into moto's own dictionaries: its API takes minutes for them."""
    from moto.dynamodb.models import dynamodb_backends
    from moto.dynamodb.models.dynamo_type import DynamoType, Item

    from lambdas.adapters.table.due_store import fields, place
    from lambdas.adapters.table.items import to_item

    table = dynamodb_backends["123456789012"]["us-east-1"].tables[TABLE]
    for count in range(number):
        key = stored().key._replace(campaign_id=CampaignId(f"01KJR{count:021d}"))
        later = now + timedelta(hours=1, seconds=count % 20_000)
        entry = entry_for(Kind.APPROVAL, key, later, now, CallbackId(f"01KJS{count:021d}"))
        item = to_item(place(entry), fields(entry))
        hash_key, range_key = DynamoType(item["PK"]), DynamoType(item["SK"])
        table.items[hash_key][range_key] = Item(hash_key, range_key, item)
    assert len([shard for shard in table.items if "DUE#" in str(shard)]) == SHARDS
