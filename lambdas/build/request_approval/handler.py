"""Lambda ``request-approval``.

It runs inside a task that waits for its token. Not every engine fails such a task when its Lambda fails, so the
handler answers the token itself: the error then reaches the state's Retry and Catch by its class name.
"""

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
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock, UlidSource
from lambdas.adapters.table.attempt import current_deadline
from lambdas.adapters.telemetry import logger
from lambdas.build.request_approval.logic import ApprovalPorts, request_approval
from lambdas.domain.errors import GoneError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.workflow import RequestApprovalEvent, StatusResult
from lambdas.services.notify import Channels


class RequestApprovalSettings(TableSettings):
    """Where the signing keys and the public base URL are, who mails come from, and where Slack is."""

    approval_keys_secret: str
    approval_base_url_parameter: str
    sender_email: str
    configuration_set: str
    slack_secret_prefix: str
    slack_api_url: str = API
    token_key_id: str
    """With which the task token is sealed."""
    alert_topic_arn: str


@step("RequestApproval", RequestApprovalEvent, RequestApprovalSettings, stores.checkpoints)
def ask(event: RequestApprovalEvent, settings: RequestApprovalSettings) -> StatusResult:
    clock = SystemClock()
    ports = ApprovalPorts(
        campaigns=stores.campaigns(settings),
        posts=stores.posts(settings),
        approvals=stores.approvals(settings),
        channels=Channels(
            mailer=SesMailer(client("sesv2"), settings.sender_email, settings.configuration_set),
            chat=SlackChat(client("secretsmanager"), settings.slack_secret_prefix, settings.slack_api_url),
            catalog=stores.catalog(settings),
            keys=SecretKeys(client("secretsmanager"), clock, approval_secret=settings.approval_keys_secret),
            deadline=current_deadline(),
        ),
        engine=StepFunctionsEngine(client("stepfunctions"), ""),
        ids=UlidSource(),
        clock=clock,
        cipher=KmsCipher(client("kms"), settings.token_key_id),
        alerts=SnsAlerts(client("sns"), settings.alert_topic_arn),
    )
    base_url = Parameters(client("ssm")).text(settings.approval_base_url_parameter)
    return request_approval(event, ports, base_url)


def handler(raw: dict[str, Any], context: object) -> dict[str, Any]:
    try:
        return ask(raw, context)
    except Exception as error:
        token = raw.get("taskToken")
        if not isinstance(token, str):
            raise
        try:
            StepFunctionsEngine(client("stepfunctions"), "").fail(TaskToken(token), type(error).__name__, str(error))
        except GoneError:
            logger().info("nobody waits for this token any more; the error is in the log above")
        raise
