"""Versions and aliases of state machines in the corrected emulator: CloudFormation makes them, executions keep them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.core import iam_actions

from local import aws
from local.emulator import iam
from local.emulator.config import EmulatorConfig
from local.emulator.patch import Emulator
from local.emulator.state_machines import ALIAS, VERSION
from local.process import EmulatorProcess, free_port

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:probe"


@pytest.mark.parametrize(
    ("arn", "base"),
    [
        (MACHINE, MACHINE),
        (f"{MACHINE}:live", MACHINE),
        (f"{MACHINE}:12", MACHINE),
        ("arn:aws:states:us-east-1:0:execution:probe:one", "arn:aws:states:us-east-1:0:execution:probe:one"),
        ("*", "*"),
    ],
)
def test_iam_is_asked_about_the_machine_itself(arn: str, base: str) -> None:
    here = Emulator(EmulatorConfig(home=Path("/nowhere"), port=1))
    resource_of = iam.qualified_machines(iam_actions.extract_resource_arn, here)
    body = json.dumps({} if arn == "*" else {"stateMachineArn": arn}).encode()
    assert resource_of("states", "POST", "/", {}, body, {}, "us-east-1", "0") == base


def template(result: str, description: str = "in use") -> str:
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "Next": result}}}
    definition["States"][result] = {"Type": "Pass", "Result": result, "End": True}  # type: ignore[index]  # nested
    resources = {
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "probe",
                "RoleArn": "arn:aws:iam::000000000000:role/any",
                "DefinitionString": json.dumps(definition),
            },
        },
        "Version": {
            "Type": VERSION,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "StateMachineArn": {"Ref": "Machine"},
                "StateMachineRevisionId": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]},
            },
        },
        "Live": {
            "Type": ALIAS,
            "Properties": {
                "Name": "live",
                "Description": description,
                "RoutingConfiguration": [{"StateMachineVersionArn": {"Ref": "Version"}, "Weight": 100}],
            },
        },
    }
    return json.dumps({"Resources": resources, "Outputs": {"Live": {"Value": {"Ref": "Live"}}}})


class Running:
    def __init__(self, home: Path) -> None:
        self.process = EmulatorProcess(home)
        self.process.start(free_port(20_000 + os.getpid() % 20_000))

    def client(self, service: str) -> Any:
        return aws.client(service, f"http://127.0.0.1:{self.process.port()}")

    def deploy(self, what: str, **request: Any) -> str:
        stacks = self.client("cloudformation")
        getattr(stacks, f"{what}_stack")(StackName="probe", **request)
        stacks.get_waiter(f"stack_{what}_complete").wait(StackName="probe", WaiterConfig={"Delay": 1})
        return stacks.describe_stacks(StackName="probe")["Stacks"][0]["Outputs"][0]["OutputValue"] if request else ""

    def started(self, arn: str, name: str) -> str:
        return str(self.client("stepfunctions").start_execution(stateMachineArn=arn, name=name)["executionArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        while True:
            execution: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=arn)
            if execution["status"] != "RUNNING":
                return execution


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    emulator = Running(tmp_path)
    try:
        yield emulator
    finally:
        emulator.process.stop(kill=True)


@pytest.mark.stack
@pytest.mark.xdist_group("emulator")
def test_an_execution_runs_the_version_it_was_started_as(running: Running) -> None:
    states = running.client("stepfunctions")
    live = running.deploy("create", TemplateBody=template("First"))
    assert live == f"{MACHINE}:live"
    before = running.started(live, "before")
    assert running.deploy("update", TemplateBody=template("Second")) == live
    ended = running.ended(before)
    assert (ended["stateMachineVersionArn"], ended["stateMachineAliasArn"]) == (f"{MACHINE}:1", live)
    assert (ended["stateMachineArn"], json.loads(ended["output"])) == (MACHINE, "First")
    after, old = running.ended(running.started(live, "after")), running.ended(running.started(f"{MACHINE}:1", "old"))
    assert [json.loads(execution["output"]) for execution in (after, old)] == ["Second", "First"]
    assert after["stateMachineVersionArn"] == f"{MACHINE}:2"
    assert "stateMachineAliasArn" not in old
    for arn, state in ((before, "First"), (after["executionArn"], "Second")):
        assert state in states.describe_state_machine_for_execution(executionArn=arn)["definition"]
    # What the machine itself is does not depend on who runs.
    assert "Second" in states.describe_state_machine(stateMachineArn=MACHINE)["definition"]


@pytest.mark.stack
@pytest.mark.xdist_group("emulator")
def test_versions_stay_and_survive_a_restart(running: Running) -> None:
    running.deploy("create", TemplateBody=template("First"))
    running.deploy("update", TemplateBody=template("First", description="the same machine"))
    states = running.client("stepfunctions")
    assert len(states.list_state_machine_versions(stateMachineArn=MACHINE)["stateMachineVersions"]) == 1
    assert states.describe_state_machine_alias(stateMachineAliasArn=f"{MACHINE}:live")["description"] == (
        "the same machine"
    )
    running.deploy("update", TemplateBody=template("Second"))
    running.process.stop()
    running.process.start(free_port(20_000 + os.getpid() % 20_000))
    states = running.client("stepfunctions")
    kept = states.list_state_machine_versions(stateMachineArn=MACHINE)["stateMachineVersions"]
    assert {version["stateMachineVersionArn"] for version in kept} == {f"{MACHINE}:1", f"{MACHINE}:2"}
    assert json.loads(running.ended(running.started(f"{MACHINE}:1", "old"))["output"]) == "First"
    with pytest.raises(ClientError, match="referenced by alias"):
        states.delete_state_machine_version(stateMachineVersionArn=f"{MACHINE}:2")
