"""An execution runs the version it was started as, and IAM is asked about the machine itself, as on AWS.

ministack runs what the machine is now, whichever version or alias an execution is started as. Here the machine of
such an execution is, for the thread that runs it, as it was published: ``stepfunctions._state_machines`` is replaced
by a view that answers so. Wraps ``_start_execution``, which also notes version and alias on the execution, and
``_describe_execution`` and ``_describe_state_machine_for_execution``, which tell them.

And it asks IAM about the qualified ARN, where AWS asks about the state machine's
(docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html): wraps ``iam_actions.extract_resource_arn``.
"""

import functools
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_NOTED = ("stateMachineVersionArn", "stateMachineAliasArn")
_MACHINE_ARN_PARTS = 7
_WRAPPED = ("_start_execution", "_describe_execution", "_describe_state_machine_for_execution")

Request = Mapping[str, Any]
Action = Callable[[Request], Any]

_running: ContextVar[str | None] = ContextVar("running_version", default=None)
"""The version that this thread's execution runs. A thread started for an execution gets a copy of the context."""


def install(stepfunctions: Any, iam_actions: Any) -> None:
    for name in (*_WRAPPED, "_execution_version_arn"):
        if not callable(getattr(stepfunctions, name, None)):
            raise EmulatorChangedError(f"stepfunctions.{name} is gone")
    stepfunctions._state_machines = _view(stepfunctions._state_machines, stepfunctions._state_machine_versions)
    stepfunctions._start_execution = _starting(stepfunctions)
    stepfunctions._describe_execution = _describing(stepfunctions)
    stepfunctions._describe_state_machine_for_execution = _as_version(
        stepfunctions._describe_state_machine_for_execution,
        lambda request: _execution(stepfunctions, request).get("stateMachineVersionArn"),
    )
    authorise(iam_actions)


def _view(machines: Any, versions: Any) -> Any:
    """The same machines, but for the one that a version runs of: it is as it was published."""

    class AsPublished(type(machines)):  # type: ignore[misc]  # the class is ministack's and untyped
        __slots__ = ()

        def get(self, key: str, default: Any = None) -> Any:
            machine, version = super().get(key, default), versions.get(_running.get())
            if machine is None or version is None or version["stateMachineArn"] != key:
                return machine
            return {**machine, "definition": version["definition"], "roleArn": version["roleArn"]}

    view = AsPublished()
    view._data = machines._data
    return view


def _as_version(action: Action, version_of: Callable[[Request], str | None]) -> Action:
    """``action`` as it answers an execution of that version."""

    @functools.wraps(action)
    def run(request: Request) -> Any:
        reset = _running.set(version_of(request))
        try:
            return action(request)
        finally:
            _running.reset(reset)

    return run


def _execution(stepfunctions: Any, request: Request) -> dict[str, Any]:
    return stepfunctions._executions.get(request.get("executionArn")) or {}


def _starting(stepfunctions: Any) -> Action:
    def version_of(request: Request) -> str | None:
        version: str | None = stepfunctions._execution_version_arn(request.get("stateMachineArn"))
        return version

    start = _as_version(stepfunctions._start_execution, version_of)

    def start_execution(request: Request) -> Any:
        status, headers, body = start(request)
        version, asked = version_of(request), request.get("stateMachineArn")
        if status < 400 and version:
            execution = stepfunctions._executions[json.loads(body)["executionArn"]]
            execution["stateMachineVersionArn"] = version
            if asked != version:
                execution["stateMachineAliasArn"] = asked
        return status, headers, body

    return start_execution


def _describing(stepfunctions: Any) -> Action:
    describe = stepfunctions._describe_execution

    @functools.wraps(describe)
    def describe_execution(request: Request) -> Any:
        status, headers, body = describe(request)
        execution = _execution(stepfunctions, request)
        noted = {name: execution[name] for name in _NOTED if name in execution}
        if noted:
            body = json.dumps({**json.loads(body), **noted}).encode()
        return status, headers, body

    return describe_execution


def unqualified(arn: str) -> str:
    """The state machine of a version or an alias; any other ARN as it is."""
    parts = arn.split(":")
    return ":".join(parts[:_MACHINE_ARN_PARTS]) if parts[5:6] == ["stateMachine"] else arn


def authorise(iam_actions: Any) -> None:
    resource_of = getattr(iam_actions, "extract_resource_arn", None)
    if not callable(resource_of):
        raise EmulatorChangedError("iam_actions.extract_resource_arn is gone")

    @functools.wraps(resource_of)
    def extract_resource_arn(service: str, *request: Any) -> str:
        arn = str(resource_of(service, *request))
        return unqualified(arn) if service == "states" else arn

    iam_actions.extract_resource_arn = extract_resource_arn
