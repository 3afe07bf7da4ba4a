"""``POST /campaigns/{id}/retry``, and what there is to be read of a campaign's history."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lambdas.api import picture
from lambdas.domain.batch_lease import WRITER_LIVES
from lambdas.domain.errors import ThrottledError
from lambdas.domain.graph.definition import parse
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import SOON, active
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Failure, PostCounts
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.post import Claim, PostError, PostStatus
from lambdas.domain.models.workflow import BuildInput, ExecutionStatus
from lambdas.ops.mending import look_after
from lambdas.ports.engine import ExecutionState
from statemachine.picture import framed
from tests.fakes import stored
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
    arn = world.engine.arn_of(CAMPAIGN_ID)
    world.engine.states[arn] = world.engine.states.get(arn) or _running(arn)
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


def fail(world: World, found: Any, step: str | None = "AggregateResults") -> None:
    error = Failure(code="TOO_MANY_POSTS_FAILED", message="m", at=world.clock.now(), retryable=False, step=step)
    world.campaigns.update(
        found.key, expected=tuple(CampaignStatus), status=CampaignStatus.FAILED, error=error, at=world.clock.now()
    )
    world.engine.end(world.engine.arn_of(CAMPAIGN_ID), ExecutionStatus.FAILED)


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
    assert world.active.get(found.key)
    assert world.engine.stopped == ([] if failed else [world.engine.arn_of(CAMPAIGN_ID)])


def test_the_next_executions_name_is_on_the_record_before_it_is_started(world: World) -> None:
    """In the write that moves the status: whoever comes in between names the same execution, or finds it named."""
    found = waiting(world)
    fail(world, found)
    seen: list[tuple[CampaignStatus, str | None]] = []
    start = world.engine.start

    def started(event: BuildInput, name: str) -> str:
        campaign = world.campaigns.get(found.key)
        seen.append((campaign.status, campaign.execution_arn))
        return start(event, name)

    world.engine.start = started  # type: ignore[method-assign]  # looks first
    assert world.call("POST", f"{PATH}/retry", {"mode": "failed_posts"}).status == 202
    assert seen == [(CampaignStatus.GENERATING, world.engine.arn_of(f"{CAMPAIGN_ID}-1"))]


def test_a_retry_that_dies_before_the_execution_is_started_is_finished_by_the_reconciler(world: World) -> None:
    found = waiting(world)
    fail(world, found)

    def dies(event: BuildInput, name: str) -> str:
        raise ThrottledError(f"{name} of {event.campaign_id} was not started")

    start, world.engine.start = world.engine.start, dies  # type: ignore[method-assign]  # the engine is busy
    assert world.call("POST", f"{PATH}/retry", {"mode": "from_step"}).status == 503
    assert world.call("POST", f"{PATH}/retry", {"mode": "from_step"}).status == 409
    world.engine.start = start  # type: ignore[method-assign]  # and then it is not
    entry = world.active.get(found.key)
    assert entry
    assert entry.due_at
    world.clock.advance(SOON)
    assert world.clock.now() >= entry.due_at
    finding = look_after(entry, world, suspect=False)
    assert finding == "not_started"
    (first, second) = world.engine.states
    assert (second, world.engine.states[second].is_live) == (f"{first}-1", True)
    assert world.campaigns.get(found.key).execution_arn == second


def test_a_retry_and_the_reconciler_at_once_start_one_execution(world: World) -> None:
    found = waiting(world)
    fail(world, found)
    ports = world
    update, others = world.campaigns.update, list[str]()

    def overtaken(key: CampaignKey, **changes: Any) -> Campaign:
        """The reconciler looks right after the record was moved, and once more when it has missed the execution."""
        moved = update(key, **changes)
        if not others:
            others.append(look_after(active(key), ports, suspect=True))
            world.clock.advance(SOON)
            others.append(look_after(active(key), ports, suspect=True))
        return moved

    world.campaigns.update = overtaken  # type: ignore[method-assign]  # the reconciler comes in between
    assert world.call("POST", f"{PATH}/retry", {"mode": "from_step"}).status == 202
    assert others == ["fine", "not_started"]
    arn = world.engine.arn_of(CAMPAIGN_ID)
    assert list(world.engine.states) == [arn, f"{arn}-1"]
    assert world.campaigns.get(found.key).execution_arn == f"{arn}-1"


def test_a_retry_waits_for_whoever_still_writes_posts(world: World) -> None:
    """Nobody's text is lost, and no post is written twice."""
    found = waiting(world)
    fail(world, found)
    (post, *_), now = world.posts.page(found.key, 10).items, stored(world.clock.now())
    world.posts.revise(found.key, 0, [post])
    until = now + timedelta(minutes=5)
    claim = Claim(owner="of the failed one", attempt=0, nonce="n", claimed_at=now, expires_at=until)
    assert world.posts.claim(found.key, 0, claim)
    reply = world.call("POST", f"{PATH}/retry", {"mode": "failed_posts"})
    assert (reply.status, reply.json["executionArn"][-2:]) == (202, "-1")
    assert len(world.engine.states) == 1
    assert world.posts.claims(found.key) == {0: claim}
    entry = world.active.get(found.key)
    assert entry
    assert entry.due_at == now + WRITER_LIVES
    world.clock.advance(WRITER_LIVES)
    ports = world
    assert look_after(entry, ports, suspect=False) == "not_started"
    assert len(world.engine.states) == 2


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
    world.engine.deployed = SMALL
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
            execution_arn=world.engine.arn_of(CAMPAIGN_ID),
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
