"""A tenant's last campaigns: which are kept, how much of each, and that order and repeats change nothing."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.ids import CampaignId
from lambdas.domain.models.recent import CAMPAIGNS, MAX_TEXTS, RecentCampaigns
from tests.contract.samples import ACME, numbered

NONE = RecentCampaigns()
NEXT = numbered(ACME, 9_999).campaign_id


def campaign(number: int) -> CampaignId:
    return numbered(ACME, number).campaign_id


def said(number: int, texts: int = 2) -> tuple[CampaignId, list[str]]:
    return campaign(number), [f"{number}/{index}" for index in range(texts)]


def after(*added: tuple[CampaignId, list[str]]) -> RecentCampaigns:
    recent = NONE
    for campaign_id, texts in added:
        recent = recent.added(campaign_id, texts)
    return recent


def test_the_last_three_campaigns_newest_first() -> None:
    recent = after(*(said(number) for number in range(1, 6)))
    assert recent.texts_for(NEXT) == [f"{number}/{index}" for number in (5, 4, 3) for index in (0, 1)]


def test_a_campaign_that_comes_again_is_replaced_and_not_doubled() -> None:
    recent = after(said(1), said(2), said(1, texts=3))
    assert recent.texts_for(NEXT) == ["2/0", "2/1", "1/0", "1/1", "1/2"]


def test_an_old_campaign_that_comes_late_puts_no_newer_one_out() -> None:
    recent = after(said(2), said(3), said(4))
    assert recent.added(*said(1)) == recent


def test_a_campaign_without_a_text_takes_nobodys_place() -> None:
    assert after(said(1), (campaign(2), [])) == after(said(1))


def test_a_campaign_is_not_compared_with_itself() -> None:
    assert after(said(1), said(2)).texts_for(campaign(2)) == ["1/0", "1/1"]


@pytest.mark.parametrize(("campaigns", "texts"), [(0, 0), (1, 200), (2, 200), (3, 198), (30, 198)])
def test_they_share_what_there_is_room_for(campaigns: int, texts: int) -> None:
    found = after(*(said(number, texts=250) for number in range(campaigns))).texts_for(NEXT)
    assert len(found) == texts
    assert {text.partition("/")[2] for text in found} == {
        str(index) for index in range(texts // 3 or 1)
    } or campaigns < 3


def test_what_a_newer_version_wrote_stays_with_it() -> None:
    record = after(said(1)).to_record()
    record["later"], record["campaigns"][0]["tone"] = True, "warm"
    kept = RecentCampaigns.from_record(record).added(*said(2)).to_record()
    assert (kept["later"], kept["campaigns"][1]["tone"]) == (True, "warm")


sizes = st.dictionaries(st.integers(1, 9), st.integers(1, 2 * MAX_TEXTS), min_size=1, max_size=5)


@given(sizes)
def test_order_and_repeats_change_nothing(posts: dict[int, int]) -> None:
    """Two campaigns that are approved at the same moment come in any order, and each may come twice."""
    every = [said(number, texts) for number, texts in posts.items()]
    expected = after(*every)
    assert all(after(*order, order[0]) == expected for order in permutations(every))
    assert len(expected.campaigns) == min(CAMPAIGNS, len(posts))
    assert len(expected.texts_for(NEXT)) <= MAX_TEXTS
