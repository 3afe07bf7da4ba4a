"""RevisePosts: exactly the posts that were sent back are planned again."""

from contextlib import suppress

import pytest

from lambdas.build.revise_posts import revise_posts
from lambdas.domain.errors import ConflictError, InvalidInputError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import ClosedBecause, MadeDecision, PostDecision, PostVerdict
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.post import Post, PostContent, PostStatus
from lambdas.domain.models.workflow import Decision, PlanResult, StepEvent
from tests.contract.samples import NOW, approval, written
from tests.support import samples
from tests.support.events import planned, raw_event
from tests.support.faults import Crash, Fault, FaultPlan, faulty, replaced
from tests.support.world import World

ASKED = approval(campaignId=samples.CAMPAIGN_ID)


def sent_back(world: World, *posts: PostDecision, comments: str = "", text: str = "Boil faster.") -> StepEvent:
    """Four written posts in two batches, and a decision that sends some of them back."""
    for batch in planned(world):
        written_posts = [saying(text, post) for post in world.posts.get_many(samples.KEY, batch.post_ids)]
        world.posts.finish(samples.KEY, batch.batch_id, written_posts)
    world.campaigns.update(
        samples.KEY,
        expected=[CampaignStatus.GENERATING],
        status=CampaignStatus.AWAITING_APPROVAL,
        counts=PostCounts(total=4, completed=4),
        at=world.clock.now(),
    )
    world.approvals.create(ASKED)
    made = MadeDecision(
        decision=Decision.NEEDS_REVISION,
        comments=comments,
        decided_by="ada@example.com",
        decided_at=world.clock.now(),
        posts=posts,
    )
    world.approvals.decide(samples.KEY, ASKED.callback_id, made)
    return event(world)


def saying(text: str, post: Post) -> Post:
    content = PostContent(text=text, generated_at=NOW)
    return written(post).model_copy(update={"content": content})


def event(world: World) -> StepEvent:
    (name,) = world.manifests.objects
    plan = PlanResult.model_validate(
        {
            "manifest": {"bucket": "manifests", "key": name},
            "totalPosts": 4,
            "batches": 2,
            "mapConcurrency": 2,
            "toleratedFailurePercentage": 25,
        }
    )
    decided = {"callbackId": ASKED.callback_id, "decision": "needs_revision"}
    return StepEvent.from_wire(raw_event(world, "RevisePosts", plan=plan.to_wire(), approval=decided))


def said(index: int, verdict: PostVerdict = PostVerdict.CHANGE, comment: str = "Shorter") -> PostDecision:
    return PostDecision(post_id=post_id_for(samples.CAMPAIGN_ID, index), verdict=verdict, comment=comment)


def test_only_what_was_sent_back_is_planned_again(world: World) -> None:
    result = revise_posts(sent_back(world, said(1), said(2, PostVerdict.REJECT, "")), world)
    posts = world.posts.page(samples.KEY, 10).items
    assert [post.status for post in posts] == [
        PostStatus.COMPLETED,
        PostStatus.PLANNED,
        PostStatus.PLANNED,
        PostStatus.COMPLETED,
    ]
    assert [(p.content is None, bool(p.revision)) for p in posts] == [
        (False, False),
        (True, True),
        (True, True),
        (False, False),
    ]
    first, second = posts[1].revision, posts[2].revision
    assert first
    assert second
    assert (first.number, first.instructions, first.fresh) == (1, "Shorter", False)
    assert first.previous
    assert first.previous.text == "Boil faster."
    assert (second.instructions, second.fresh) == ("", True)
    assert (result.total_posts, result.batches, result.revision) == (2, 2, 1)
    manifest = world.manifests.objects[result.manifest.key]
    assert [item["postIds"] for item in manifest] == [[posts[1].post_id], [posts[2].post_id]]
    campaign = world.campaigns.get(samples.KEY)
    assert (campaign.status, campaign.revision) == (CampaignStatus.GENERATING, 1)
    assert campaign.counts == PostCounts(total=4, planned=2, completed=2)
    assert world.table.statuses[samples.KEY][-2:] == [CampaignStatus.NEEDS_REVISION, CampaignStatus.GENERATING]


def test_without_a_mark_all_posts_go_back_with_the_comment(world: World) -> None:
    result = revise_posts(sent_back(world, comments="Warmer"), world)
    posts = world.posts.page(samples.KEY, 10).items
    assert result.total_posts == 4
    assert {post.revision.instructions for post in posts if post.revision} == {"Warmer"}


@pytest.mark.parametrize("size", [1_000, 100_000, 160_000, 300_000])
def test_the_longest_text_and_all_that_reviewers_may_say_leave_room_for_the_next_text(world: World, size: int) -> None:
    """An item holds 400 KB, and a blog post 300,000 bytes."""
    revise_posts(
        sent_back(world, said(0, comment="\N{TEAPOT}" * 2_000), comments="\N{TEAPOT}" * 20_000, text="a" * size), world
    )
    post = world.posts.page(samples.KEY, 1).items[0]
    assert post.revision
    assert len(post.revision.instructions) == 22_001
    assert (post.revision.previous is not None) == (size < 160_000)
    (again,) = world.posts.finish(samples.KEY, post.batch_id, [saying("b" * size, post)])
    assert again.content


def test_a_repeat_answers_the_same_and_changes_nothing(world: World) -> None:
    result = revise_posts(sent_back(world, said(0)), world)
    before = world.everything()
    again = event_of(world)
    assert revise_posts(again, world) == result
    assert world.everything() == before


def event_of(world: World) -> StepEvent:
    first = next(name for name in world.manifests.objects if name.endswith("batches.json"))
    kept = dict(world.manifests.objects)
    world.manifests.objects.clear()
    world.manifests.objects[first] = kept[first]
    try:
        return event(world)
    finally:
        world.manifests.objects.update(kept)


@pytest.mark.parametrize("call", range(4))
def test_a_crash_anywhere_is_mended_by_the_next_attempt(world: World, call: int) -> None:
    asked = sent_back(world, said(0), said(3))
    plan = FaultPlan({call: Fault.CRASH_AFTER})
    broken = replaced(world, campaigns=faulty(world.campaigns, plan), posts=faulty(world.posts, plan))
    with suppress(Crash):
        revise_posts(asked, broken)
    result = revise_posts(asked, world)
    assert result.total_posts == 2
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.GENERATING
    assert [p.status for p in world.posts.page(samples.KEY, 10).items].count(PostStatus.PLANNED) == 2


def test_a_late_repeat_of_an_earlier_round_touches_nothing(world: World) -> None:
    asked = sent_back(world, said(0))
    revise_posts(asked, world)
    world.campaigns.update(
        samples.KEY,
        expected=[CampaignStatus.GENERATING],
        status=CampaignStatus.AWAITING_APPROVAL,
        revision=1,
        at=world.clock.now(),
    )
    world.approvals.close(samples.KEY, ASKED.callback_id, ClosedBecause.SUPERSEDED)
    before = world.everything()
    with pytest.raises(ConflictError):
        revise_posts(asked, world)
    assert world.everything() == before


@pytest.mark.parametrize("decision", ["approved", "rejected", "expired"])
def test_it_takes_a_decision_that_asks_for_it(world: World, decision: str) -> None:
    asked = sent_back(world, said(0))
    assert asked.input.approval
    other = asked.model_copy(
        update={
            "input": asked.input.model_copy(
                update={"approval": asked.input.approval.model_copy(update={"decision": decision})}
            )
        }
    )
    with pytest.raises(InvalidInputError):
        revise_posts(other, world)
