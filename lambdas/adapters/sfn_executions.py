"""Executions of BUILD in Step Functions.

Actions: on the state machine ``states:StartExecution`` (start), ``ListExecutions`` (running) and
``DescribeStateMachine`` (definition); on its executions ``DescribeExecution`` (describe), ``StopExecution`` (stop),
``RedriveExecution`` (redrive), ``GetExecutionHistory`` (events) and ``DescribeStateMachineForExecution`` (definition).
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws import error_code, translate_errors
from lambdas.core.errors import ConflictError
from lambdas.core.executions import ExecutionState, execution_arn, machine_arn
from lambdas.core.graph.model import ExecutionStatus
from lambdas.core.models.workflow import BuildInput

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_UNKNOWN = "ExecutionDoesNotExist"
_NOT_REDRIVABLE = frozenset({"ExecutionNotRedrivable", _UNKNOWN})
_CAUSE_CHARS = 2_000


class StepFunctionsExecutions:
    """``build_state_machine_arn`` is that of BUILD, of one of its versions, or of an alias of one.

    Executions are started as what it names; looked for are those of every version.
    """

    def __init__(self, client: "SFNClient", build_state_machine_arn: str) -> None:
        self._client = client
        self._start, self._machine = build_state_machine_arn, machine_arn(build_state_machine_arn)

    def arn_of(self, name: str) -> str:
        return execution_arn(self._machine, name)

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
            # After a catch the state to go on from would be Failed: redriving helps only where none has run.
            redrivable=found.get("redriveStatus") == "REDRIVABLE"
            and status in (ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT),
        )

    @translate_errors()
    def running(self) -> set[str]:
        pages = self._client.get_paginator("list_executions").paginate(
            stateMachineArn=self._machine, statusFilter="RUNNING"
        )
        return {execution["name"] for page in pages for execution in page["executions"]}

    @translate_errors()
    def start(self, event: BuildInput, name: str) -> str:
        text = json.dumps(event.to_wire())
        try:
            return self._client.start_execution(stateMachineArn=self._start, name=name, input=text)["executionArn"]
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise
            return self.arn_of(name)

    @translate_errors()
    def redrive(self, arn: str) -> None:
        # Each with a token of its own, which the SDK makes: for 15 minutes the engine answers a token it has seen
        # without redriving anything, and an execution may well be interrupted twice in that time.
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
            if error_code(error) != _UNKNOWN:
                raise

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

    @translate_errors()
    def definition(self, arn: str) -> dict[str, Any]:
        try:
            text = self._client.describe_state_machine_for_execution(executionArn=arn)["definition"]
        except ClientError as error:
            if error_code(error) != _UNKNOWN:
                raise
            text = self._client.describe_state_machine(stateMachineArn=self._machine)["definition"]
        parsed: dict[str, Any] = json.loads(text)
        return parsed
