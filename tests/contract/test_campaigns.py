"""What ``CampaignStore`` promises, on a table in memory and on DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from lambdas.adapters.table import keys
from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.due_store import TableDue
from lambdas.domain.due_entry import Kind
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, InvalidInputError, NotFoundError
from lambdas.domain.ids import BrandId, PersonaId
from lambdas.domain.models.active import SOON
from lambdas.domain.models.brand import Brand, Configuration, Persona
from lambdas.domain.models.campaign import CampaignStatus, Failure, PostCounts
from lambdas.ports.stores import CampaignStore, IdempotencyRecord
from lambdas.ports.table import Table
from tests.contract.samples import ACME, GLOBEX, KEY, NOW, brand_config, campaign, numbered, persona_config
from tests.fakes import MemoryTable
from tests.support.world import entries_of

if TYPE_CHECKING:
    pass

QUEUED, PLANNING = CampaignStatus.QUEUED, CampaignStatus.PLANNING


def configured(brand: str) -> Configuration:
    return Configuration(
        brand=Brand(brand_id=BrandId("kettles"), version=3, **dict(brand_config(name=brand))),
        personas=(Persona(persona_id=PersonaId("ann"), version=1, **dict(persona_config())),),
    )


@pytest.fixture
def store(table: Table) -> CampaignStore:
    return TableCampaigns(table)


@pytest.fixture
def shared(shared_table: Table) -> CampaignStore:
    return TableCampaigns(shared_table)


def test_reads_back_what_was_created(store: CampaignStore) -> None:
    store.create(campaign())
    assert store.get(KEY) == campaign()


def test_a_campaign_of_another_tenant_is_not_found(store: CampaignStore) -> None:
    store.create(campaign())
    with pytest.raises(NotFoundError):
        store.get(KEY._replace(tenant_id=GLOBEX))


def test_a_change_of_a_replaced_execution_is_refused(store: CampaignStore) -> None:
    store.create(campaign())
    store.update(KEY, expected=[QUEUED], execution_arn="arn:first", at=NOW)
    store.update(KEY, expected=[QUEUED], of_execution="arn:first", execution_arn="arn:second", at=NOW)
    before = store.get(KEY)
    with pytest.raises(ConcurrentUpdateError):
        store.update(KEY, expected=[QUEUED], of_execution="arn:first", status=PLANNING, at=NOW)
    assert store.get(KEY) == before
    assert store.update(KEY, expected=[QUEUED], of_execution="arn:second", status=PLANNING, at=NOW).status is PLANNING


FIRST = f"arn:aws:states:us-east-1:000000000000:execution:build:{KEY.campaign_id}"


def test_a_record_that_names_no_execution_means_the_first(store: CampaignStore) -> None:
    store.create(campaign())
    with pytest.raises(ConcurrentUpdateError):
        store.update(KEY, expected=[QUEUED], of_execution=f"{FIRST}-1", status=PLANNING, at=NOW)
    store.update(KEY, expected=[QUEUED], of_execution=FIRST, execution_arn=f"{FIRST}-1", at=NOW)
    with pytest.raises(ConcurrentUpdateError):
        store.update(KEY, expected=[QUEUED], of_execution=FIRST, execution_arn=FIRST, at=NOW)


def test_a_new_campaign_is_to_be_looked_at_soon(store: CampaignStore, table: Table) -> None:
    store.create(campaign())
    found = entries_of(TableDue(table), Kind.CAMPAIGN)
    assert [(entry.key, entry.at) for entry in found] == [(KEY, campaign().created_at + SOON)]


def test_an_id_is_taken_once(store: CampaignStore) -> None:
    store.create(campaign())
    with pytest.raises(ConflictError) as refused:
        store.create(campaign(createdBy="other"), IdempotencyRecord("key", "hash", KEY.campaign_id))
    assert refused.value.details == {"taken": "id"}
    assert store.get(KEY).created_by == "manager@acme.example"
    assert store.find_idempotent(ACME, "key") is None


def test_an_id_belongs_to_one_tenant(store: CampaignStore) -> None:
    """Executions are named by the id alone: a second tenant with the same id would be given the first one's."""
    theirs = KEY._replace(tenant_id=GLOBEX)
    store.create(campaign())
    with pytest.raises(ConflictError) as refused:
        store.create(campaign(theirs), IdempotencyRecord("key", "hash", KEY.campaign_id))
    assert refused.value.details == {"taken": "id"}
    assert store.find_idempotent(GLOBEX, "key") is None
    with pytest.raises(NotFoundError):
        store.get(theirs)


