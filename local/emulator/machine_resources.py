"""CloudFormation makes versions and aliases of state machines, as on AWS.

ministack's Step Functions has both, and its CloudFormation neither. Adds ``AWS::StepFunctions::StateMachineVersion``
and ``…StateMachineAlias`` to ``provisioners._RESOURCE_HANDLERS``, which call the actions of ``stepfunctions``.
"""

import json
from collections.abc import Mapping
from typing import Any

from local.emulator.pinned import EmulatorChangedError

VERSION, ALIAS = "AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"
_ACTIONS = (
    "_publish_state_machine_version",
    "_delete_state_machine_version",
    "_create_state_machine_alias",
    "_update_state_machine_alias",
    "_delete_state_machine_alias",
)

Properties = Mapping[str, Any]
Result = tuple[str, dict[str, Any]]


def install(provisioners: Any, stepfunctions: Any) -> None:
    for name in _ACTIONS:
        if not callable(getattr(stepfunctions, name, None)):
            raise EmulatorChangedError(f"stepfunctions.{name} is gone")
    if {VERSION, ALIAS} & set(provisioners._RESOURCE_HANDLERS):
        raise EmulatorChangedError("CloudFormation knows versions and aliases of state machines by itself")
    versions, aliases = Versions(stepfunctions), Aliases(stepfunctions)
    provisioners._RESOURCE_HANDLERS[VERSION] = {
        "create": versions.create,
        "update": versions.replace,
        "delete": versions.delete,
    }
    provisioners._RESOURCE_HANDLERS[ALIAS] = {
        "create": aliases.create,
        "update": aliases.update,
        "delete": aliases.delete,
    }


class _Handlers:
    """A refused action fails the resource, with the service's own words."""

    def __init__(self, stepfunctions: Any) -> None:
        self._stepfunctions = stepfunctions

    def _call(self, action: str, request: Properties) -> dict[str, Any]:
        status, _, body = getattr(self._stepfunctions, action)(dict(request))
        answer: dict[str, Any] = json.loads(body)
        if status >= 400:
            raise ValueError(f"{action.strip('_')}: {answer.get('message') or answer}")
        return answer


class Versions(_Handlers):
    """Every property of a version needs another version; what becomes of the one before is the template's to say."""

    def create(self, _logical_id: str, props: Properties, _stack_name: str) -> Result:
        request = {"stateMachineArn": props["StateMachineArn"], "description": props.get("Description", "")}
        if "StateMachineRevisionId" in props:
            request["revisionId"] = props["StateMachineRevisionId"]
        arn: str = self._call("_publish_state_machine_version", request)["stateMachineVersionArn"]
        return arn, {"Arn": arn}

    def replace(self, physical_id: str, _old: Properties, new: Properties, stack_name: str) -> Result:
        return self.create(physical_id, new, stack_name)

    def delete(self, physical_id: str, _props: Properties) -> None:
        self._call("_delete_state_machine_version", {"stateMachineVersionArn": physical_id})


class Aliases(_Handlers):
    def create(self, _logical_id: str, props: Properties, _stack_name: str) -> Result:
        request = {"name": props["Name"], **_pointed(props)}
        arn: str = self._call("_create_state_machine_alias", request)["stateMachineAliasArn"]
        return arn, {"Arn": arn}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack_name: str) -> Result:
        if old["Name"] != new["Name"]:
            raise ValueError("an alias of a state machine keeps its name")
        self._call("_update_state_machine_alias", {"stateMachineAliasArn": physical_id, **_pointed(new)})
        return physical_id, {"Arn": physical_id}

    def delete(self, physical_id: str, _props: Properties) -> None:
        self._call("_delete_state_machine_alias", {"stateMachineAliasArn": physical_id})


def _pointed(props: Properties) -> dict[str, Any]:
    if "RoutingConfiguration" not in props:
        raise ValueError("only an alias with a RoutingConfiguration can be made here")
    routes = [
        {"stateMachineVersionArn": entry["StateMachineVersionArn"], "weight": int(entry["Weight"])}
        for entry in props["RoutingConfiguration"]
    ]
    return {"description": props.get("Description", ""), "routingConfiguration": routes}
