"""Versions and aliases of state machines: CloudFormation creates them, and an execution keeps the version it started
with.

ministack's Step Functions has both, but always runs the machine's current definition; its CloudFormation has neither.
"""

import functools
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from local.emulator.patch import ABSENT, Emulator, patch

_VERSIONS = "docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html"
_CFN_VERSION = (
    "docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachineversion.html"
)
_CFN_ALIAS = (
    "docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachinealias.html"
)

VERSION, ALIAS = "AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"
_NOTED = ("stateMachineVersionArn", "stateMachineAliasArn")

Request = Mapping[str, Any]
Action = Callable[[Request], Any]
Result = tuple[str, dict[str, Any]]

_running: ContextVar[str | None] = ContextVar("running_version", default=None)
"""The version that this thread's execution runs. A thread started for an execution gets a copy of the context."""


@patch("services.stepfunctions", "_state_machines", "62c53f1c", aws=_VERSIONS)
def as_published(machines: Any, emulator: Emulator) -> Any:
    """The same machines, except that the running version's machine is as it was published."""
    versions = emulator.module("services.stepfunctions")._state_machine_versions

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


@patch("services.stepfunctions", "_start_execution", "9923282f", aws=_VERSIONS)
def start_as_version(original: Any, emulator: Emulator) -> Action:
    """An execution started with a version or an alias runs that version, and stores both."""
    stepfunctions = emulator.module("services.stepfunctions")

    def version_of(request: Request) -> str | None:
        version: str | None = stepfunctions._execution_version_arn(request.get("stateMachineArn"))
        return version

    start = _as_version(original, version_of)

    @functools.wraps(original)
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


@patch("services.stepfunctions", "_describe_execution", "c3ad294a", aws=_VERSIONS)
def tell_the_version(original: Any, emulator: Emulator) -> Action:
    """``DescribeExecution`` returns the version and the alias."""
    stepfunctions = emulator.module("services.stepfunctions")

    @functools.wraps(original)
    def describe_execution(request: Request) -> Any:
        status, headers, body = original(request)
        execution = _execution(stepfunctions, request)
        noted = {name: execution[name] for name in _NOTED if name in execution}
        if noted:
            body = json.dumps({**json.loads(body), **noted}).encode()
        return status, headers, body

    return describe_execution


@patch("services.stepfunctions", "_describe_state_machine_for_execution", "a5ed57e0", aws=_VERSIONS)
def machine_of_an_execution(original: Any, emulator: Emulator) -> Action:
    """``DescribeStateMachineForExecution`` returns the definition that the execution runs."""
    stepfunctions = emulator.module("services.stepfunctions")
    return _as_version(original, lambda request: _execution(stepfunctions, request).get("stateMachineVersionArn"))


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


@patch("services.cloudformation.provisioners", f"_RESOURCE_HANDLERS.{VERSION}", ABSENT, aws=_CFN_VERSION)
def versions_as_resources(_original: None, emulator: Emulator) -> dict[str, Any]:
    """Any changed property of a version requires a new version; the template decides about the previous one."""
    call = _caller(emulator)

    def create(_logical_id: str, props: Request, _stack_name: str) -> Result:
        request = {"stateMachineArn": props["StateMachineArn"], "description": props.get("Description", "")}
        if "StateMachineRevisionId" in props:
            request["revisionId"] = props["StateMachineRevisionId"]
        arn: str = call("_publish_state_machine_version", request)["stateMachineVersionArn"]
        return arn, {"Arn": arn}

    def replace(physical_id: str, _old: Request, new: Request, stack_name: str) -> Result:
        return create(physical_id, new, stack_name)

    def delete(physical_id: str, _props: Request) -> None:
        call("_delete_state_machine_version", {"stateMachineVersionArn": physical_id})

    return {"create": create, "update": replace, "delete": delete}


@patch("services.cloudformation.provisioners", f"_RESOURCE_HANDLERS.{ALIAS}", ABSENT, aws=_CFN_ALIAS)
def aliases_as_resources(_original: None, emulator: Emulator) -> dict[str, Any]:
    """An alias is moved in place and keeps its name."""
    call = _caller(emulator)

    def create(_logical_id: str, props: Request, _stack_name: str) -> Result:
        request = {"name": props["Name"], **_pointed(props)}
        arn: str = call("_create_state_machine_alias", request)["stateMachineAliasArn"]
        return arn, {"Arn": arn}

    def update(physical_id: str, old: Request, new: Request, _stack_name: str) -> Result:
        if old["Name"] != new["Name"]:
            raise ValueError("an alias of a state machine keeps its name")
        call("_update_state_machine_alias", {"stateMachineAliasArn": physical_id, **_pointed(new)})
        return physical_id, {"Arn": physical_id}

    def delete(physical_id: str, _props: Request) -> None:
        call("_delete_state_machine_alias", {"stateMachineAliasArn": physical_id})

    return {"create": create, "update": update, "delete": delete}


def _caller(emulator: Emulator) -> Callable[[str, Request], dict[str, Any]]:
    """Calls an action of Step Functions. If it is refused, the resource fails with the service's message."""
    stepfunctions = emulator.module("services.stepfunctions")

    def call(action: str, request: Request) -> dict[str, Any]:
        status, _, body = getattr(stepfunctions, action)(dict(request))
        answer: dict[str, Any] = json.loads(body)
        if status >= 400:
            raise ValueError(f"{action.strip('_')}: {answer.get('message') or answer}")
        return answer

    return call


def _pointed(props: Request) -> dict[str, Any]:
    if "RoutingConfiguration" not in props:
        raise ValueError("only an alias with a RoutingConfiguration can be made here")
    routes = [
        {"stateMachineVersionArn": entry["StateMachineVersionArn"], "weight": int(entry["Weight"])}
        for entry in props["RoutingConfiguration"]
    ]
    return {"description": props.get("Description", ""), "routingConfiguration": routes}
