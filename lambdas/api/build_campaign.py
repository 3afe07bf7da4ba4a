"""Lambda ``build-campaign``: starts a campaign by direct invocation, without the HTTP API."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.bootstrap import load, ports_for
from lambdas.domain.errors import CampaignError
from lambdas.domain.ids import CampaignIdField, CorrelationId, CorrelationIdField, IdempotencyKeyField, TenantIdField
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus, Notice
from lambdas.ports.bundle import Ports
from lambdas.services.submission import Submission, submit
from lambdas.settings import EngineSettings, QuotaSettings, TableSettings


class DirectInvocation(Model):
    """The payload. A caller that IAM allows to invoke the function can act for any tenant it names."""

    tenant_id: TenantIdField
    campaign: Any
    """A campaign brief, as in the body of ``POST /campaigns``."""
    correlation_id: CorrelationIdField | None = None
    idempotency_key: IdempotencyKeyField | None = None
    """Like the header ``Idempotency-Key`` of ``POST /campaigns``."""


class StartedCampaign(Model):
    """The result."""

    campaign_id: CampaignIdField
    status: CampaignStatus
    execution_arn: str
    correlation_id: CorrelationIdField
    notices: tuple[Notice, ...] | None = None


def invoke(event: Any, ports: Ports, *, request_id: str | None = None) -> dict[str, Any]:
    """Start the campaign of a payload, which is a ``DirectInvocation``; returns ``StartedCampaign``.

    Refuses with the API's messages, with field paths relative to ``campaign``, by raising what ``submit`` raises. The
    event of an asynchronous invocation then goes to the dead-letter queue. Lambda delivers such an event at least once,
    each time with the same ``request_id``, which is used as its idempotency key if it has none.
    """
    correlation_id = CorrelationId(ports.ids.ulid())
    ports.log.begin(correlation_id)
    try:
        invocation = _parsed(event)
        if invocation.correlation_id:
            correlation_id = invocation.correlation_id
            ports.log.begin(correlation_id)
        started = _start(invocation, correlation_id, request_id, ports)
    except CampaignError as error:
        ports.log.refused(error)
        raise
    ports.log.started(invocation.tenant_id, started.campaign_id)
    return started.to_wire()


def _parsed(event: Any) -> DirectInvocation:
    """The brief is not validated here: ``submit`` does that, with field paths within the brief."""
    brief = event.get("campaign") if isinstance(event, Mapping) else None
    around = event if brief is None else {**event, "campaign": {}}
    return DirectInvocation.from_wire(around).model_copy(update={"campaign": brief})


def _start(
    invocation: DirectInvocation, correlation_id: CorrelationId, request_id: str | None, ports: Ports
) -> StartedCampaign:
    accepted = submit(
        Submission(
            tenant_id=invocation.tenant_id,
            brief=invocation.campaign,
            created_by="lambda:build-campaign",
            correlation_id=correlation_id,
            idempotency_key=invocation.idempotency_key or (f"invocation:{request_id}" if request_id else None),
        ),
        ports,
    )
    return StartedCampaign(
        campaign_id=accepted.campaign.campaign_id,
        status=accepted.campaign.status,
        execution_arn=accepted.execution_arn,
        correlation_id=accepted.campaign.correlation_id,
        notices=accepted.campaign.notices() or None,
    )


class BuildCampaignSettings(TableSettings, QuotaSettings, EngineSettings):
    """It accepts campaigns and starts BUILD."""


load(BuildCampaignSettings)


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    return invoke(event, ports_for(BuildCampaignSettings), request_id=context.aws_request_id)
