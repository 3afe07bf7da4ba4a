"""The composition root: every port is made from the settings it needs, when it is asked for."""

import inspect
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lambdas.adapters.aws import clients as aws
from lambdas.agents.model_choice import AgentSettings
from lambdas.bootstrap import Bootstrap, load, step
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import StatusResult, StepEvent
from lambdas.ports.bundle import Ports
from lambdas.settings import (
    AlertSettings,
    BucketSettings,
    CallerSettings,
    EngineSettings,
    InviteSettings,
    QuotaSettings,
    SealSettings,
    Settings,
    SettingsError,
    TableSettings,
    parse_settings,
)
from local.process import ROOT
from tests.support.events import raw_event
from tests.support.logs import follow_stdout
from tests.support.world import World

follow_stdout()

PORTS = [name for name, member in inspect.getmembers(Ports) if isinstance(member, property)]
NEED_NOTHING = {"clock", "deadline", "engine", "ids", "keys", "log", "senders", "cipher"}
READ_WHEN_ASKED = {"base_url"}


class AllSettings(
    TableSettings,
    BucketSettings,
    EngineSettings,
    AlertSettings,
    InviteSettings,
    SealSettings,
    CallerSettings,
    QuotaSettings,
    AgentSettings,
):
    """Of a function that works with every port."""


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    aws._make.cache_clear()
    yield
    aws._make.cache_clear()


@pytest.mark.parametrize("name", sorted(set(PORTS) - READ_WHEN_ASKED))
def test_every_port_is_made_from_the_settings_and_once(name: str) -> None:
    ports = Bootstrap(parse_settings(AllSettings, {n.upper(): n for n in AllSettings.model_fields if "_" in n} | FINE))
    assert getattr(ports, name) is getattr(ports, name)


FINE = {
    "STATE_LIMIT_BYTES": "1000",
    "TENANT_CAMPAIGNS": "1",
    "TENANT_MODEL_CALLS": "1",
    "AGENT_PROVIDER": "offline",
    "OFFLINE_LATENCY_MS": "0",
    "OFFLINE_FAULT_PLAN": "{}",
    "BUILD_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:build",
}


@pytest.mark.parametrize("name", sorted(set(PORTS) - NEED_NOTHING))
def test_a_port_whose_settings_a_function_has_not_is_a_deployment_mistake(name: str) -> None:
    with pytest.raises(SettingsError, match="Settings does not inherit from"):
        getattr(Bootstrap(Settings()), name)


@pytest.mark.parametrize("name", sorted(NEED_NOTHING))
def test_other_ports_need_no_settings(name: str) -> None:
    getattr(Bootstrap(Settings()), name)


def test_a_world_of_tests_has_every_port() -> None:
    assert {name for name in PORTS if not hasattr(World(), name)} == set()


def adapters_of(state: str) -> set[str]:
    """Adapters that are imported with the module of the state."""
    code = f"import sys; from lambdas.build.{state} import handler; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name.rpartition(".")[2] for name in out.split() if name.startswith("lambdas.adapters.")}


def test_requests_for_approval_are_for_those_who_work_with_them() -> None:
    """Their models are many: who asks nobody does not wait for them, and who does has them when it is invoked."""
    users = [path.stem for path in (ROOT / "lambdas/build").glob("*.py") if ".approvals" in path.read_text()]
    assert len(users) > 1
    assert {state for state in users if "request_store" not in adapters_of(state)} == set()
    assert "request_store" not in adapters_of("validate_campaign")


def test_a_table_store_is_imported_before_it_is_used() -> None:
    """While Lambda initialises the process, and with the module of the step; the others when they are asked for."""
    loaded = adapters_of("save_campaign")
    assert loaded >= {"campaign_store", "post_store", "checkpoint_store"}
    assert not loaded & {"ses_mailer", "slack_chat", "kms_cipher", "step_functions", "bedrock", "s3_manifests"}
    load(TableSettings)  # again, which does nothing


def test_what_a_step_makes_learns_when_the_invocation_ends() -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 30_000

    seen: list[float | None] = []

    def logic(_event: StepEvent, ports: Ports) -> Model:
        seen.append(ports.deadline.left() if ports.deadline else None)
        return StatusResult(status=CampaignStatus.PLANNING)

    handler = step("SaveCampaign", StepEvent, Settings, logic, checkpoint=False)
    handler(raw_event(World(), "SaveCampaign"), Context())
    handler(raw_event(World(), "SaveCampaign"), None)
    assert seen[0] is not None
    assert 25 < seen[0] <= 30
    assert seen[1] is None
