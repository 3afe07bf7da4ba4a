"""Lambda ``api``: every route of the REST API."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.api.rest.app import Api
from lambdas.bootstrap import load, ports_for
from lambdas.settings import EngineSettings, LinkSettings, QuotaSettings, TableSettings


class ApiSettings(TableSettings, QuotaSettings, EngineSettings, LinkSettings):
    """It accepts campaigns, starts BUILD, and checks reviewers' links."""

    approval_base_url_parameter: str = ""
    """For a gateway that does not pass its own domain name."""


load(ApiSettings, approvals=True)


@cache
def _api() -> Api:
    return Api(ports_for(ApiSettings))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return _api().handle(event, context)
