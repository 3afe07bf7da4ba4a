"""Starting a campaign by invoking the Lambda ``build-campaign``, without the HTTP API."""

from collections.abc import Mapping
from typing import Any

from lambdas.domain.errors import CampaignError
from lambdas.domain.ids import CampaignIdField, CorrelationId, CorrelationIdField, IdempotencyKeyField, TenantIdField
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus, Notice
from lambdas.ports.services import InvocationLog
from lambdas.services.submission import Intake, Submission, submit


class DirectInvocation(Model):
    """The payload. Whoever IAM lets invoke the function speaks for the tenant it names."""

    tenant_id: TenantIdField
    campaign: Any
    """A campaign brief, as in the body of ``POST /campaigns``."""
    correlation_id: CorrelationIdField | None = None
    idempotency_key: IdempotencyKeyField | None = None
    """As the header ``Idempotency-Key`` of ``POST /campaigns``."""


class StartedCampaign(Model):
    """The answer."""

    campaign_id: CampaignIdField
    status: CampaignStatus
    execution_arn: str
    correlation_id: CorrelationIdField
    notices: tuple[Notice, ...] | None = None


def invoke(event: Any, intake: Intake, log: InvocationLog, *, request_id: str | None = None) -> dict[str, Any]:
    """Start the campaign of a payload, which is a ``DirectInvocation``; answers ``StartedCampaign``.

    Refuses in the same words as the API, with field paths relative to ``campaign``, by raising what ``submit``
    raises: the event of an asynchronous invocation then ends in the dead-letter queue. Lambda delivers such an event
    at least once, each time under the same ``request_id``, which therefore is its idempotency key where it brings none.
    """
    correlation_id = CorrelationId(intake.ids.ulid())
    log.begin(correlation_id)
    try:
        invocation = _parsed(event)
        if invocation.correlation_id:
            correlation_id = invocation.correlation_id
            log.begin(correlation_id)
        started = _start(invocation, correlation_id, request_id, intake)
    except CampaignError as error:
        log.refused(error)
        raise
    log.started(invocation.tenant_id, started.campaign_id)
    return started.to_wire()


def _parsed(event: Any) -> DirectInvocation:
    """The brief is not looked at yet: ``submit`` does, and names its fields as they stand in the brief."""
    brief = event.get("campaign") if isinstance(event, Mapping) else None
    around = event if brief is None else {**event, "campaign": {}}
    return DirectInvocation.from_wire(around).model_copy(update={"campaign": brief})


def _start(
    invocation: DirectInvocation, correlation_id: CorrelationId, request_id: str | None, intake: Intake
) -> StartedCampaign:
    accepted = submit(
        Submission(
            tenant_id=invocation.tenant_id,
            brief=invocation.campaign,
            created_by="lambda:build-campaign",
            correlation_id=correlation_id,
            idempotency_key=invocation.idempotency_key or (f"invocation:{request_id}" if request_id else None),
        ),
        intake,
    )
    return StartedCampaign(
        campaign_id=accepted.campaign.campaign_id,
        status=accepted.campaign.status,
        execution_arn=accepted.execution_arn,
        correlation_id=accepted.campaign.correlation_id,
        notices=accepted.campaign.notices() or None,
    )
