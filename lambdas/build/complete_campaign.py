"""CompleteCampaign: the campaign is approved."""

from lambdas.adapters.telemetry import logger
from lambdas.bootstrap import step
from lambdas.domain.errors import InvalidInputError, NotFoundError, RetryableError
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.recent import MAX_TEXTS
from lambdas.domain.models.workflow import Decision, StatusResult, StepEvent
from lambdas.ports.bundle import Ports
from lambdas.ports.stores import ApprovalStore
from lambdas.services.lifecycle import advance
from lambdas.settings import BucketSettings, TableSettings


def complete_campaign(event: StepEvent, ports: Ports) -> StatusResult:
    """``awaiting_approval → approved``, if that is what was decided; from here on the content is frozen."""
    decision = event.input.approval.decision if event.input.approval else None
    if decision != Decision.APPROVED:
        raise InvalidInputError(f"approval.decision: {decision!r} does not complete a campaign")
    status = advance(
        ports.campaigns,
        event.key,
        CampaignStatus.APPROVED,
        came_from=[CampaignStatus.AWAITING_APPROVAL],
        at=ports.clock.now(),
        result=StatusResult(status=CampaignStatus.APPROVED),
        approved_content_hash=_approved_hash(event, ports.approvals),
    )
    _keep_texts(event, ports)
    return StatusResult(status=status)


def _approved_hash(event: StepEvent, approvals: ApprovalStore) -> str | None:
    """Of what the reviewers were shown; none for a decision that names no request of ours."""
    callback_id = event.input.approval.callback_id if event.input.approval else None
    if callback_id is None:
        return None
    try:
        return approvals.get(event.key, callback_id).content_hash
    except NotFoundError:
        return None  # and so nothing will ever be sent for this campaign


def _keep_texts(event: StepEvent, ports: Ports) -> None:
    """Have the tenant's next campaigns compared with this one.

    The campaign is approved whether or not that succeeds: when the bucket does not answer, or others were quicker at
    every attempt, the log says so, and the next campaigns may repeat this one.
    """
    posts = ports.posts.page(event.key, MAX_TEXTS).items
    try:
        ports.recent_texts.add(event.key, [post.content.text for post in posts if post.content])
    except RetryableError as error:
        logger().warning("the next campaigns will not be compared with this one's texts", exc_info=error)


class CompleteCampaignSettings(TableSettings, BucketSettings):
    """It adds to the texts that the tenant's next campaigns are not to repeat."""


handler = step("CompleteCampaign", StepEvent, CompleteCampaignSettings, complete_campaign, approvals=True)
