"""What model calls cost.

On-demand prices of Amazon Bedrock in us-east-1, USD per million tokens, as of 2026-11
(https://aws.amazon.com/bedrock/pricing/). Cross-region inference profiles cost the same, so their prefix is ignored.
"""

import re
from typing import NamedTuple


class Price(NamedTuple):
    """USD per million tokens."""

    input: float
    output: float


_PRICES = {
    "amazon.nova-micro": Price(0.035, 0.14),
    "amazon.nova-lite": Price(0.06, 0.24),
    "amazon.nova-pro": Price(0.80, 3.20),
    "amazon.nova-premier": Price(2.50, 12.50),
    "anthropic.claude-3-haiku": Price(0.25, 1.25),
    "anthropic.claude-3-5-haiku": Price(0.80, 4.00),
    "anthropic.claude-haiku-4-5": Price(1.00, 5.00),
    "anthropic.claude-3-5-sonnet": Price(3.00, 15.00),
    "anthropic.claude-3-7-sonnet": Price(3.00, 15.00),
    "anthropic.claude-sonnet-4": Price(3.00, 15.00),
    "meta.llama3-3-70b": Price(0.72, 0.72),
    "meta.llama4-maverick": Price(0.24, 0.97),
    "meta.llama4-scout": Price(0.17, 0.66),
    "mistral.mistral-large": Price(4.00, 12.00),
}
_PROFILE_PREFIX = re.compile(r"^(?:us|eu|apac|global|us-gov)\.")


def price_of(model_id: str) -> Price | None:
    """The price of a model, or ``None`` for one that is not in the table (and for what runs on this machine)."""
    bare = _PROFILE_PREFIX.sub("", model_id.rsplit("/", 1)[-1])
    matches = [name for name in _PRICES if bare.startswith(name)]
    return _PRICES[max(matches, key=len)] if matches else None


def cost_usd(model_id: str, input_tokens: int, output_tokens: int) -> float:
    """USD of one call; 0 for a model without a known price."""
    price = price_of(model_id)
    if price is None:
        return 0.0
    return round((input_tokens * price.input + output_tokens * price.output) / 1_000_000, 8)
