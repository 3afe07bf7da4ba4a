"""Keeping account of what a post took."""

from typing import Any

from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.agents.prices import cost_usd
from lambdas.domain.models.post import Provenance, RuleResult
from lambdas.ports.services import ModelReply, Prompt


class Ledger:
    """Adds up the calls made for one post, over all rounds of this run."""

    def __init__(self, request: GeneratorInput, provider: str, prompt: Prompt) -> None:
        self._request = request
        self._provider = provider
        self._prompt = prompt
        self._model_id = ""
        self._calls = self._input = self._output = 0
        self._cost = 0.0

    def add(self, reply: ModelReply) -> None:
        self._model_id = reply.model_id
        self._calls += 1
        self._input += reply.input_tokens
        self._output += reply.output_tokens
        self._cost += cost_usd(reply.model_id, reply.input_tokens, reply.output_tokens)

    def spent(self) -> dict[str, Any]:
        """What a post cost that was not written in the end."""
        return {
            "modelId": self._model_id,
            "attempts": self._request.attempt + self._calls,
            "inputTokens": self._input,
            "outputTokens": self._output,
            "costUsd": round(self._cost, 8),
        }

    def provenance(self, rules: tuple[RuleResult, ...]) -> Provenance:
        """``attempts`` counts the workflow's earlier tries as well as this run's calls."""
        return Provenance(
            provider=self._provider,
            model_id=self._model_id,
            prompt_version=self._prompt.version,
            prompt_hash=self._prompt.sha256,
            brand_version=self._request.brand_config.version,
            persona_version=self._request.persona_config.version,
            input_tokens=self._input,
            output_tokens=self._output,
            cost_usd=round(self._cost, 8),
            attempts=self._request.attempt + self._calls,
            rules=rules,
        )
