"""A deployment while campaigns run: each ends with the code and the definition that it was started with.

On a stack of its own, which is deployed to from a changed copy of the project.
"""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.process import ROOT
from local.stack import Stack
from local.synth import CACHE, INPUTS, assembly
from tests.support.driver import Driver

# It starts processes of its own beside the shared stack, so it runs in the same worker.
pytestmark = [pytest.mark.stack, pytest.mark.slow]

CHANGES = {
    # Code and definition of one step, to see in the record whose they were.
    "lambdas/domain/models/workflow.py": (
        "class StatusResult(Model):",
        'class StatusResult(Model):\n    release: str = "second"',
    ),
    "statemachine/build.py": ('sfn.Succeed(scope, "Approved")', 'sfn.Succeed(scope, "ApprovedBySecond")'),
}


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stack = Stack.up(tmp_path / "home", port)
    try:
        manager = Driver(stack, "acme")
        manager.set_up_catalog()
        yield manager
    finally:
        stack.stop(kill=True)


def changed_project(copy: Path) -> Path:
    """The next release's cloud assembly."""
    for name in INPUTS:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (copy / ".local").mkdir()
    (copy / ".local" / "cache").symlink_to(CACHE, target_is_directory=True)
    for name, (old, new) in CHANGES.items():
        text = (copy / name).read_text()
        assert text.count(old) == 1, name
        (copy / name).write_text(text.replace(old, new))
    return assembly(copy, copy / "assemblies")


def last_state(driver: Driver, campaign_id: str) -> str:
    arn = driver.execution_arn(campaign_id)
    found = driver.stack.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=100)
    return str([e["stateEnteredEventDetails"]["name"] for e in found["events"] if "stateEnteredEventDetails" in e][-1])


def outcome(driver: Driver, campaign_id: str) -> dict[str, Any]:
    """What CompleteCampaign answered."""
    (checkpoint,) = [
        item for item in driver.items(campaign_id, "CHECKPOINT#") if item["stepName"] == "CompleteCampaign"
    ]
    result: dict[str, Any] = checkpoint["result"]
    return result


def approved(driver: Driver, campaign_id: str) -> None:
    assert driver.decide(campaign_id, "approved").status == 200
    driver.wait(campaign_id, "approved")
    assert driver.execution(campaign_id)["status"] == "SUCCEEDED"


def test_a_campaign_ends_with_the_release_it_began_with(driver: Driver, tmp_path: Path) -> None:
    before = driver.start(postCount=3)
    driver.wait(before, "awaiting_approval")
    Stack.up(driver.stack.home, release=lambda: changed_project(tmp_path / "copy"))
    after = driver.start(postCount=3)
    driver.wait(after, "awaiting_approval")
    for campaign_id in (before, after):
        approved(driver, campaign_id)
    assert (last_state(driver, before), last_state(driver, after)) == ("Approved", "ApprovedBySecond")
    assert outcome(driver, before) == {"status": "approved"}
    assert outcome(driver, after) == {"status": "approved", "release": "second"}
    # Both are drawn from their own definitions.
    graphs = [driver.get(f"/campaigns/{campaign_id}/graph", format="json") for campaign_id in (before, after)]
    ends = [{node["name"] for node in graph["nodes"]} & {"Approved", "ApprovedBySecond"} for graph in graphs]
    assert ends == [{"Approved"}, {"ApprovedBySecond"}]
    # Back to the first release, which is a third version: the second one stays.
    Stack.up(driver.stack.home)
    lambdas, states = driver.stack.client("lambda"), driver.stack.client("stepfunctions")
    assert lambdas.get_alias(FunctionName="complete-campaign", Name="live")["FunctionVersion"] == "3"
    kept = {v["Version"] for v in lambdas.list_versions_by_function(FunctionName="complete-campaign")["Versions"]}
    assert kept == {"$LATEST", "1", "2", "3"}
    machine = driver.stack.info["stateMachines"]["build"]
    versions = states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert len(versions) == 3
