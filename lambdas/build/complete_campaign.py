"""CompleteCampaign: the campaign is approved."""

from lambdas.adapters.telemetry import logger
from lambdas.bootstrap import step
from lambdas.domain.errors import InvalidInputError, NotFoundError
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.recent import MAX_TEXTS
from lambdas.domain.models.workflow import Decision, StatusResult, StepEvent
from lambdas.ports.bundle import Ports
from lambdas.ports.stores import ApprovalStore
from lambdas.services.lifecycle import advance
from lambdas.settings import BucketSettings, TableSettings


def complete_campaign(event: StepEvent, ports: Ports) -> StatusResult:
    """``awaiting_approval → approved``, if that was decided; the content cannot change any more."""
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
    """The hash of what the reviewers saw; ``None`` for a decision that names no request of this system."""
    callback_id = event.input.approval.callback_id if event.input.approval else None
    if callback_id is None:
        return None
    try:
        return approvals.get(event.key, callback_id).content_hash
    except NotFoundError:
        return None  # without the hash, nothing may ever be sent for this campaign


def _keep_texts(event: StepEvent, ports: Ports) -> None:
    """Store the texts, so that the tenant's next campaigns can be compared with them.

    The campaign is approved even if this fails, for whatever reason (the bucket does not answer or must not be written,
    other writers were faster at every attempt): the log says so, and the next campaigns may repeat this one.
    """
    try:
        posts = ports.posts.page(event.key, MAX_TEXTS).items
        ports.recent_texts.add(event.key, [post.content.text for post in posts if post.content and post.goes_out])
    except Exception:  # noqa: BLE001 - the approval is on record, and its execution must not fail for this
        logger().exception("the next campaigns will not be compared with this one's texts")


class CompleteCampaignSettings(TableSettings, BucketSettings):
    """It adds to the texts that the tenant's next campaigns must not repeat."""


handler = step("CompleteCampaign", StepEvent, CompleteCampaignSettings, complete_campaign, approvals=True)
