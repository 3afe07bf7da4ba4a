"""Parameters from Systems Manager. Action: ``ssm:GetParameter``."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from lambdas.adapters.aws.clients import translate_errors
from lambdas.domain.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_SECONDS = 300.0


class Parameters:
    def __init__(self, client: "SSMClient", clock: Callable[[], float] = monotonic) -> None:
        self._client, self._clock = client, clock
        self._read: dict[str, tuple[str, float]] = {}

    @translate_errors()
    def text(self, name: str) -> str:
        """The parameter's value, at most five minutes old. Raises ``NotFoundError`` for an empty one."""
        value, until = self._read.get(name, ("", 0.0))
        if not value or until <= self._clock():
            value = self._client.get_parameter(Name=name)["Parameter"]["Value"]
            self._read[name] = value, self._clock() + KEPT_SECONDS
        if not value:
            raise NotFoundError(f"the parameter {name} is empty")
        return value
