"""Lambda ``content-generator``: the generator for callers that are not Python code. The event is its input."""

from collections.abc import Mapping
from typing import Any

from lambdas.adapters.aws.bedrock import bedrock_model
from lambdas.adapters.system import SystemClock, sleep
from lambdas.adapters.table.attempt import invoked
from lambdas.adapters.telemetry import logger
from lambdas.agents.content_generator.agent import run
from lambdas.agents.model_choice import AgentSettings, choose_model
from lambdas.agents.outcome import Answer
from lambdas.settings import settings


def handler(event: Mapping[str, Any], context: object) -> Answer:
    with invoked(context):
        model = choose_model(settings(AgentSettings), bedrock=bedrock_model, sleep=sleep)
    answer = run(event, provider=model, now=SystemClock().now)
    logger().info("written", success=answer["success"], error=answer["error"])
    return answer
