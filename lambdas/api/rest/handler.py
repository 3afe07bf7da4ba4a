"""Lambda ``api``: every route of the REST API."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.kms_cipher import KmsCipher
from lambdas.adapters.aws.parameters import Parameters
from lambdas.adapters.aws.secret_keys import SecretKeys
from lambdas.adapters.aws.ses_senders import SesSenders
from lambdas.adapters.aws.sfn_executions import StepFunctionsExecutions
from lambdas.adapters.aws.step_functions import StepFunctionsEngine
from lambdas.adapters.stores import QuotaSettings
from lambdas.adapters.system import SystemClock, UlidSource
from lambdas.adapters.table.active_store import TableActive
from lambdas.adapters.telemetry import logger
from lambdas.api.logs import LoggerLog
from lambdas.api.rest.app import Api
from lambdas.api.services import Services
from lambdas.settings import settings


class ApiSettings(QuotaSettings):
    """What BUILD is called, and where the keys of approval links are."""

    build_state_machine_arn: str
    approval_keys_secret: str
    approval_base_url_parameter: str = ""
    """Where the public URL is, for a gateway that does not tell its own domain."""


@cache
def _api() -> Api:
    configured, clock = settings(ApiSettings), SystemClock()
    services = Services(
        campaigns=stores.campaigns(configured),
        posts=stores.posts(configured),
        catalog=stores.catalog(configured),
        senders=SesSenders(client("sesv2")),
        checkpoints=stores.checkpoints(configured),
        approvals=stores.approvals(configured),
        effects=stores.effects(configured),
        executions=StepFunctionsExecutions(client("stepfunctions"), configured.build_state_machine_arn),
        active=TableActive(stores.table(configured)),
        engine=StepFunctionsEngine(client("stepfunctions"), configured.build_state_machine_arn),
        keys=SecretKeys(client("secretsmanager"), clock, approval_secret=configured.approval_keys_secret),
        clock=clock,
        cipher=KmsCipher(client("kms")),
        ids=UlidSource(),
        log=LoggerLog(logger()),
        quota=stores.quota(configured),
        public_url=_public_url,
    )
    return Api(services)


@cache
def _parameters() -> Parameters:
    return Parameters(client("ssm"))


def _public_url() -> str:
    name = settings(ApiSettings).approval_base_url_parameter
    return _parameters().text(name) if name else ""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return _api().handle(event, context)
