from itertools import product

import pytest

from lambdas.domain.errors import ConflictError, NotFoundError
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.services.lifecycle import BUILD_ROAD, BUILDING, TERMINAL, advance, has_reached
from tests.support import samples
from tests.support.world import World


@pytest.mark.parametrize(("here", "to"), list(product(CampaignStatus, BUILD_ROAD[1:])))
def test_a_campaign_goes_one_step_forward_or_stays(here: CampaignStatus, to: CampaignStatus) -> None:
    world = World()
    world.queue(status=here)
    before = BUILD_ROAD[BUILD_ROAD.index(to) - 1]
    if here is before:
        assert advance(world.campaigns, samples.KEY, to, came_from=[before], at=world.clock.now()) is to
    elif here in BUILD_ROAD and BUILD_ROAD.index(here) >= BUILD_ROAD.index(to):
        assert advance(world.campaigns, samples.KEY, to, came_from=[before], at=world.clock.now()) is here
    else:
        with pytest.raises(ConflictError) as refused:
            advance(world.campaigns, samples.KEY, to, came_from=[before], at=world.clock.now())
        assert refused.value.details == {"status": here.value}


def test_an_unknown_campaign_is_not_found() -> None:
    world = World()
    with pytest.raises(NotFoundError):
        advance(world.campaigns, samples.KEY, CampaignStatus.PLANNING, came_from=BUILDING, at=world.clock.now())


def test_off_the_road_nothing_is_reached() -> None:
    for status in set(CampaignStatus) - set(BUILD_ROAD):
        assert not any(has_reached(status, milestone) for milestone in BUILD_ROAD)


def test_what_ended_is_not_building() -> None:
    assert not TERMINAL & set(BUILDING)
