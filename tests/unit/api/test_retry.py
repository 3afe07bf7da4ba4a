"""``POST /campaigns/{id}/retry``, and what there is to be read of a campaign's history."""

from pathlib import Path
from typing import Any

import pytest

from lambdas.api import picture
from lambdas.core.effects import Effect, EffectStatus
from lambdas.core.executions import ExecutionState
from lambdas.core.graph.definition import parse
from lambdas.core.graph.model import ExecutionStatus
from lambdas.core.models.approval import ApprovalStatus
from lambdas.core.models.campaign import CampaignStatus, Failure, PostCounts
from lambdas.core.models.post import PostError, PostStatus
from statemachine.picture import framed
from tests.support.api import World
from tests.support.pictures import DRAWING, SMALL
from tests.support.waiting import CAMPAIGN_ID, waiting_campaign

PATH = f"/campaigns/{CAMPAIGN_ID}"


def waiting(world: World) -> Any:
    """A campaign that waits for approval with one of its posts failed, and its execution."""
    found = waiting_campaign(world)
    post = world.posts.page(found.key, 10).items[0]
    reason = PostError(code="X", message="m", retryable=True)
    world.posts.finish(found.key, 0, [post.model_copy(update={"status": PostStatus.FAILED, "error": reason})])
    arn = world.executions.arn_of(CAMPAIGN_ID)
    world.executions.states[arn] = world.executions.states.get(arn) or _running(arn)
    world.campaigns.update(
        found.key,
        expected=tuple(CampaignStatus),
        at=world.clock.now(),
        execution_arn=arn,
        counts=PostCounts(total=3, completed=2, failed=1),
    )
    return found


def _running(arn: str) -> ExecutionState:
    return ExecutionState(arn=arn, status=ExecutionStatus.RUNNING)


def fail(world: World, found: Any, step: str = "AggregateResults") -> None:
    error = Failure(code="TOO_MANY_POSTS_FAILED", message="m", at=world.clock.now(), retryable=False, step=step)
    world.campaigns.update(
        found.key, expected=tuple(CampaignStatus), status=CampaignStatus.FAILED, error=error, at=world.clock.now()
    )
    world.executions.end(world.executions.arn_of(CAMPAIGN_ID), ExecutionStatus.FAILED)


@pytest.mark.parametrize("failed", [True, False])
def test_the_failed_posts_are_written_again_in_a_new_execution(world: World, failed: bool) -> None:
    found = waiting(world)
    if failed:
        fail(world, found)
    reply = world.call("POST", f"{PATH}/retry", {"mode": "failed_posts"})
    assert reply.status == 202, reply.text
    assert reply.json["executionArn"].endswith(f":{CAMPAIGN_ID}-1")
    campaign = world.campaigns.get(found.key)
    assert (campaign.status, campaign.error) == (CampaignStatus.GENERATING, None)
    statuses = [post.status for post in world.posts.page(found.key, 10).items]
    assert PostStatus.FAILED not in statuses
    assert found.stored().status is ApprovalStatus.CLOSED
    assert found.key in world.active.entries
    assert world.executions.stopped == ([] if failed else [world.executions.arn_of(CAMPAIGN_ID)])


def test_from_the_step_that_failed_or_an_earlier_one(world: World) -> None:
    found = waiting(world)
    fail(world, found)
    assert world.call("POST", f"{PATH}/retry", {"mode": "from_step"}).json["status"] == "generating"
    fail(world, found)
    again = world.call("POST", f"{PATH}/retry", {"mode": "from_step", "step": "ValidateCampaign"})
    assert (again.json["status"], again.json["executionArn"][-2:]) == ("queued", "-2")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"mode": "sideways"}, 422),
        ({"mode": "from_step", "step": "CompleteCampaign"}, 422),
        ({"mode": "failed_posts", "step": "PlanPosts"}, 422),
        ({"mode": "failed_posts", "surprise": 1}, 422),
    ],
)
def test_a_body_that_means_nothing_is_refused(world: World, body: dict[str, Any], status: int) -> None:
    found = waiting(world)
    fail(world, found)
    assert world.call("POST", f"{PATH}/retry", body).status == status
    assert world.campaigns.get(found.key).status is CampaignStatus.FAILED


