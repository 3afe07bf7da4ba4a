"""Parameters from Systems Manager. Action: ``ssm:GetParameter``."""

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SSMProvider

from lambdas.adapters.aws.clients import translate_errors
from lambdas.domain.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_SECONDS = 300


class Parameters:
    def __init__(self, client: "SSMClient") -> None:
        self._provider = SSMProvider(boto3_client=client)

    @translate_errors()
    def text(self, name: str) -> str:
        """The parameter's value, at most five minutes old. Raises ``NotFoundError`` for an empty one."""
        value = self._provider.get(name, max_age=KEPT_SECONDS)
        if not value:
            raise NotFoundError(f"the parameter {name} is empty")
        return str(value)
