"""Lambda ``content-generator``: the generator for callers that are not Python code. The event is its input."""

from collections.abc import Mapping
from typing import Any

from lambdas.adapters.telemetry import logger
from lambdas.agents.content_generator.agent import run
from lambdas.agents.model_choice import AgentSettings
from lambdas.agents.outcome import Answer
from lambdas.bootstrap import ports_for


def handler(event: Mapping[str, Any], context: object) -> Answer:
    ports = ports_for(AgentSettings, context)
    answer = run(event, provider=ports.model, now=ports.clock.now)
    logger().info("written", success=answer["success"], error=answer["error"])
    return answer