def test_only_once_and_only_by_a_manager_of_the_tenant(world: World) -> None:
    found = waiting(world)
    fail(world, found)
    body = {"mode": "from_step"}
    assert world.call("POST", f"{PATH}/retry", body, role="viewer").status == 403
    assert world.call("POST", f"{PATH}/retry", body, tenant="globex").status == 404
    assert world.call("POST", f"{PATH}/retry", body).status == 202
    assert world.call("POST", f"{PATH}/retry", body).status == 409


def test_the_context_the_history_and_the_picture(world: World) -> None:
    waiting(world)
    context = world.call("GET", f"{PATH}/checkpoints").json
    assert context["status"] == "waiting_callback"
    assert [each["type"] for each in context["activeCallbacks"]] == ["approval"]
    for graph in (
        world.call("GET", f"{PATH}/graph", query={"format": "json"}),
        world.call("GET", f"{PATH}/graph", headers={"Accept": "application/json"}),
    ):
        assert graph.json["workflow"] == "BUILD"
        assert graph.headers["Vary"] == "Accept"
    assert world.call("GET", f"{PATH}/graph", query={"format": "png"}).status == 422
    for what in ("checkpoints", "executions", "graph"):
        assert world.call("GET", f"{PATH}/{what}", tenant="globex").status == 404


def test_the_picture_is_that_of_the_definition_the_execution_runs(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(world)
    world.executions.deployed = SMALL
    monkeypatch.setattr(picture, "PICTURES", tmp_path)
    (tmp_path / f"build-{parse(SMALL).shape}.svg").write_text(framed(DRAWING.read_text(), parse(SMALL), "BUILD", "x"))
    for drawn in (
        world.call("GET", f"{PATH}/graph"),
        world.call("GET", f"{PATH}/graph", query={"format": "svg"}, headers={"Accept": "application/json"}),
        world.call("GET", f"{PATH}/graph", headers={"Accept": "image/svg+xml,image/*"}),
    ):
        assert (drawn.status, drawn.headers["Content-Type"], drawn.text[:4]) == (200, "image/svg+xml", "<svg")
        assert drawn.headers["Vary"] == "Accept"
        assert "Spring" in drawn.text


def test_a_definition_without_a_picture_is_told_in_words(world: World) -> None:
    waiting(world)
    plain = world.call("GET", f"{PATH}/graph", headers={"Accept": "text/html,*/*"})
    assert (plain.status, plain.headers["Content-Type"]) == (200, "application/json")
    assert [node["name"] for node in plain.json["nodes"]] == ["Done"]
    for refused in (
        world.call("GET", f"{PATH}/graph", query={"format": "svg"}),
        world.call("GET", f"{PATH}/graph", headers={"Accept": "image/svg+xml"}),
    ):
        assert (refused.status, refused.json["type"].rsplit(":", 1)[1]) == (406, "not-acceptable")
        assert plain.json["shape"] in refused.json["detail"]
        assert "format=json" in refused.json["detail"]


def test_what_could_not_be_undone_is_shown_to_whoever_has_to_see_to_it(world: World) -> None:
    found = waiting(world)
    for name, status in (("one", EffectStatus.UNDONE), ("other", EffectStatus.NOT_UNDONE)):
        effect = Effect(
            kind="manifest",
            name=name,
            target={"bucket": "b", "key": name},
            step="PlanPosts",
            execution_arn=world.executions.arn_of(CAMPAIGN_ID),
            recorded_at=world.clock.now(),
            status=status,
            undo_attempts=7,
            error="AccessDenied: no",
        )
        world.effects.put(found.key, effect)
    assert world.call("GET", PATH).json.get("notUndone", []) == []
    fail(world, found)
    (left,) = world.call("GET", PATH).json["notUndone"]
    assert left == {
        "kind": "manifest",
        "name": "other",
        "target": {"bucket": "b", "key": "other"},
        "step": "PlanPosts",
        "undoAttempts": 7,
        "error": "AccessDenied: no",
    }
