"""Lambda ``tend-approvals``: once a minute, whatever is due of the requests that are open."""

from typing import Any

from lambdas.adapters import stores
from lambdas.adapters.aws import client
from lambdas.adapters.kms_cipher import KmsCipher
from lambdas.adapters.parameters import Parameters
from lambdas.adapters.secret_keys import SecretKeys
from lambdas.adapters.ses_mailer import SesMailer
from lambdas.adapters.slack_chat import API, SlackChat
from lambdas.adapters.sns_alerts import SnsAlerts
from lambdas.adapters.step_functions import StepFunctionsEngine
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock, UlidSource
from lambdas.adapters.telemetry import count, logger
from lambdas.core.inviting import Channels
from lambdas.core.settings import settings
from lambdas.ops.tend_approvals.logic import TendPorts, tend_all


class TendSettings(TableSettings):
    """Where the signing keys and the public base URL are, who mails come from, where Slack is, and who is alerted."""

    approval_keys_secret: str
    approval_base_url_parameter: str
    sender_email: str
    configuration_set: str
    slack_secret_prefix: str
    slack_api_url: str = API
    alert_topic_arn: str


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    configured, clock = settings(TendSettings), SystemClock()
    ports = TendPorts(
        campaigns=stores.campaigns(configured),
        posts=stores.posts(configured),
        approvals=stores.approvals(configured),
        engine=StepFunctionsEngine(client("stepfunctions"), ""),
        channels=Channels(
            mailer=SesMailer(client("sesv2"), configured.sender_email, configured.configuration_set),
            chat=SlackChat(client("secretsmanager"), configured.slack_secret_prefix, configured.slack_api_url),
            catalog=stores.catalog(configured),
            keys=SecretKeys(client("secretsmanager"), clock, approval_secret=configured.approval_keys_secret),
        ),
        alerts=SnsAlerts(client("sns"), configured.alert_topic_arn),
        ids=UlidSource(),
        clock=clock,
        cipher=KmsCipher(client("kms")),
        base_url=lambda: Parameters(client("ssm")).text(configured.approval_base_url_parameter),
    )
    report = tend_all(ports)
    for error in report.errors:
        logger().error("request for approval not tended", error=type(error).__name__)
    done = dict(report.done)
    for deed, times in done.items():
        count("ApprovalsTended", times, Deed=deed)
    logger().info("requests for approval tended", open=report.open, done=done, failed=len(report.errors))
    return {"open": report.open, "done": done, "failed": len(report.errors)}