def test_a_key_remembered_later_stands_for_what_it_stood_for_first(store: CampaignStore) -> None:
    first = IdempotencyRecord("key", "hash", KEY.campaign_id)
    store.remember(ACME, first, NOW)
    store.remember(ACME, first._replace(body_hash="other"), NOW)
    assert store.find_idempotent(ACME, "key") == first


def test_an_idempotency_key_is_taken_once_per_tenant(store: CampaignStore) -> None:
    first, second, other = numbered(ACME, 1), numbered(ACME, 2), numbered(GLOBEX, 3)
    store.create(campaign(first), IdempotencyRecord("my key", "hash", first.campaign_id))
    with pytest.raises(ConflictError) as refused:
        store.create(campaign(second), IdempotencyRecord("my key", "other", second.campaign_id))
    store.create(campaign(other), IdempotencyRecord("my key", "third", other.campaign_id))

    assert refused.value.details == {"taken": "idempotencyKey"}
    assert store.find_idempotent(ACME, "my key") == IdempotencyRecord("my key", "hash", first.campaign_id)
    assert store.find_idempotent(ACME, "another") is None
    with pytest.raises(NotFoundError):
        store.get(second)
    assert [listed.campaign_id for listed in store.page(ACME, 10).items] == [first.campaign_id]


def test_lists_newest_first_page_by_page(store: CampaignStore) -> None:
    created = [numbered(ACME, number) for number in range(5)]
    for key in [*created, numbered(GLOBEX, 9)]:
        store.create(campaign(key))

    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        items, cursor = store.page(ACME, 2, cursor)
        seen += [item.campaign_id for item in items]
        pages += 1

    assert seen == [key.campaign_id for key in reversed(created)]
    assert pages == 3


def test_a_full_last_page_has_no_cursor(store: CampaignStore) -> None:
    for number in range(2):
        store.create(campaign(numbered(ACME, number)))
    assert store.page(ACME, 2).next_cursor is None
    assert store.page(GLOBEX, 2) == ([], None)


def test_the_list_shows_the_status_of_now(store: CampaignStore) -> None:
    store.create(campaign())
    store.update(KEY, expected=[QUEUED], at=NOW, status=PLANNING)
    assert [item.status for item in store.page(ACME, 10).items] == [PLANNING]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "AAAA", "TENANT#globex", "é", "A" * 22 + "?"])
