"""Starting a campaign: the API and the direct invocation both call ``submit``."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from lambdas.domain.errors import (
    ConcurrentUpdateError,
    ConflictError,
    FieldError,
    GoneError,
    IdempotencyMismatchError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    TenantMismatchError,
)
from lambdas.domain.ids import CampaignId, CampaignKey, CorrelationId, TenantId
from lambdas.domain.models.base import WHOLE, canonical
from lambdas.domain.models.campaign import MAX_BRIEF_BYTES, Campaign, CampaignBrief, CampaignStatus
from lambdas.domain.models.workflow import BuildInput
from lambdas.ports.bundle import Ports
from lambdas.ports.services import SecurityLog
from lambdas.ports.stores import IdempotencyRecord
from lambdas.services.lifecycle import TERMINAL
from lambdas.services.quota import Quota
from lambdas.services.validation import resolve_configuration


class Submission(NamedTuple):
    """A brief as it was received, and who sent it."""

    tenant_id: TenantId
    brief: Any
    """Parsed JSON, not validated."""
    created_by: str
    correlation_id: CorrelationId
    idempotency_key: str | None = None


class Accepted(NamedTuple):
    campaign: Campaign
    execution_arn: str


def submit(submission: Submission, ports: Ports) -> Accepted:
    """Store the campaign as ``queued`` and start its BUILD execution; a repeated submission returns the same campaign.

    The record is stored first and the execution has the campaign's id as its name. So after a crash in between, a
    repeat finds the record and starts the execution, which does nothing if it is running already. An idempotency key
    stays assigned to the campaign it created.

    Raises ``InvalidInputError`` (field paths are relative to the brief), ``PayloadTooLargeError``,
    ``TenantMismatchError``, ``IdempotencyMismatchError``, ``ConflictError`` when the id belongs to another brief, or to
    a campaign that was deleted, ``GoneError`` when the key does, ``TooManyCampaignsError`` when the tenant has to wait,
    and ``RetryableError`` when a service is down.
    """
    brief = _parse(submission, ports.log)
    campaign = _known(submission, brief, ports) or _create(submission, brief, ports)
    return _started(campaign, ports)


def duplicate(source: CampaignKey, changes: Mapping[str, Any], submission: Submission, ports: Ports) -> Accepted:
    """Start another campaign with the brief of ``source``, changed by a JSON merge patch (RFC 7396): what is named is
    replaced, ``null`` takes it away, and a list is replaced as a whole. The brief of ``submission`` is not used.

    Raises ``NotFoundError``, and as ``submit``; fields are those of ``changes``, since nothing else can be mended.
    """
    brief = ports.campaigns.get(source).brief.model_copy(update={"campaign_id": None}).to_wire()
    try:
        return submit(submission._replace(brief=_merged(brief, changes)), ports)
    except InvalidInputError as error:
        error.errors = tuple(
            field if field.field in (WHOLE, "Idempotency-Key") else FieldError(f"changes.{field.field}", field.message)
            for field in error.errors
        )
        raise


def _merged(before: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    base = before if isinstance(before, Mapping) else {}
    merged = {name: value for name, value in base.items() if name not in patch}
    return merged | {name: _merged(base.get(name), value) for name, value in patch.items() if value is not None}


def check_size(size: int) -> None:
    """Raises ``PayloadTooLargeError`` when a body of ``size`` bytes is over the limit."""
    if size > MAX_BRIEF_BYTES:
        message = f"the body may have {MAX_BRIEF_BYTES:,} bytes, and this one has {size:,}; send less text"
        raise PayloadTooLargeError(message, errors=[FieldError(WHOLE, message)])


def _parse(submission: Submission, security: SecurityLog) -> CampaignBrief:
    data = submission.brief
    check_size(len(canonical(data)))
    try:
        return CampaignBrief.from_wire(own(data, submission.tenant_id))
    except TenantMismatchError:
        security.event("tenant_mismatch", tenant_id=submission.tenant_id, subject=submission.created_by)
        raise


def own(data: Any, tenant_id: str | None) -> Any:
    """``data`` without ``tenantId`` if it is the caller's own; raises ``TenantMismatchError`` if it is another
    tenant's."""
    if tenant_id is None or not isinstance(data, Mapping) or "tenantId" not in data:
        return data
    if data["tenantId"] != tenant_id:
        message = "what is sent belongs to the tenant that sends it; leave the field out"
        raise TenantMismatchError(message, errors=[FieldError("tenantId", "names another tenant")])
    return {name: value for name, value in data.items() if name != "tenantId"}


