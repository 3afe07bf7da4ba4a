"""Lambda ``campaign-planner``: the planner for callers that are not Python code. The event is its input."""

from collections.abc import Mapping
from typing import Any

from lambdas.adapters.aws.bedrock import bedrock_model
from lambdas.adapters.system import sleep
from lambdas.adapters.table.attempt import invoked
from lambdas.adapters.telemetry import logger
from lambdas.agents.campaign_planner.agent import run
from lambdas.agents.model_choice import AgentSettings, choose_model
from lambdas.agents.outcome import Answer
from lambdas.settings import settings


def handler(event: Mapping[str, Any], context: object) -> Answer:
    with invoked(context):
        model = choose_model(settings(AgentSettings), bedrock=bedrock_model, sleep=sleep)
    answer = run(event, provider=model)
    logger().info("planned", success=answer["success"], error=answer["error"])
    return answer