def test_refuses_a_cursor_that_is_not_ours(store: CampaignStore, cursor: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        store.page(ACME, 2, cursor)
    assert [error.field for error in refused.value.errors] == ["cursor"]


def test_update_changes_the_named_fields_only(store: CampaignStore) -> None:
    store.create(campaign())
    configuration = configured("Kettles")
    failure = Failure(code="X", message="m", at=NOW, retryable=False)
    at = NOW + timedelta(minutes=1)

    assert store.update(KEY, expected=[QUEUED], at=at, execution_arn="arn:1").status is QUEUED
    store.update(KEY, expected=[QUEUED], at=at, status=PLANNING, configuration=configuration)
    answer = store.update(KEY, expected=[QUEUED, PLANNING], at=at, counts=PostCounts(total=4, planned=4), error=failure)

    expected = campaign(
        status=PLANNING,
        updatedAt=at,
        executionArn="arn:1",
        configuredAt=at,
        counts=PostCounts(total=4, planned=4),
        error=failure,
    )
    assert answer == store.get(KEY) == expected
    assert store.get_configured(KEY) == expected.model_copy(update={"configuration": configuration})


def test_a_configuration_is_kept_only_with_the_move_that_brings_it(store: CampaignStore) -> None:
    store.create(campaign())
    assert store.get_configured(KEY) == campaign()
    kept, other = configured("Kettles"), configured("Pots")
    store.update(KEY, expected=[QUEUED], at=NOW, status=PLANNING, configuration=kept)
    with pytest.raises(ConflictError):  # a step that was overtaken
        store.update(KEY, expected=[QUEUED], at=NOW, status=PLANNING, configuration=other)
    found = store.get_configured(KEY)
    assert (found.configuration, found.is_configured) == (kept, True)
    assert store.page(ACME, 1).items == [store.get(KEY)]
    with pytest.raises(NotFoundError):
        store.get_configured(KEY._replace(tenant_id=GLOBEX))


def test_a_record_that_has_its_configuration_in_it_is_read_as_ever(store: CampaignStore) -> None:
    """As version 0.3 and older stored it."""
    old = campaign(configuration=configured("Kettles"))
    store.create(old)
    assert store.get_configured(KEY) == store.get(KEY) == old
    assert old.is_configured


@pytest.mark.parametrize("inside", [False, True])
def test_a_configuration_that_is_taken_away_is_read_anew(store: CampaignStore, inside: bool) -> None:
    """With the move of a retry; ``inside``: of a record as version 0.3 stored it."""
    old, new = configured("Kettles"), configured("Pots")
    store.create(campaign(configuration=old) if inside else campaign())
    if not inside:
        store.update(KEY, expected=[QUEUED], at=NOW, configuration=old)
    assert store.get(KEY).is_configured
    store.update(KEY, expected=[QUEUED], at=NOW, status=QUEUED, configuration=None)
    assert not store.get(KEY).is_configured
    store.update(KEY, expected=[QUEUED], at=NOW, status=PLANNING, configuration=new)
    assert (store.get(KEY).is_configured, store.get_configured(KEY).configuration) == (True, new)


def test_update_names_the_status_that_was_in_the_way(store: CampaignStore) -> None:
    store.create(campaign())
    with pytest.raises(ConflictError) as refused:
        store.update(KEY, expected=[PLANNING, CampaignStatus.GENERATING], at=NOW, status=CampaignStatus.FAILED)
    assert refused.value.details == {"status": "queued"}
    assert store.get(KEY) == campaign()


def test_update_of_nothing_is_not_found_and_makes_nothing(store: CampaignStore) -> None:
    with pytest.raises(NotFoundError):
        store.update(KEY, expected=[QUEUED], at=NOW, status=PLANNING)
    with pytest.raises(NotFoundError):
        store.get(KEY)


def test_of_many_who_move_a_campaign_on_one_succeeds(shared: CampaignStore) -> None:
    shared.create(campaign())

    def move(_: int) -> bool:
        try:
            shared.update(KEY, expected=[QUEUED], at=NOW, status=PLANNING)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(move, range(20))) == 1


def test_what_is_erased_is_gone_but_for_the_record_and_then_that_too(store: CampaignStore, table: Table) -> None:
    if not isinstance(table, MemoryTable):
        pytest.skip("moto's PartiQL takes no parameters in a DELETE; test_table.py has it on the emulator")
    store.create(campaign(), IdempotencyRecord("once", "hash", KEY.campaign_id))
    for number in range(5):
        table.put(keys.batch(KEY, number), {"batchId": number})
    assert not store.erase(KEY, 3)
    assert store.get(KEY) == campaign()
    assert store.erase(KEY, 3)
    assert [place.sk for place in table.keys(keys.campaign_partition(KEY), 10)] == ["CAMPAIGN"]
    store.forget(KEY)  # of a campaign that is not being deleted, the record stays
    store.update(KEY, expected=[QUEUED], status=CampaignStatus.DELETING, removed_from=NOW, at=NOW)
    for _ in range(2):
        store.forget(KEY)
    with pytest.raises(NotFoundError):
        store.get(KEY)
    assert store.page(ACME, 10) == ([], None)
    with pytest.raises(ConflictError):
        store.create(campaign())
    assert store.find_idempotent(ACME, "once") is not None


def test_an_idempotency_record_expires_in_a_month(store: CampaignStore, table: Table) -> None:
    store.create(campaign(), IdempotencyRecord("with it", "hash", KEY.campaign_id))
    store.remember(ACME, IdempotencyRecord("later", "hash", KEY.campaign_id), NOW)
    for name in ("with it", "later"):
        found = table.get(keys.idempotency(ACME, name)) or {}
        assert found[keys.EXPIRES_AT] == int((NOW + timedelta(days=30)).timestamp())
