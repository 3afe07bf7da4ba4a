"""What a post took: the calls of the model, and what they cost.

On-demand prices of Amazon Bedrock in us-east-1, USD per million tokens. https://aws.amazon.com/bedrock/pricing/ is
what counts: it shows its figures to browsers only, so each price says where it was read instead, and when.
"""

import re
from datetime import date
from typing import Any, NamedTuple

from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.domain.models.post import Provenance, RuleResult
from lambdas.ports.services import ModelReply, Prompt

_CHECKED = date(2026, 11, 21)
_AWS = (
    "https://github.com/aws/agent-toolkit-for-aws/blob/main/plugins/aws-startup-advisor/skills/llm-to-bedrock/"
    "scripts/bedrock_pricing.py"
)
"""AWS's own table, which says that every row was verified on 2026-10-05."""
_LAVA = "https://www.lava.so/docs/gateway/providers/bedrock"
"""A gateway's list of what it pays."""
_PAGE = "https://aws.amazon.com/bedrock/pricing/"


class Price(NamedTuple):
    """USD per million tokens."""

    input: float
    output: float
    source: str
    checked: date | None = None
    """``None`` for a price that was found in no copy: treat what it adds up to as an estimate."""
    profile_premium: float = 0.0
    """What a call through a geographic inference profile (``us.``, ``eu.``, ...) costs more, as a part of the price."""


_GEOGRAPHIC = 0.1
"""Of the models since Claude 4.5 (the same table)."""

_PRICES = {
    "amazon.nova-micro": Price(0.035, 0.14, _AWS, _CHECKED),
    "amazon.nova-lite": Price(0.06, 0.24, _AWS, _CHECKED),
    "amazon.nova-pro": Price(0.80, 3.20, _AWS, _CHECKED),
    "amazon.nova-premier": Price(2.50, 12.50, _LAVA, _CHECKED),
    "anthropic.claude-haiku-4-5": Price(1.00, 5.00, _AWS, _CHECKED, _GEOGRAPHIC),
    "anthropic.claude-sonnet-4-6": Price(3.00, 15.00, _AWS, _CHECKED, _GEOGRAPHIC),
    "anthropic.claude-sonnet-5": Price(2.00, 10.00, _AWS, _CHECKED, _GEOGRAPHIC),
    "anthropic.claude-opus-4-8": Price(5.00, 25.00, _AWS, _CHECKED, _GEOGRAPHIC),
    "mistral.mistral-large-2402": Price(4.00, 12.00, _LAVA, _CHECKED),
    "mistral.mistral-large-2407": Price(2.00, 6.00, _LAVA, _CHECKED),
    "anthropic.claude-3-haiku": Price(0.25, 1.25, _PAGE),
    "anthropic.claude-3-5-haiku": Price(0.80, 4.00, _PAGE),
    "anthropic.claude-3-5-sonnet": Price(3.00, 15.00, _PAGE),
    "anthropic.claude-3-7-sonnet": Price(3.00, 15.00, _PAGE),
    "anthropic.claude-sonnet-4": Price(3.00, 15.00, _PAGE),
    "meta.llama3-3-70b": Price(0.72, 0.72, _PAGE),
    "meta.llama4-maverick": Price(0.24, 0.97, _PAGE),
    "meta.llama4-scout": Price(0.17, 0.66, _PAGE),
}
_PROFILE = re.compile(r"^(us|eu|apac|jp|au|ca|global|us-gov)\.")


def price_of(model_id: str) -> Price | None:
    """The price of a model, or ``None`` for one that is not in the table (and for what runs on this machine)."""
    name = model_id.rsplit("/", 1)[-1]
    profile = _PROFILE.match(name)
    bare = _PROFILE.sub("", name)
    matches = [known for known in _PRICES if bare.startswith(known)]
    if not matches:
        return None
    price = _PRICES[max(matches, key=len)]
    more = 1 + price.profile_premium if profile and profile.group(1) != "global" else 1.0
    return price._replace(input=price.input * more, output=price.output * more)


def cost_usd(model_id: str, input_tokens: int, output_tokens: int) -> float:
    """USD of one call; 0 for a model without a known price."""
    price = price_of(model_id)
    if price is None:
        return 0.0
    return round((input_tokens * price.input + output_tokens * price.output) / 1_000_000, 8)


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
