"""P1: what the caller is answered, and what becomes of the campaign."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.workflow import Decision
from lambdas.services.submission import Accepted, Submission, submit
from tests.support import samples
from tests.support.agents import Act, Generator
from tests.support.interpreter import Ended
from tests.support.pipeline import Pipeline
from tests.support.strategies import briefs, decisions, scripts
from tests.support.world import World

ENDS = {
    Decision.APPROVED: ("Approved", CampaignStatus.APPROVED),
    Decision.REJECTED: ("Rejected", CampaignStatus.REJECTED),
    # Sent back until no revision is left.
    Decision.NEEDS_REVISION: ("Rejected", CampaignStatus.REJECTED),
    None: ("Rejected", CampaignStatus.EXPIRED),
}


def send(world: World, brief: dict[str, Any], idempotency_key: str | None) -> Accepted:
    submission = Submission(samples.TENANT, brief, "manager@acme.example", samples.CORRELATION, idempotency_key)
    accepted = submit(submission, world)
    assert world.log.events == []
    return accepted


def too_many_failed(counts: PostCounts, tolerated: float) -> bool:
    # Tolerances of these briefs have one decimal.
    return not counts.completed or counts.failed * 1_000 > round(tolerated * 10) * counts.total


@settings(max_examples=100, deadline=None)
@given(
    brief=briefs(),
    given_id=st.booleans(),
    idempotency_key=st.none() | st.text("abc123", min_size=1, max_size=8),
    script=scripts(Act.PERMANENT, Act.NONSENSE),
    decision=decisions(),
)
def test_initiation_and_completion(
    brief: dict[str, Any],
    given_id: bool,
    idempotency_key: str | None,
    script: dict[int, Act],
    decision: Decision | None,
) -> None:
    """**Feature: campaign-orchestration-durable, Property 1: For any campaign creation request, the system should
    invoke the durable function asynchronously, return immediately with status, and update final campaign status
    to reflect workflow completion state**
    """
    world = World()
    brief = brief | ({"campaignId": samples.CAMPAIGN_ID} if given_id else {})
    accepted = send(world, brief, idempotency_key)
    key = CampaignKey(samples.TENANT, accepted.campaign.campaign_id)

    # Answered before any work is done.
    assert accepted.campaign.status is CampaignStatus.QUEUED
    assert world.posts.count(key) == PostCounts()
    assert list(world.engine.started) == [accepted.execution_arn]

    # A repeat is the same campaign and the same execution.
    if given_id or idempotency_key:
        assert send(world, brief, idempotency_key) == accepted
        assert list(world.engine.started) == [accepted.execution_arn]

    pipeline = Pipeline(world, generator=Generator(script), reviewer=lambda _: decision, name=key.campaign_id)
    ended = pipeline.run(world.engine.started[accepted.execution_arn])
    check_end(world, key, brief, decision, ended)
    if given_id or idempotency_key:
        assert send(world, brief, idempotency_key).campaign == world.campaigns.get(key)
        assert len(world.engine.started) == 1


def check_end(world: World, key: CampaignKey, brief: dict[str, Any], decision: Decision | None, ended: Ended) -> None:
    campaign = world.campaigns.get(key)
    assert campaign.counts == world.posts.count(key)
    assert campaign.counts.total == brief["postCount"]
    if too_many_failed(campaign.counts, brief["generation"]["toleratedFailurePercentage"]):
        assert (ended.state, ended.error, campaign.status) == (
            "Failed",
            "TooManyPostsFailedError",
            CampaignStatus.FAILED,
        )
        assert campaign.error is not None
        assert (campaign.error.code, campaign.error.step) == ("TOO_MANY_POSTS_FAILED", "AggregateResults")
        assert not world.mailer.sent
    else:
        assert (ended.state, campaign.status) == ENDS[decision]
        assert ended.succeeded
        rounds = 4 if decision is Decision.NEEDS_REVISION else 1
        assert (campaign.error is not None) == (decision is Decision.NEEDS_REVISION)
        assert [mail.to for mail in world.mailer.sent] == brief["approval"]["reviewers"] * rounds
