"""Which model a function gets, and how the offline one behaves."""

from typing import Any

import pytest

from lambdas.agents import campaign_planner
from lambdas.agents.campaign_planner import handler as planner_handler
from lambdas.agents.content_generator import handler as generator_handler
from lambdas.agents.model_choice import AgentSettings, choose_model
from lambdas.agents.offline.offline_model import Fault, OfflineModel
from lambdas.ports.services import ModelReply, ModelRequest, TextModel
from lambdas.settings import SettingsError, parse_settings, settings
from tests.support.agent_inputs import plan_data, post_data


class Stub:
    """A model that was made for these arguments."""

    name = "stub"

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def complete(self, request: ModelRequest) -> ModelReply:
        raise AssertionError(f"nobody should have called {request.task}")


def chosen(**environment: str) -> TextModel:
    return choose_model(parse_settings(AgentSettings, environment), bedrock=Stub, openai=Stub, sleep=lambda _: None)


def test_offline_is_what_an_empty_environment_gets() -> None:
    assert isinstance(chosen(), OfflineModel)


def test_bedrock_gets_model_and_guardrail() -> None:
    model = chosen(
        AGENT_PROVIDER="bedrock",
        BEDROCK_MODEL_ID="amazon.nova-lite-v1:0",
        BEDROCK_GUARDRAIL_ID="gr-1",
        BEDROCK_GUARDRAIL_VERSION="2",
    )
    assert isinstance(model, Stub)
    assert model.arguments == ("amazon.nova-lite-v1:0", "gr-1", "2")


def test_an_openai_compatible_server_gets_its_address_model_and_the_name_of_its_key() -> None:
    where = {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "qwen3:8b"}
    model = chosen(AGENT_PROVIDER="openai", **where)
    assert isinstance(model, Stub)
    assert model.arguments == ("http://127.0.0.1:11434/v1", "qwen3:8b", None)
    model = chosen(AGENT_PROVIDER="openai", OPENAI_MODEL="gpt-4o-mini", OPENAI_KEY_SECRET="campaign/model-key")
    assert isinstance(model, Stub)
    assert model.arguments == ("https://api.openai.com/v1", "gpt-4o-mini", "campaign/model-key")
    with pytest.raises(SettingsError, match="OPENAI_MODEL"):
        chosen(AGENT_PROVIDER="openai")


def test_bedrock_without_a_model_is_a_deployment_mistake() -> None:
    with pytest.raises(SettingsError, match="BEDROCK_MODEL_ID"):
        chosen(AGENT_PROVIDER="bedrock")


@pytest.mark.parametrize(
    "environment",
    [
        {"AGENT_PROVIDER": "parrot"},
        {"OFFLINE_LATENCY_MS": "-1"},
        {"OFFLINE_FAULT_PLAN": "not json"},
        {"OFFLINE_FAULT_PLAN": '{"3": ["no such fault"]}'},
    ],
)
def test_nonsense_is_refused_at_the_start(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(environment))):
        chosen(**environment)


def test_a_fault_plan_comes_from_the_environment() -> None:
    model = chosen(OFFLINE_FAULT_PLAN='{"plan": ["throttle"], "3": "timeout"}')
    assert campaign_planner.run(plan_data(), provider=model)["error"]["code"] == "PROVIDER_THROTTLED"


def test_latency_is_waited_for_with_what_was_given() -> None:
    waited: list[float] = []
    model = OfflineModel(latency_ms=250, sleep=waited.append)
    assert campaign_planner.run(plan_data(), provider=model)["success"]
    assert waited == [0.25]
    with pytest.raises(ValueError, match="something to wait with"):
        OfflineModel(latency_ms=250)


def test_each_agent_is_a_lambda_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENT_PROVIDER", raising=False)
    monkeypatch.setenv("OFFLINE_FAULT_PLAN", f'{{"4": "{Fault.TIMEOUT}"}}')
    settings.cache_clear()
    try:
        assert planner_handler.handler(plan_data(), None)["success"]
        assert planner_handler.handler({}, None)["error"]["code"] == "BRAND_NOT_FOUND"
        assert generator_handler.handler(post_data(index=2), None)["success"]
        assert generator_handler.handler(post_data(index=3), None)["error"]["code"] == "PROVIDER_TIMEOUT"
    finally:
        settings.cache_clear()
