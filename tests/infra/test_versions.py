"""Safe deployment: what is started names versions, who starts calls the alias, and no version is taken away."""

import re

import pytest

from stacks.functions import LIVE
from tests.infra.templates import Assembly, Properties, listed, text

VERSIONS = {"AWS::Lambda::Version", "AWS::StepFunctions::StateMachineVersion"}


def whole(assembly: Assembly, kinds: set[str]) -> dict[str, Properties]:
    """The resources of some types with their policies and all."""
    return {
        logical_id: resource
        for template in assembly.templates.values()
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in kinds
    }


def test_every_lambda_has_a_version_and_the_alias_that_names_it(both: Assembly) -> None:
    versions, aliases = both.resources("AWS::Lambda::Version"), both.resources("AWS::Lambda::Alias")
    assert sorted(both.name_of(f"<{version}>") for version in versions) == sorted(both.functions)
    assert {text(alias["FunctionVersion"]) for alias in aliases.values()} == {f"<{v}.Version>" for v in versions}
    for logical_id, alias in aliases.items():
        assert alias["Name"] == LIVE
        (version,) = re.findall(r"<(\w+)\.Version>", text(alias["FunctionVersion"]))
        assert both.name_of(f"<{logical_id}>") == both.name_of(f"<{version}>")


def test_no_version_goes_with_the_next_deployment(both: Assembly) -> None:
    found = whole(both, VERSIONS)
    assert len(found) == len(both.functions) + 1
    for logical_id, resource in found.items():
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain"), logical_id


def test_changed_code_is_another_version(local: Assembly, aws: Assembly) -> None:
    """CDK puts a hash of the function and its code into the version's name, so CloudFormation makes a new one."""
    names = [set(assembly.resources("AWS::Lambda::Version")) for assembly in (local, aws)]
    assert not names[0] & names[1]


def test_the_definition_names_versions(both: Assembly) -> None:
    for name, task in both.tasks.items():
        called = task["Parameters"]["FunctionName"] if "FunctionName" in task["Parameters"] else task["Resource"]
        assert re.fullmatch(r"<\w+FunctionCurrentVersion\w+>", called), name


def test_the_machine_is_published_and_live_is_all_of_the_newest_version(both: Assembly) -> None:
    (machine,) = both.resources("AWS::StepFunctions::StateMachine")
    ((version_id, version),) = both.resources("AWS::StepFunctions::StateMachineVersion").items()
    assert text(version["StateMachineArn"]) == f"<{machine}>"
    assert text(version["StateMachineRevisionId"]) == f"<{machine}.StateMachineRevisionId>"
    alias = both.only("AWS::StepFunctions::StateMachineAlias")
    (route,) = alias["RoutingConfiguration"]
    assert (alias["Name"], text(route["StateMachineVersionArn"]), route["Weight"]) == (LIVE, f"<{version_id}>", 100)


@pytest.mark.parametrize("name", ["api", "build-campaign", "reconcile"])
def test_executions_are_started_through_the_alias(name: str, both: Assembly) -> None:
    (alias,) = both.resources("AWS::StepFunctions::StateMachineAlias")
    assert alias in text(both.functions[name]["Environment"]["Variables"]["BUILD_STATE_MACHINE_ARN"])


def test_the_gateway_and_the_rules_call_the_alias(both: Assembly) -> None:
    aliases = set(both.resources("AWS::Lambda::Alias"))
    called = [method["Integration"]["Uri"] for method in both.resources("AWS::ApiGateway::Method").values()]
    called.append(both.only("AWS::ApiGateway::Authorizer")["AuthorizerUri"])
    called += [target["Arn"] for rule in both.resources("AWS::Events::Rule").values() for target in rule["Targets"]]
    called += [permission["FunctionName"] for permission in both.resources("AWS::Lambda::Permission").values()]
    for arn in called:
        assert set(re.findall(r"<(\w+Function\w+)>", text(arn))) <= aliases, arn
        assert any(f"<{alias}>" in text(arn) for alias in aliases), arn


def test_running_executions_may_go_on_calling_the_versions_before(both: Assembly) -> None:
    role = both.only("AWS::StepFunctions::StateMachine")["RoleArn"]
    (invoke,) = [s for s in both.statements(role) if s["Action"] == "lambda:InvokeFunction"]
    every_version = {text(resource) for resource in listed(invoke["Resource"]) if text(resource).endswith(".Arn>:*")}
    steps = [name for name, function in both.functions.items() if function["Handler"].startswith("lambdas.build.")]
    assert len(every_version) == len(steps)
