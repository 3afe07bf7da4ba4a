"""Lambda ``build-campaign``: the direct way to start a campaign."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.step_functions import StepFunctionsEngine
from lambdas.adapters.stores import QuotaSettings
from lambdas.adapters.system import SystemClock, UlidSource
from lambdas.adapters.telemetry import logger
from lambdas.api.build_campaign.invocation import invoke
from lambdas.api.logs import LoggerLog
from lambdas.services.submission import Intake
from lambdas.settings import settings


class BuildCampaignSettings(QuotaSettings):
    """What BUILD is called."""

    build_state_machine_arn: str


@cache
def _intake() -> Intake:
    configured = settings(BuildCampaignSettings)
    return Intake(
        campaigns=stores.campaigns(configured),
        catalog=stores.catalog(configured),
        engine=StepFunctionsEngine(client("stepfunctions"), configured.build_state_machine_arn),
        clock=SystemClock(),
        ids=UlidSource(),
        security=LoggerLog(logger()),
        quota=stores.quota(configured),
    )


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    return invoke(event, _intake(), LoggerLog(logger()), request_id=context.aws_request_id)
