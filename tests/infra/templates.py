"""Reading synthesised templates: resources by type, and CloudFormation's intrinsic functions as plain text."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

Properties = dict[str, Any]


def text(value: Any) -> str:
    """A value as one string: ``{Ref: X}`` is ``<X>``, ``Fn::GetAtt`` ``<X.Attribute>``, an import ``<export>``."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(text, value))
    ((name, argument),) = value.items()
    match name:
        case "Ref" | "Fn::ImportValue" | "Fn::Sub":
            return f"<{text(argument)}>"
        case "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        case "Fn::Join":
            return str(argument[0]).join(map(text, argument[1]))
        case _:
            return f"<{name}: {text(argument) if isinstance(argument, (str, dict)) else json.dumps(argument)}>"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class Assembly:
    """The three templates of one synthesis. ``options`` is the CDK context it was made with."""

    def __init__(self, directory: Path, options: Mapping[str, str]) -> None:
        self.directory = directory
        self.options = options
        self.prefix = options.get("prefix", "")

    @cached_property
    def templates(self) -> dict[str, Properties]:
        """By file, in full."""
        paths = sorted(self.directory.glob("*.template.json"))
        return {path.name.removesuffix(".template.json"): json.loads(path.read_text()) for path in paths}

    def resources(self, kind: str) -> dict[str, Properties]:
        """The resources of a type, of all stacks, by logical id: their properties."""
        return {
            logical_id: resource.get("Properties", {})
            for template in self.templates.values()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def only(self, kind: str) -> Properties:
        (found,) = self.resources(kind).values()
        return found

    @cached_property
    def functions(self) -> dict[str, Properties]:
        """The Lambdas by their names, less the prefix."""
        found = self.resources("AWS::Lambda::Function").values()
        return {function["FunctionName"].removeprefix(self.prefix): function for function in found}

    def name_of(self, arn: Any) -> str:
        """Which Lambda an ARN in a template stands for."""
        (logical_id,) = {owner for part, owner in self._called.items() if part in text(arn)}
        name = self.resources("AWS::Lambda::Function")[logical_id]["FunctionName"]
        return str(name).removeprefix(self.prefix)

    @cached_property
    def _called(self) -> dict[str, str]:
        """How a template spells a Lambda, a version or an alias of one: the Lambda's logical id."""
        spelt = {f"<{logical_id}.Arn>": logical_id for logical_id in self.resources("AWS::Lambda::Function")}
        for kind in ("AWS::Lambda::Version", "AWS::Lambda::Alias"):
            for logical_id, properties in self.resources(kind).items():
                spelt[f"<{logical_id}>"] = text(properties["FunctionName"]).strip("<>")
        return spelt

    def statements(self, role: Any) -> list[Properties]:
        """What the inline and attached policies of a role say, ``{Fn::GetAtt: [role, Arn]}``."""
        logical_id = text(role).strip("<>").removesuffix(".Arn")
        properties = self.resources("AWS::IAM::Role")[logical_id]
        assert "ManagedPolicyArns" not in properties, f"{logical_id} has policies that are not ours"
        attached = [
            policy
            for policy in self.resources("AWS::IAM::Policy").values()
            if f"<{logical_id}>" in [text(name) for name in policy["Roles"]]
        ]
        documents = [policy["PolicyDocument"] for policy in [*attached, *properties.get("Policies", [])]]
        return [statement for document in documents for statement in document["Statement"]]

    @cached_property
    def build(self) -> Properties:
        """The definition of BUILD, with references as ``text`` spells them."""
        definition: Properties = json.loads(text(self.only("AWS::StepFunctions::StateMachine")["DefinitionString"]))
        return definition

    @cached_property
    def states(self) -> dict[str, Properties]:
        """Every state of BUILD by name, those inside the map too."""
        return _states(self.build)

    @cached_property
    def tasks(self) -> dict[str, Properties]:
        return {name: state for name, state in self.states.items() if state["Type"] == "Task"}


def _states(machine: Properties) -> dict[str, Properties]:
    found = dict(machine["States"])
    for state in machine["States"].values():
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            found |= _states(inner) if inner else {}
    return found
