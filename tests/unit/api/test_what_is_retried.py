"""What ``POST /campaigns/{id}/retry`` tries again, and with which brand (ADR 69)."""

import json
import re
from typing import Any

import pytest

from lambdas.domain.models.brand import Configuration
from lambdas.domain.models.campaign import CampaignBrief, CampaignStatus, PostCounts
from lambdas.domain.models.post import PostError, PostStatus
from lambdas.services import alerts
from lambdas.services.validation import resolve_configuration
from tests.support.api import ACME, World, brief
from tests.support.waiting import waiting_campaign
from tests.unit.api.test_retry import PATH, fail, waiting


def configuration(world: World) -> Configuration:
    told = CampaignBrief.from_wire(brief())
    return resolve_configuration(ACME, told, world.catalog, world.clock.now())


def test_brand_and_personas_are_read_again_from_the_steps_that_keep_them(world: World) -> None:
    """A brand that broke its own rules was mended: what it was is not kept for ever (ADR 69)."""
    found = waiting(world)
    kept = configuration(world)
    now, every_status = world.clock.now(), tuple(CampaignStatus)
    for step in ("ValidateCampaign", "SaveCampaign", "PlanPosts"):
        world.campaigns.update(found.key, expected=every_status, configuration=kept, at=now)
        (post, *others) = world.posts.page(found.key, 10).items
        reason = PostError(code="BRAND_RULE_BROKEN", message="m", retryable=False)
        world.posts.finish(found.key, 0, [post.model_copy(update={"status": PostStatus.FAILED, "error": reason})])
        fail(world, found)
        assert world.call("POST", f"{PATH}/retry", {"mode": "from_step", "step": step}).status == 202
        anew = step != "PlanPosts"
        assert world.campaigns.get(found.key).is_configured is not anew
        (post, *same) = world.posts.page(found.key, 10).items
        assert post.status is (PostStatus.PLANNED if anew else PostStatus.FAILED)
        assert same == others


def test_what_was_approved_keeps_its_brand(world: World) -> None:
    found = waiting(world)
    kept = configuration(world)
    world.campaigns.update(
        found.key,
        expected=tuple(CampaignStatus),
        at=world.clock.now(),
        approved_content_hash="f" * 64,
        configuration=kept,
    )
    fail(world, found)
    assert world.call("POST", f"{PATH}/retry", {"mode": "from_step", "step": "SaveCampaign"}).status == 202
    assert world.campaigns.get(found.key).is_configured


@pytest.mark.parametrize("code", [*alerts._ADVICE, "AccessDenied", "THROTTLED"])
def test_what_the_next_step_says_can_be_done_as_it_is_written(world: World, code: str) -> None:
    found = waiting(world)
    fail(world, found)
    campaign = world.campaigns.get(found.key)
    assert campaign.error
    failure = campaign.error.model_copy(update={"code": code, "retryable": code == "THROTTLED"})
    advice = str(alerts.advised(failure, campaign).next_step)
    requests = re.findall(rf"POST {PATH}/retry( \{{.*?\}})?", advice)
    assert requests or code in ("STATE_TOO_LARGE", "REVIEWER_UNREACHABLE", "NO_REVIEWER_LEFT", "APPROVALS_NOT_TENDED")
    for body in requests:
        fail(world, found)
        reply = world.call("POST", f"{PATH}/retry", json.loads(body))
        assert reply.status == 202, (advice, reply.text)


@pytest.mark.parametrize("body", [None, {}])
@pytest.mark.parametrize(
    ("planned", "step", "status"),
    [(False, "SaveCampaign", "queued"), (False, None, "queued"), (True, "CompleteCampaign", "generating")],
)
def test_without_a_body_it_is_what_failed(
    world: World, body: Any, planned: bool, step: str | None, status: str
) -> None:
    found = waiting(world)
    if not planned:
        world.campaigns.update(
            found.key, expected=tuple(CampaignStatus), at=world.clock.now(), counts=PostCounts(total=0)
        )
        world.posts.reopen(found.key, 0, world.posts.page(found.key, 1).items)
    fail(world, found, step)
    reply = world.call("POST", f"{PATH}/retry", body)
    assert (reply.status, reply.json.get("status")) == (202, status)


def test_a_step_is_enough(world: World) -> None:
    fail(world, waiting(world))
    assert world.call("POST", f"{PATH}/retry", {"step": "ValidateCampaign"}).json["status"] == "queued"


@pytest.mark.parametrize("body", [None, {"mode": "failed_posts"}])
def test_a_question_is_not_withdrawn_for_nothing(world: World, body: Any) -> None:
    found = waiting_campaign(world)
    reply = world.call("POST", f"{PATH}/retry", body)
    assert (reply.status, reply.json["detail"]) == (409, "no post failed")
    assert found.stored() == found.approval


def test_a_retry_that_died_half_way_can_be_sent_again(world: World) -> None:
    """It had opened the failed posts: none is failed any more, and one is unwritten."""
    found = waiting(world)
    world.posts.reopen(found.key, 0, world.posts.page(found.key, 1).items)
    assert world.call("POST", f"{PATH}/retry", {"mode": "failed_posts"}).status == 202
