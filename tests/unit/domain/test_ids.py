import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from ulid import ULID

from lambdas.domain.ids import CampaignId, CampaignIdField, CorrelationIdField, PostIdField, TenantIdField, post_id_for
from lambdas.domain.models.schedule import MAX_POSTS

CAMPAIGN = CampaignId("01J9ZQ4X5N8M2K7T3V6W9Y1B4D")
LAST = (1 << 24) - 1
CAMPAIGNS = st.binary(min_size=16, max_size=16).map(lambda raw: CampaignId(str(ULID(raw))))


def test_the_same_post_has_the_same_id_today_and_tomorrow() -> None:
    assert post_id_for(CAMPAIGN, 0) == post_id_for(CAMPAIGN, 0)
    # Written down: a change of the scheme would give the posts of running campaigns new ids.
    assert post_id_for(CAMPAIGN, 41) == "01J9ZQ4X5NCJZK5RFQD2J00019"


def test_ids_of_a_full_campaign_differ_and_sort_in_plan_order() -> None:
    ids = [post_id_for(CAMPAIGN, index) for index in range(MAX_POSTS)]
    assert len(set(ids)) == MAX_POSTS
    assert sorted(ids) == ids


@pytest.mark.parametrize("index", [-1, LAST + 1])
def test_an_index_out_of_range(index: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 16777215"):
        post_id_for(CAMPAIGN, index)


@settings(max_examples=200)
@given(CAMPAIGNS, CAMPAIGNS, st.integers(0, LAST), st.integers(0, LAST))
def test_any_post_id_is_a_ulid_of_its_campaigns_time(
    campaign: CampaignId, other: CampaignId, first: int, second: int
) -> None:
    post = post_id_for(campaign, first)
    assert TypeAdapter(PostIdField).validate_python(post) == post
    assert ULID.from_str(post).milliseconds == ULID.from_str(campaign).milliseconds
    assert (post < post_id_for(campaign, second)) is (first < second)
    assert (post == post_id_for(other, second)) is ((campaign, first) == (other, second))


@pytest.mark.parametrize("tenant", ["acme", "a", "a-1", "a" * 63])
def test_tenants(tenant: str) -> None:
    assert TypeAdapter(TenantIdField).validate_python(tenant) == tenant


@pytest.mark.parametrize("tenant", ["", "Acme", "-a", "a-", "a" * 64, "a#b", "a b", "a\n", "ä"])
def test_what_is_no_tenant(tenant: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(TenantIdField).validate_python(tenant)


@pytest.mark.parametrize(
    "campaign", ["", CAMPAIGN.lower(), CAMPAIGN[:-1], "8" + CAMPAIGN[1:], CAMPAIGN[:-1] + "U", CAMPAIGN + "\n"]
)
def test_what_is_no_ulid(campaign: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CampaignIdField).validate_python(campaign)


@pytest.mark.parametrize("value", ["", "a" * 129, "a b", "a\r\nX-Injected: 1", "ä"])
def test_what_is_no_correlation_id(value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CorrelationIdField).validate_python(value)


def test_a_trace_header_is_a_correlation_id() -> None:
    value = "Root=1-67891233-abcdef012345678912345678;Sampled=1"
    assert TypeAdapter(CorrelationIdField).validate_python(value) == value
