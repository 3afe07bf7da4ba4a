"""Step Functions.

Actions: on a state machine ``states:StartExecution`` (start) and ``DescribeStateMachine`` (definition); on its
executions ``DescribeExecution`` (describe), ``StopExecution`` (stop), ``RedriveExecution`` (redrive),
``GetExecutionHistory`` (events) and ``DescribeStateMachineForExecution`` (definition); for the tokens of waiting tasks
``SendTaskSuccess`` (resume), ``SendTaskFailure`` (fail) and ``SendTaskHeartbeat`` (heartbeat).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.domain.errors import ConflictError, GoneError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.workflow import BuildInput, ExecutionStatus
from lambdas.ports.engine import BUILD, ExecutionState, execution_arn, machine_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_UNKNOWN = "ExecutionDoesNotExist"
_INVALID = "ValidationException"
"""The error of, among others, stopping an execution that is over
(docs.aws.amazon.com/step-functions/latest/apireference/ API_StopExecution.html lists the error but not this cause),
so the execution's status is read then."""
_NOT_REDRIVABLE = frozenset({"ExecutionNotRedrivable", _UNKNOWN})
_GONE = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})
"""AWS returns the second one for a task that timed out or was stopped, emulators one of the others."""
_ERROR_CHARS = 256
_CAUSE_CHARS = 2_000
"""SendTaskFailure accepts 256 and 32,768 characters (2026-06, docs.aws.amazon.com/step-functions/latest/apireference);
the cause becomes part of a state, which may have 32 KiB in all."""
_DEFINITIONS = 50
"""Number kept in memory, at about 10 KB each."""


class StepFunctionsEngine:
    """``machines``: for each workflow, the ARN of its state machine, or of a version or an alias of it.

    Executions are started with that ARN; executions of every version can be read.
    """

    def __init__(self, client: "SFNClient", machines: Mapping[str, str]) -> None:
        self._client, self._machines = client, machines
        self._definitions: dict[str, dict[str, Any]] = {}

    @translate_errors()
    def start(self, event: BuildInput, name: str, workflow: str = BUILD) -> str:
        machine, text = self._machines[workflow], json.dumps(event.to_wire())
        try:
            return self._client.start_execution(stateMachineArn=machine, name=name, input=text)["executionArn"]
        except ClientError as error:
            # Raised for a finished execution of that name, or another input. The campaign's id is unique, so the
            # execution is the campaign's.
            if error_code(error) != "ExecutionAlreadyExists":
                raise
            return self.arn_of(name, workflow)

    def arn_of(self, name: str, workflow: str = BUILD) -> str:
        return execution_arn(self._machines[workflow], name)

    @translate_errors()
    def describe(self, arn: str) -> ExecutionState | None:
        try:
            found = self._client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error_code(error) != _UNKNOWN:
                raise
            return None
        status = ExecutionStatus(found["status"])
        return ExecutionState(
            arn=arn,
            status=status,
            started_at=found.get("startDate"),
            stopped_at=found.get("stopDate"),
            error=found.get("error"),
            cause=(found.get("cause") or "")[:_CAUSE_CHARS] or None,
            # After a catch the state to continue from would be Failed: redriving only helps if no catch has run.
            redrivable=found.get("redriveStatus") == "REDRIVABLE"
            and status in (ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT),
            version_arn=found.get("stateMachineVersionArn"),
        )

    @translate_errors()
    def redrive(self, arn: str) -> None:
        # Each request has a new client token, made by the SDK: for 15 minutes the engine accepts a known token without
        # redriving anything, and an execution may be interrupted twice in that time.
        try:
            self._client.redrive_execution(executionArn=arn)
        except ClientError as error:
            if error_code(error) not in _NOT_REDRIVABLE:
                raise
            raise ConflictError(f"the execution cannot be redriven: {error_code(error)}") from error

    @translate_errors()
    def stop(self, arn: str, reason: str) -> None:
        try:
            self._client.stop_execution(executionArn=arn, error="Stopped", cause=reason)
        except ClientError as error:
            code = error_code(error)
            if code == _UNKNOWN or (code == _INVALID and self._has_ended(arn)):
                return
            raise

    def _has_ended(self, arn: str) -> bool:
        found = self.describe(arn)
        return found is None or not found.is_live

    @translate_errors()
    def events(self, arn: str) -> list[Mapping[str, Any]]:
        paginator = self._client.get_paginator("get_execution_history")
        try:
            pages = list(paginator.paginate(executionArn=arn, includeExecutionData=False))
        except ClientError as error:
            if error_code(error) != _UNKNOWN:
                raise
            return []
        return [event for page in pages for event in page["events"]]

    def definition(self, arn: str, version_arn: str | None) -> dict[str, Any]:
        # A version never changes. DescribeStateMachine may be called 20 times a second,
        # DescribeStateMachineForExecution once (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
        key = version_arn or arn
        if key not in self._definitions:
            if len(self._definitions) >= _DEFINITIONS:
                self._definitions.clear()
            self._definitions[key] = json.loads(self._definition_text(arn, version_arn))
        return self._definitions[key]

    @translate_errors()
    def _definition_text(self, arn: str, version_arn: str | None) -> str:
        if version_arn:
            try:
                return self._client.describe_state_machine(stateMachineArn=version_arn)["definition"]
            except ClientError as error:
                if error_code(error) != "StateMachineDoesNotExist":  # a version that was deleted
                    raise
        try:
            return self._client.describe_state_machine_for_execution(executionArn=arn)["definition"]
        except ClientError as error:
            if error_code(error) != _UNKNOWN:
                raise
            return self._client.describe_state_machine(stateMachineArn=machine_of(arn))["definition"]

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