def _known(submission: Submission, brief: CampaignBrief, ports: Ports) -> Campaign | None:
    """The campaign that an earlier delivery of the same submission created, if any."""
    tenant_id, key = submission.tenant_id, submission.idempotency_key
    record = ports.campaigns.find_idempotent(tenant_id, key) if key else None
    if record:
        if record.body_hash != _hash(brief):
            raise IdempotencyMismatchError(
                "the idempotency key was used for another campaign; use a new one",
                errors=[FieldError("Idempotency-Key", "was used with another body")],
            )
        return _undeleted(CampaignKey(tenant_id, record.campaign_id), ports)
    if brief.campaign_id is None:
        return None
    try:
        campaign = ports.campaigns.get(CampaignKey(tenant_id, brief.campaign_id))
    except NotFoundError:
        return None
    if _anonymous(campaign.brief) != _anonymous(brief):
        taken = FieldError("campaignId", "belongs to a campaign with another brief")
        raise ConflictError(f"the id {brief.campaign_id} {taken.message}", errors=[taken])
    if campaign.status is CampaignStatus.DELETING:
        raise ConflictError("the campaign of this id is being deleted", details={"status": campaign.status.value})
    if key:
        record = IdempotencyRecord(key, _hash(brief), campaign.campaign_id)
        ports.campaigns.remember(tenant_id, record, ports.clock.now())
    return campaign


def _undeleted(key: CampaignKey, ports: Ports) -> Campaign:
    """Raises ``GoneError`` where a manager deleted it: a repeat must not bring it back."""
    try:
        campaign = ports.campaigns.get(key)
    except NotFoundError:
        campaign = None
    if campaign is None or campaign.status is CampaignStatus.DELETING:
        message = "stands for a campaign that was deleted; use a new key to start another"
        raise GoneError(f"the idempotency key {message}", errors=[FieldError("Idempotency-Key", message)])
    return campaign


def _create(submission: Submission, brief: CampaignBrief, ports: Ports) -> Campaign:
    now = ports.clock.now()
    resolve_configuration(submission.tenant_id, brief, ports.catalog, now)
    campaign = Campaign(
        tenant_id=submission.tenant_id,
        campaign_id=brief.campaign_id or CampaignId(ports.ids.ulid()),
        status=CampaignStatus.QUEUED,
        brief=brief,
        correlation_id=submission.correlation_id,
        created_at=now,
        updated_at=now,
        created_by=submission.created_by,
        hours_by_platform=True,
    )
    quota = Quota(ports.promises, ports.limits, lambda key: ports.campaigns.get(key).status)
    quota.admit(campaign.key, brief.generation.max_concurrency)
    key = submission.idempotency_key
    record = IdempotencyRecord(key, _hash(brief), campaign.campaign_id) if key else None
    try:
        ports.campaigns.create(campaign, record)
    except ConflictError:
        # The same submission was stored a moment ago, between our read and our write.
        known = _known(submission, brief, ports)
        if known is None:
            raise
        return known
    return campaign


def _started(campaign: Campaign, ports: Ports) -> Accepted:
    if campaign.execution_arn or campaign.status in TERMINAL:
        return Accepted(campaign, campaign.execution_arn or "")
    # The correlation id of the record, not of the request: a repeat must send the engine the same input.
    event = BuildInput(
        tenant_id=campaign.tenant_id, campaign_id=campaign.campaign_id, correlation_id=campaign.correlation_id
    )
    arn = ports.engine.start(event, campaign.campaign_id)
    try:
        started = ports.campaigns.update(
            campaign.key, expected=tuple(CampaignStatus), of_execution=arn, at=ports.clock.now(), execution_arn=arn
        )
    except ConcurrentUpdateError:
        # Meanwhile the reconciler or a retry has put a later execution on the record.
        started = ports.campaigns.get(campaign.key)
    return Accepted(started, started.execution_arn or arn)


def _anonymous(brief: CampaignBrief) -> CampaignBrief:
    return brief.model_copy(update={"campaign_id": None})


def _hash(brief: CampaignBrief) -> str:
    """A hash that is equal for two bodies with the same meaning, regardless of key order and omitted defaults."""
    return hashlib.sha256(canonical(brief.to_wire())).hexdigest()
