"""What ``ApprovalStore`` promises, on a table in memory, and for many at once in the emulator."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from lambdas.adapters.table import keys
from lambdas.adapters.table.due_store import TableDue
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.domain.due_entry import SHARDS, Kind
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import ApprovalStatus, ClosedBecause, Editing, MailState, Vote
from lambdas.ports.stores import ApprovalStore
from lambdas.ports.table import ItemKey, Table, Update
from tests.contract.samples import CALLBACK, GLOBEX, KEY, NOW, approval, decision
from tests.fakes import MemoryTable
from tests.support.world import entries_of

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


@pytest.fixture
def table() -> MemoryTable:
    return MemoryTable()


@pytest.fixture
def store(table: MemoryTable) -> ApprovalStore:
    return TableApprovals(table)


@pytest.fixture
def shared(shared_table: Table) -> ApprovalStore:
    return TableApprovals(shared_table)


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


def test_a_request_from_before_there_were_versions_can_be_amended(store: ApprovalStore, table: MemoryTable) -> None:
    """Its record has none of the newer fields."""
    store.create(approval())
    newer = ("version", "votes", "stage", "quorum", "round", "reminders", "extended")
    # As an older release wrote it.
    table.update_if(Update(keys.approval(KEY, CALLBACK), {}, remove=newer))
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


LATER = NOW + timedelta(hours=6)


def entries(table: Table) -> list[tuple[str, datetime]]:
    """What the due index says, by the time it is due."""
    return [(entry.item, entry.due_at) for entry in entries_of(TableDue(table), Kind.APPROVAL)]


def test_a_request_has_its_entry_in_the_due_index(store: ApprovalStore, table: MemoryTable) -> None:
    assert store.create(approval(dueAt=NOW)) is True
    assert store.create(approval(dueAt=NOW)) is False
    assert entries(table) == [(CALLBACK, NOW)]
    amended = store.amend(store.get(KEY, CALLBACK), due_at=LATER)
    assert store.get(KEY, CALLBACK).due_at == amended.due_at == LATER
    # The old one disagrees with its record now, and whoever finds it drops it.
    assert entries(table) == [(CALLBACK, NOW), (CALLBACK, LATER)]
    assert store.amend(amended.model_copy(update={"reminders": 1})).due_at == LATER


def test_an_entry_comes_before_its_record(store: ApprovalStore, table: MemoryTable) -> None:
    store.create(approval(dueAt=NOW))
    with pytest.raises(ConcurrentUpdateError):
        store.amend(approval(version=9), due_at=LATER)
    assert (CALLBACK, LATER) in entries(table)
    assert store.get(KEY, CALLBACK).due_at == NOW


def test_a_closed_request_is_taken_up_again_only_by_who_knows_that_it_is(store: ApprovalStore) -> None:
    store.create(approval())
    store.close(KEY, CALLBACK)
    closed = store.get(KEY, CALLBACK)
    reopened = closed.model_copy(update={"status": ApprovalStatus.PENDING, "closed_because": None})
    with pytest.raises(ConcurrentUpdateError):
        store.amend(reopened)
    assert store.amend(reopened, was=ApprovalStatus.CLOSED).status is ApprovalStatus.PENDING
    assert store.get(KEY, CALLBACK).closed_because is None


def vote(posts: int, length: int, **changes: Any) -> Vote:
    said = [
        {"postId": post_id_for(KEY.campaign_id, n), "verdict": "change", "comment": f"{n}: " + "ä" * length}
        for n in range(posts)
    ]
    fields = {"email": "ann@example.com", "decision": "needs_revision", "comments": "Größe", "posts": said, "at": NOW}
    return Vote.model_validate(fields | changes)


@pytest.mark.parametrize(("posts", "length"), [(0, 0), (1, 5), (260, 1_990), (10_000, 20)])
def test_what_was_said_is_kept_beside_the_request_whatever_its_size(
    store: ApprovalStore, posts: int, length: int
) -> None:
    """Up to a megabyte by one reviewer, of which an item of the table holds 400 KB."""
    store.create(approval())
    said = vote(posts, length)
    kept = store.keep_words(approval(), said)
    assert (kept.comments, kept.posts) == ("", ())
    amended = store.amend(approval().model_copy(update={"votes": (kept,)}))
    assert store.votes(amended) == (said.model_copy(update={"words": kept.words}),)
    assert len(json.dumps(store.get(KEY, CALLBACK).to_record())) < 2_000
    # Nothing of it is taken for another request.
    assert [one.callback_id for one in store.all(KEY)] == [CALLBACK]


def test_words_of_a_vote_that_did_not_count_are_forgotten(store: ApprovalStore) -> None:
    store.create(approval())
    first, second = store.keep_words(approval(), vote(300, 1_500)), store.keep_words(approval(), vote(1, 5))
    assert first.words != second.words
    store.forget_words(approval(), first)
    both = store.amend(approval().model_copy(update={"votes": (first, second)}))
    assert [len(said.posts) for said in store.votes(both)] == [0, 1]


def test_a_vote_without_words_costs_no_item_and_old_votes_have_theirs_inside(store: ApprovalStore) -> None:
    silent = vote(0, 0, comments="", decision="approved")
    assert store.keep_words(approval(), silent) == silent
    old = vote(2, 5)
    store.create(approval(votes=[old.to_record()]))
    assert store.votes(store.get(KEY, CALLBACK)) == (old,)


def test_requests_of_older_versions_are_adopted(store: ApprovalStore, table: MemoryTable) -> None:
    """They lie in lists of their own, and executions that were started before go on writing there for weeks."""
    table.put(keys.approval(KEY, CALLBACK), approval().to_record())
    note = {"tenantId": KEY.tenant_id, "campaignId": KEY.campaign_id, "callbackId": CALLBACK}
    shard = ord(CALLBACK[-1]) % keys.OPEN_APPROVALS_SHARDS
    table.put(ItemKey(keys.open_approvals_partition(shard), CALLBACK), note)
    assert sum(store.adopt(shard) for shard in range(SHARDS)) == 1
    ((item, due_at),) = entries(table)
    assert item == CALLBACK
    assert due_at <= datetime.now(UTC)
    assert sum(store.adopt(shard) for shard in range(SHARDS)) == 0


def fields_of(record: Any) -> set[str]:
    """Names of the fields at every level."""
    if isinstance(record, list):
        return {name for member in record for name in fields_of(member)}
    if not isinstance(record, dict):
        return set()
    return set(record) | {name for value in record.values() for name in fields_of(value)}


def test_a_request_that_an_execution_of_before_waits_for_has_no_field_that_fails_it(
    store: ApprovalStore, table: MemoryTable
) -> None:
    """Its CompleteCampaign refuses unknown fields; the reviewers' page, the managers and the sweep are of today."""
    known = fields_of(json.loads((GOLDEN / "0.2" / "approval.json").read_text()))
    older = approval(layout=0)
    store.create(older)
    reviewer = older.reviewers[0].model_copy(update={"mail": MailState.SENT, "revoked": True, "invited_at": NOW})
    said = store.keep_words(older, vote(3, 100))
    made = decision().model_copy(update={"posts": said.posts})
    counts = said.model_copy(update={"content_hash": older.content_hash})
    votes = (counts, vote(1, 5, email="of-before@example.com", contentHash="what was shown before an edit"))
    changes = {"reviewers": (reviewer,), "votes": votes, "status": ApprovalStatus.DECIDED, "decision": made}
    store.amend(older.model_copy(update=changes), due_at=NOW)
    stored = table.get(keys.approval(KEY, CALLBACK))
    assert fields_of(stored) <= known
    assert store.votes(store.get(KEY, CALLBACK)) == (vote(3, 100),)


