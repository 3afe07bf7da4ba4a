"""RevisePosts: put the posts that were sent back into the state in which the generator finds work."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from lambdas.bootstrap import step
from lambdas.domain.approval import sent_back
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, InvalidInputError
from lambdas.domain.ids import PostId
from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause, PostDecision, PostVerdict
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.domain.models.post import OUTCOMES_BYTES, Batch, Post, PostStatus, Revision
from lambdas.domain.models.workflow import Decision, PlanResult, StepEvent
from lambdas.domain.record_size import fits
from lambdas.ports.bundle import Ports
from lambdas.ports.engine import require_newest
from lambdas.ports.paging import every
from lambdas.ports.stores import ApprovalStore
from lambdas.services.saga import write_manifest
from lambdas.settings import BucketSettings, TableSettings


def revise_posts(event: StepEvent, ports: Ports) -> PlanResult:
    """``awaiting_approval → needs_revision → generating``: the flagged posts are planned again, the others stay.

    The revision's number is the round that was decided, so a repeat finds its work done and answers the same plan.
    Raises ``InvalidInputError`` without such a decision, ``ConflictError`` for a campaign that is not to be revised or
    not by this execution any more, and ``ConcurrentUpdateError`` when that turns out only as it is written.
    """
    approval = _decided(event, ports.approvals)
    campaign = _sent_back(event, approval, ports)
    if campaign.revision != approval.round:
        raise ConcurrentUpdateError("another execution has taken over, and has gone back to the decision")
    flagged = _flagged(approval, list(every(ports.posts, event.key)), campaign.revision, ports.approvals)
    if campaign.status is CampaignStatus.NEEDS_REVISION:
        _reset(event, flagged, ports)
    batches = [
        Batch(batch_id=batch_id, post_ids=tuple(post.post_id for post in group))
        for batch_id, group in groupby(flagged, lambda post: post.batch_id)
    ]
    manifest = write_manifest(event, batches, ports, campaign.revision)
    if campaign.status is CampaignStatus.NEEDS_REVISION:
        counts = campaign.counts.model_copy(
            update={
                "planned": len(flagged),
                "completed": campaign.counts.completed - sum(p.status is PostStatus.COMPLETED for p in flagged),
                "failed": campaign.counts.failed - sum(p.status is PostStatus.FAILED for p in flagged),
            }
        )
        ports.campaigns.update(
            event.key,
            expected=[CampaignStatus.NEEDS_REVISION],
            of_execution=campaign.execution_arn,
            status=CampaignStatus.GENERATING,
            counts=counts,
            at=ports.clock.now(),
        )
    return _plan(event, campaign, manifest_batches=len(batches), posts=len(flagged)).model_copy(
        update={"manifest": manifest}
    )


def _decided(event: StepEvent, approvals: ApprovalStore) -> Approval:
    state = event.input.approval
    if state is None or state.callback_id is None or state.decision != Decision.NEEDS_REVISION:
        raise InvalidInputError("approval: there is no decision that asks for a revision")
    approval = approvals.get(event.key, state.callback_id)
    if approval.status is not ApprovalStatus.DECIDED or approval.decision is None:
        raise ConflictError("nothing was decided", details={"status": approval.status.value})
    return approval


def _sent_back(event: StepEvent, approval: Approval, ports: Ports) -> Campaign:
    """The campaign in ``needs_revision``, or beyond it when this step has been here before."""
    campaign = ports.campaigns.get(event.key)
    require_newest(event.attempt.execution_arn, [campaign.execution_arn])
    if approval.closed_because is ClosedBecause.SUPERSEDED:
        raise ConflictError("a newer request was made", details={"status": campaign.status.value})
    if campaign.status is CampaignStatus.AWAITING_APPROVAL:
        return ports.campaigns.update(
            event.key,
            expected=[CampaignStatus.AWAITING_APPROVAL],
            of_execution=campaign.execution_arn,
            status=CampaignStatus.NEEDS_REVISION,
            revision=approval.round,
            at=ports.clock.now(),
        )
    here = campaign.status in (CampaignStatus.NEEDS_REVISION, CampaignStatus.GENERATING)
    if not here or campaign.revision != approval.round:
        raise ConflictError("the campaign is not to be revised", details={"status": campaign.status.value})
    return campaign


def _flagged(approval: Approval, posts: Sequence[Post], number: int, approvals: ApprovalStore) -> list[Post]:
    """The posts that go back, each with its instructions; all that go out when none was named."""
    made = approval.decision
    back = sent_back(made, approvals.votes(approval) if made.posts_in_votes else ()) if made else ()
    named: Mapping[PostId, PostDecision] = {said.post_id: said for said in back}
    comments = made.comments if made else ""
    flagged = []
    for post in posts:
        if post.dropped or (named and post.post_id not in named):
            continue
        if post.revision and post.revision.number == number:
            flagged.append(post)
            continue
        said = named.get(post.post_id)
        # What was said about the campaign as a whole goes for each of its posts.
        instructions = "\n".join(part for part in (said.comment if said else "", comments) if part)
        revision = Revision(
            number=number,
            instructions=instructions,
            fresh=said is not None and said.verdict is PostVerdict.REJECT,
            previous=post.content,
        )
        revised = post.model_copy(update={"revision": revision, "edit": None})
        if not fits(revised.to_record(), OUTCOMES_BYTES):  # which has the text twice, as after it is written anew
            revised = revised.model_copy(update={"revision": revision.model_copy(update={"previous": None})})
        flagged.append(revised)
    return flagged


def _reset(event: StepEvent, flagged: Sequence[Post], ports: Ports) -> None:
    for batch_id, group in groupby(flagged, lambda post: post.batch_id):
        back = list(group)
        current = {post.post_id: post for post in ports.posts.get_many(event.key, [post.post_id for post in back])}
        # A repeat finds some of them reset already, or even written.
        ports.posts.revise(
            event.key, batch_id, [post for post in back if _number(current[post.post_id]) != _number(post)]
        )


def _number(post: Post) -> int:
    """Of its last revision: the text may be written already, and the revision then says what came of it."""
    return post.revision.number if post.revision else 0


def _plan(event: StepEvent, campaign: Campaign, *, manifest_batches: int, posts: int) -> PlanResult:
    if event.input.plan is None:
        raise InvalidInputError("plan: a campaign without a plan cannot be revised")
    revised = {"total_posts": posts, "batches": manifest_batches, "revision": campaign.revision}
    return event.input.plan.model_copy(update=revised)


class RevisePostsSettings(TableSettings, BucketSettings):
    """It writes the map's items."""


handler = step("RevisePosts", StepEvent, RevisePostsSettings, revise_posts, approvals=True)
