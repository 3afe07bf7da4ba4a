"""The model that an agent gets, from its function's settings, and its system prompt.

Only ``bootstrap`` knows the adapters, so it hands over the ways to make a model, and only the chosen one is called.
System prompts are files, named with their version, so that a change shows in review and in every provenance.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Annotated, ClassVar, Literal

from pydantic import Field, Json

from lambdas.agents.offline.offline_model import FaultPlan, OfflineModel
from lambdas.ports.services import Prompt, TextModel
from lambdas.settings import Settings, SettingsError


class AgentSettings(Settings):
    """Base class for the settings of every function that runs an agent; all have a default."""

    agent_provider: Literal["offline", "bedrock", "openai"] = "offline"
    bedrock_model_id: str | None = None
    """A model or inference profile, by id or ARN."""
    bedrock_guardrail_id: str | None = None
    bedrock_guardrail_version: str = "DRAFT"
    openai_base_url: str = "https://api.openai.com/v1"
    """Of OpenAI or of any server that speaks its chat completions, without ``/chat/completions``."""
    openai_model: str | None = None
    openai_key_secret: str | None = None
    """Name of the secret with the API key; absent for a server that asks for none."""
    offline_latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    """Milliseconds that each call of the offline model takes."""
    offline_fault_plan: Json[FaultPlan] | None = None
    """See ``lambdas.agents.offline.offline_model``."""
    model_reserve_seconds: ClassVar[float] = 12.0
    """Reserved at the end of the invocation: more than a batch reserves for storing, so that a call fails before its
    post is given up."""


def choose_model(
    settings: AgentSettings,
    *,
    bedrock: Callable[[str, str | None, str], TextModel],
    openai: Callable[[str, str, str | None], TextModel],
    sleep: Callable[[float], None],
) -> TextModel:
    """The model that ``AGENT_PROVIDER`` names.

    ``bedrock`` makes one from model id, guardrail id and guardrail version, ``openai`` from base URL, model and the
    name of the key's secret; ``sleep`` takes seconds.
    """
    if settings.agent_provider == "offline":
        faults = settings.offline_fault_plan or {}
        return OfflineModel(faults=faults, latency_ms=settings.offline_latency_ms, sleep=sleep)
    if settings.agent_provider == "openai":
        if settings.openai_model is None:
            raise SettingsError("AGENT_PROVIDER is openai and OPENAI_MODEL is missing")
        return openai(settings.openai_base_url, settings.openai_model, settings.openai_key_secret)
    if settings.bedrock_model_id is None:
        raise SettingsError("AGENT_PROVIDER is bedrock and BEDROCK_MODEL_ID is missing")
    return bedrock(settings.bedrock_model_id, settings.bedrock_guardrail_id, settings.bedrock_guardrail_version)


@cache
def load_prompt(agent: str, version: str) -> Prompt:
    """The prompt ``lambdas/agents/<agent>/prompts/<version>.md``."""
    text = files("lambdas.agents").joinpath(agent, "prompts", f"{version}.md").read_text(encoding="utf-8")
    return Prompt(version=version, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())
