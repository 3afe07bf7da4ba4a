"""Lambda ``sweep-approvals``: once a minute for each shard of the due index, whatever is due of the open requests."""

from collections.abc import Mapping
from typing import Any

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.kms_cipher import KmsCipher
from lambdas.adapters.aws.parameters import Parameters
from lambdas.adapters.aws.secret_keys import SecretKeys
from lambdas.adapters.aws.ses_mailer import SesMailer
from lambdas.adapters.aws.sns_alerts import SnsAlerts
from lambdas.adapters.aws.step_functions import StepFunctionsEngine
from lambdas.adapters.slack_chat import API, SlackChat
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock, UlidSource
from lambdas.adapters.table.active_store import TableActive
from lambdas.adapters.table.attempt import current_deadline, invoked
from lambdas.adapters.table.due_store import TableDue
from lambdas.adapters.telemetry import count, due_worked, logger
from lambdas.domain.due import DueEntry, Kind
from lambdas.ops.sweep_approvals.logic import TendPorts, tend_due
from lambdas.services.due import Tick, shards_of
from lambdas.services.notify import Channels
from lambdas.settings import settings

ONE_REQUEST_MS = 25_000
"""For one request more: twenty mails of a second, or one that gets no answer for ten, and Slack's ten seconds."""


class TendSettings(TableSettings):
    """Where the signing keys and the public base URL are, who mails come from, where Slack is, and who is alerted."""

    approval_keys_secret: str
    approval_base_url_parameter: str
    sender_email: str
    configuration_set: str
    slack_secret_prefix: str
    slack_api_url: str = API
    alert_topic_arn: str


def handler(event: Any, context: Any) -> dict[str, Any]:
    """``{"shard": n}``: of one shard; ``{"everything": true}``: whether it is due or not."""
    configured, clock = settings(TendSettings), SystemClock()
    logger().clear_state()
    tick = Tick(
        entries=TableDue(stores.table(configured)),
        clock=clock,
        more=lambda: context is None or context.get_remaining_time_in_millis() > ONE_REQUEST_MS,
        failed=_failed,
        everything=isinstance(event, Mapping) and event.get("everything") is True,
    )
    with invoked(context):
        report = tend_due(shards_of(event), tick, _ports(configured, clock))
    for deed, times in report.done.items():
        count("ApprovalsTended", times, Deed=deed)
    due_worked(Kind.APPROVAL, report.due.due, report.due.done, report.due.failed, report.due.oldest_seconds)
    answer = {**report.due.to_wire(), "deeds": dict(report.done), "adopted": report.adopted}
    logger().info("requests for approval tended", report=answer)
    return answer


def _ports(configured: TendSettings, clock: SystemClock) -> TendPorts:
    return TendPorts(
        campaigns=stores.campaigns(configured),
        posts=stores.posts(configured),
        approvals=stores.approvals(configured),
        active=TableActive(stores.table(configured)),
        engine=StepFunctionsEngine(client("stepfunctions"), ""),
        channels=Channels(
            mailer=SesMailer(client("sesv2"), configured.sender_email, configured.configuration_set),
            chat=SlackChat(client("secretsmanager"), configured.slack_secret_prefix, configured.slack_api_url),
            catalog=stores.catalog(configured),
            keys=SecretKeys(client("secretsmanager"), clock, approval_secret=configured.approval_keys_secret),
            deadline=current_deadline(),
        ),
        alerts=SnsAlerts(client("sns"), configured.alert_topic_arn),
        ids=UlidSource(),
        clock=clock,
        cipher=KmsCipher(client("kms")),
        base_url=lambda: Parameters(client("ssm")).text(configured.approval_base_url_parameter),
    )


def _failed(entry: DueEntry, error: Exception) -> None:
    # Not the error's own words: there may be an address in them.
    logger().error(
        "request for approval not tended",
        error=type(error).__name__,
        tenant_id=entry.key.tenant_id,
        campaign_id=entry.key.campaign_id,
        callback_id=entry.item,
    )
