"""P8, P9 and the link part of P12: what holds for every policy, every reviewer and every moment."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.approval import needed
from lambdas.domain.errors import ConflictError, GoneError, NotFoundError, UnauthenticatedError
from lambdas.domain.ids import CallbackId, CampaignId, CampaignKey, TenantId
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import OnTimeout
from lambdas.domain.models.workflow import Decision
from lambdas.services.approval_links import OpenLink, approval_link, nonce_hash
from lambdas.services.decisions import Choice, decide
from tests.fakes import MemoryKeys, stored
from tests.support import samples
from tests.support.asked import REVIEWERS, Asked
from tests.support.world import World

QUORUMS = st.sampled_from(["one", "all", 1, 2, 3])
ANSWERS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(Decision)), max_size=6)


@settings(max_examples=100, deadline=None)
@given(quorum=QUORUMS, answers=ANSWERS)
def test_callbacks(quorum: Any, answers: list[tuple[int, Decision]]) -> None:
    """**Feature: campaign-orchestration-durable, Property 8: For any approval workflow, the system should create
    callbacks with unique URLs, suspend execution, and resume with approval decisions when callbacks are
    submitted**
    """
    world = World()
    asked = Asked(world, reviewers=list(REVIEWERS), quorum=quorum)
    links = asked.links()
    assert len(set(links.values())) == len(REVIEWERS)
    assert not world.engine.resumed  # it waits

    spoken: dict[str, Decision] = {}
    for number, decision in answers:
        email = REVIEWERS[number]
        link = asked.open(links[email])
        before = world.approvals.get(link.key, link.approval.callback_id)
        try:
            decide(link, Choice(decision, "", link.approval.content_hash), world)
        except (ConflictError, GoneError):
            # Refused because it came second, and then it changed nothing.
            assert before.status is ApprovalStatus.DECIDED or email in spoken
            assert world.approvals.get(link.key, link.approval.callback_id) == before
        else:
            assert before.status is ApprovalStatus.PENDING
            spoken[email] = decision

    approval = asked.approval
    assert [(vote.email, vote.decision) for vote in approval.votes] == list(spoken.items())
    assert len(world.engine.resumed) == (approval.decision is not None)
    yes = sum(said is Decision.APPROVED for said in spoken.values())
    if approval.decision:
        assert world.engine.resumed[0].output["decision"] == approval.decision.decision
        assert (approval.decision.decision is Decision.APPROVED) == (yes >= needed(approval.quorum, len(REVIEWERS)))
    else:
        assert yes < needed(approval.quorum, len(REVIEWERS))


@settings(max_examples=100, deadline=None)
@given(
    policy=st.sampled_from(OnTimeout),
    hours=st.integers(1, 168),
    steps=st.lists(st.integers(1, 60), min_size=1, max_size=40),
)
def test_timeouts(policy: OnTimeout, hours: int, steps: list[int]) -> None:
    """**Feature: campaign-orchestration-durable, Property 9: For any approval callback, the system should handle
    timeouts according to configured policies when approval decisions are not received within timeout periods**
    """
    world = World()
    escalate = {"escalateTo": ["boss@example.com"]} if policy is OnTimeout.ESCALATE else {}
    asked = Asked(world, reviewers=list(REVIEWERS), timeoutHours=hours, onTimeout=policy.value, **escalate)
    started, limit = world.clock.now(), asked.approval.expires_at
    more = policy in (OnTimeout.EXTEND, OnTimeout.ESCALATE)
    for step in steps:
        before = asked.approval
        world.clock.advance(timedelta(hours=step))
        asked.tend(everything=False)
        assert asked.failed == []
        now, after = world.clock.now(), asked.approval
        if now < limit:
            assert after.decision is None
            assert after.expires_at == limit
        elif before.decision is None and more and not before.extended:
            assert after.decision is None
            assert after.extended
            limit = after.expires_at
            assert limit == stored(now) + timedelta(hours=hours)
        elif before.decision is None:
            assert after.decision is not None
            assert after.decision.expired
    resumed = [str(one.output["decision"]) for one in world.engine.resumed]
    over = asked.approval.decision is not None
    assert resumed == (["approved" if policy is OnTimeout.APPROVE else "expired"] if over else [])
    assert over == (world.clock.now() >= limit)
    assert started < limit


@settings(max_examples=100, deadline=None)
@given(
    tenant=st.sampled_from([samples.TENANT, TenantId("globex")]),
    campaign=st.sampled_from([samples.CAMPAIGN_ID, CampaignId("01KJQ0000000000000000000B9")]),
    callback=st.sampled_from([None, CallbackId("01KJQ0000000000000000000C9")]),
    nonce=st.sampled_from([None, "0" * 32, "f" * 32]),
    key=st.booleans(),
    late=st.integers(0, 200),
)
def test_links(
    tenant: TenantId, campaign: CampaignId, callback: CallbackId | None, nonce: str | None, key: bool, late: int
) -> None:
    """**Feature: campaign-orchestration-durable, Property 12: For any durable function operation, the system should
    validate tenant context, pass tenant information securely, include security tokens in callback URLs, and
    prevent cross-tenant access**

    (Here: what a link opens.)
    """
    world = World()
    asked = Asked(world, reviewers=list(REVIEWERS))
    approval = asked.approval
    own = parse_qs(urlsplit(asked.links()[REVIEWERS[0]]).query)["nonce"][0]
    keys = world.keys if key else MemoryKeys(approval=world.keys.api())
    forged = approval_link(
        "https://x",
        keys.approval(),
        CampaignKey(tenant, campaign),
        callback or approval.callback_id,
        nonce or own,
        now=world.clock.now(),
        expires=approval.expires_at,
    )
    world.clock.advance(timedelta(hours=late))
    right = (tenant, campaign, callback, nonce, key) == (samples.TENANT, samples.CAMPAIGN_ID, None, None, True)
    try:
        opened: OpenLink | None = asked.open(forged)
    except (UnauthenticatedError, NotFoundError):
        opened = None
    assert (opened is not None) == (right and world.clock.now() < approval.expires_at)
    if opened:
        assert opened.reviewer.nonce_hash == nonce_hash(own)
    assert asked.approval == approval
    assert not world.engine.resumed