def test_an_older_request_keeps_its_marks_beside_it(store: ApprovalStore, table: MemoryTable) -> None:
    """An edit under way, a reminder that is owed, and a mail that is tried again later."""
    store.create(approval(layout=0))
    older = store.get(KEY, CALLBACK)
    marks = {"owed": "reminder", "mail": MailState.NOT_ACCEPTED, "mail_tries": 3, "mail_after": NOW}
    edit = Editing(edit_id="e1", since=NOW)
    changed = older.with_reviewer("ann@example.com", **marks).model_copy(update={"editing": (edit,)})
    amended = store.amend(changed)
    assert store.get(KEY, CALLBACK) == store.all(KEY)[0] == amended
    with pytest.raises(ConcurrentUpdateError):
        store.amend(older.model_copy(update={"editing": ()}))
    assert store.get(KEY, CALLBACK).editing == (edit,)
    # Its own execution replaces the record, of which it knows the version only.
    place = keys.approval(KEY, CALLBACK)
    table.put(place, {**(table.get(place) or {}), "version": 7})
    (reviewer,) = store.get(KEY, CALLBACK).reviewers
    assert (store.get(KEY, CALLBACK).editing, reviewer.owed, reviewer.mail) == ((edit,), None, None)


def test_an_older_request_holds_what_was_said_itself(store: ApprovalStore) -> None:
    """More than a newer one would: its RevisePosts looks nowhere else."""
    older = approval(layout=0)
    assert store.keep_words(older, vote(150, 1_900)) == vote(150, 1_900)
