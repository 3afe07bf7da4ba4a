"""Undoing what a campaign made outside, whatever goes wrong while doing so."""

from datetime import timedelta

import pytest

from lambdas.build.compensate.logic import compensate
from lambdas.domain.errors import ForbiddenError, ThrottledError
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.post import Batch
from lambdas.services.lifecycle import BUILDING
from lambdas.services.saga import (
    MANIFEST,
    RECENT_TEXTS,
    Compensation,
    RecordedManifests,
    RecordedRecentTexts,
    Undo,
    undo_manifest,
    undo_recent_texts,
)
from tests.support import samples
from tests.support.events import EXECUTION_ARN, planned, step_event
from tests.support.faults import Crash, Fault, FaultPlan, faulty
from tests.support.world import World

KINDS = ("first", "second", "third")


def made(world: World, status: CampaignStatus = CampaignStatus.GENERATING) -> None:
    world.queue(status=status)
    for kind in KINDS:
        world.clock.advance(timedelta(seconds=1))
        effect = Effect(
            kind=kind,
            name="it",
            target={"at": kind},
            step="PlanPosts",
            execution_arn=EXECUTION_ARN,
            recorded_at=world.clock.now(),
        )
        world.effects.put(samples.KEY, effect)


def run(world: World, **undos: Undo) -> Compensation:
    return compensate(step_event(world, "Compensate"), world.campaigns, world.effects, undos, world.clock)


def statuses(world: World) -> dict[str, EffectStatus]:
    return {effect.kind: effect.status for effect in world.effects.all(samples.KEY)}


def refuse(_: Effect) -> None:
    raise ForbiddenError("not ours")


def test_newest_first_and_once() -> None:
    world, undone = World(), list[str]()
    made(world)
    undos = {kind: lambda effect: undone.append(effect.target["at"]) for kind in KINDS}
    assert run(world, **undos) == Compensation(undone=3, not_undone=0)
    assert undone == ["third", "second", "first"]
    assert run(world, **undos) == Compensation(undone=0, not_undone=0)
    assert len(undone) == 3
    assert set(statuses(world).values()) == {EffectStatus.UNDONE}


def test_nothing_of_an_approved_campaign_is_undone() -> None:
    """Its execution was replaced while its last step was at work, and the one in its place has nothing to do."""
    world = World()
    made(world, CampaignStatus.APPROVED)
    assert run(world, **dict.fromkeys(KINDS, refuse)) == Compensation(undone=0, not_undone=0)
    assert set(statuses(world).values()) == {EffectStatus.MADE}


def test_what_cannot_be_undone_is_on_record_and_keeps_no_other_from_it() -> None:
    world, undone = World(), list[str]()
    made(world)
    result = run(world, first=lambda effect: undone.append(effect.kind), second=refuse)
    assert result == Compensation(undone=1, not_undone=2)
    assert undone == ["first"]
    first, second, third = world.effects.all(samples.KEY)
    assert (first.status, first.error, first.undo_attempts) == (EffectStatus.UNDONE, None, 1)
    assert (second.status, second.error) == (EffectStatus.NOT_UNDONE, "ForbiddenError: not ours")
    assert third.error == "LookupError: nobody knows how to undo a third"


def test_what_may_be_undone_later_is_tried_again_after_everything_else_was() -> None:
    world, undone, tries = World(), list[str](), list[str]()
    made(world)

    def at_the_second_try(effect: Effect) -> None:
        tries.append(effect.kind)
        if len(tries) == 1:
            raise ThrottledError("slow down")

    undos: dict[str, Undo] = {kind: lambda effect: undone.append(effect.kind) for kind in ("first", "second")}
    with pytest.raises(ThrottledError):
        run(world, **undos, third=at_the_second_try)
    assert undone == ["second", "first"]
    assert run(world, **undos, third=at_the_second_try) == Compensation(undone=1, not_undone=0)
    assert world.effects.all(samples.KEY)[-1].undo_attempts == 2


def test_a_manifest_is_on_record_before_it_is_there() -> None:
    world = World()
    world.queue()
    attempt = step_event(world, "PlanPosts").attempt
    batches = [Batch(batch_id=0, post_ids=("01KJQ0000000000000000000A1",))]  # type: ignore[arg-type]  # parsed
    broken = faulty(world.manifests, FaultPlan({1: Fault.CRASH_BEFORE}))  # the first call asks where it will be
    with pytest.raises(Crash):
        RecordedManifests(broken, world.effects, attempt, world.clock).write(samples.KEY, batches)
    (effect,) = world.effects.all(samples.KEY)
    assert (effect.kind, effect.status, world.manifests.objects) == (MANIFEST, EffectStatus.MADE, {})
    assert run(world, **{MANIFEST: undo_manifest(world.manifests.remove)}).undone == 1


def test_the_manifest_of_a_failed_campaign_is_removed_and_can_be_made_again() -> None:
    world = World()
    planned(world)
    attempt = step_event(world, "PlanPosts").attempt
    recorded = RecordedManifests(world.manifests, world.effects, attempt, world.clock)
    batches = [Batch(batch_id=0, post_ids=("01KJQ0000000000000000000A1",))]  # type: ignore[arg-type]  # parsed
    for _ in range(2):
        recorded.write(samples.KEY, batches)
        assert world.manifests.objects
        assert run(world, **{MANIFEST: undo_manifest(world.manifests.remove)}).undone == 1
        assert world.manifests.objects == {}


def test_recent_texts_are_on_record_before_they_are_there_and_are_removed() -> None:
    world = World()
    world.queue()
    attempt = step_event(world, "PlanPosts").attempt
    broken = faulty(world.recent, FaultPlan({0: Fault.CRASH_BEFORE}))
    with pytest.raises(Crash):
        RecordedRecentTexts(broken, world.effects, attempt, world.clock).put(samples.KEY, ["text"])
    (effect,) = world.effects.all(samples.KEY)
    assert (effect.kind, effect.step, world.recent.texts) == (RECENT_TEXTS, "PlanPosts", {})
    recorded = RecordedRecentTexts(world.recent, world.effects, attempt, world.clock)
    recorded.put(samples.KEY, ["text"])
    assert recorded.get(samples.KEY) == ("text",)
    assert run(world, **{RECENT_TEXTS: undo_recent_texts(world.recent.remove)}).undone == 1
    assert world.recent.texts == {}


def test_an_execution_that_was_replaced_undoes_nothing_of_its_successor() -> None:
    world, undone = World(), list[str]()
    made(world)
    world.campaigns.update(samples.KEY, expected=BUILDING, execution_arn=f"{EXECUTION_ARN}-1", at=world.clock.now())
    undos = {kind: lambda effect: undone.append(effect.kind) for kind in KINDS}
    assert run(world, **undos) == Compensation(undone=0, not_undone=0)
    assert undone == []


def test_a_retry_while_effects_are_undone_keeps_the_rest() -> None:
    world, undone = World(), list[str]()
    made(world)

    def retried(effect: Effect) -> None:
        undone.append(effect.kind)
        world.campaigns.update(samples.KEY, expected=BUILDING, execution_arn=f"{EXECUTION_ARN}-1", at=world.clock.now())

    assert run(world, **dict.fromkeys(KINDS, retried)) == Compensation(undone=1, not_undone=0)
    assert undone == ["third"]
