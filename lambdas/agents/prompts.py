"""System prompts are files, named with their version, so that a change shows in review and in every provenance."""

import hashlib
from functools import cache
from importlib.resources import files

from lambdas.ports.text_model import Prompt


@cache
def load_prompt(agent: str, version: str) -> Prompt:
    """The prompt ``lambdas/agents/<agent>/prompts/<version>.md``."""
    text = files("lambdas.agents").joinpath(agent, "prompts", f"{version}.md").read_text(encoding="utf-8")
    return Prompt(version=version, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())
