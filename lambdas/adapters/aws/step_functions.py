"""Step Functions.

Actions: ``states:StartExecution`` on the BUILD state machine (start_build), ``states:SendTaskSuccess`` (resume),
``states:SendTaskFailure`` (fail) and ``states:SendTaskHeartbeat`` (heartbeat).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.domain.errors import GoneError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.workflow import BuildInput
from lambdas.ports.engine import execution_arn

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_GONE = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})
"""AWS says the second for a task that timed out or was stopped, emulators one of the others."""
_ERROR_CHARS = 256
_CAUSE_CHARS = 2_000
"""SendTaskFailure takes 256 and 32,768 (2026-06, docs.aws.amazon.com/step-functions/latest/apireference); the cause
travels on as part of a state, which may have 32 KiB in all."""


class StepFunctionsEngine:
    """``build_state_machine_arn`` is that of BUILD, of one of its versions, or of an alias of one."""

    def __init__(self, client: "SFNClient", build_state_machine_arn: str) -> None:
        self._client = client
        self._build = build_state_machine_arn

    @translate_errors()
    def start_build(self, event: BuildInput) -> str:
        name, text = str(event.campaign_id), json.dumps(event.to_wire())
        try:
            return self._client.start_execution(stateMachineArn=self._build, name=name, input=text)["executionArn"]
        except ClientError as error:
            # For a finished execution of that name, or another input. The campaign's id is ours either way.
            if error_code(error) != "ExecutionAlreadyExists":
                raise
            return execution_arn(self._build, name)

    def resume(self, token: TaskToken, output: dict[str, object]) -> None:
        with _waiting():
            self._client.send_task_success(taskToken=token, output=json.dumps(output))

    def fail(self, token: TaskToken, error: str, cause: str) -> None:
        with _waiting():
            self._client.send_task_failure(taskToken=token, error=error[:_ERROR_CHARS], cause=cause[:_CAUSE_CHARS])

    def heartbeat(self, token: TaskToken) -> None:
        with _waiting():
            self._client.send_task_heartbeat(taskToken=token)


@contextmanager
def _waiting() -> Iterator[None]:
    try:
        with translate_errors():
            yield
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        raise GoneError("nobody waits for this decision any more") from error
