"""The port behind which agents reach a language model, and what crosses it.

The agent says what it wants as data: a system prompt, a payload that is never part of the prompt, and the shape of
the answer. Whoever implements the port answers with plain JSON data that the agent validates; it raises
``ThrottledError``, ``DependencyTimeoutError`` or ``DependencyUnavailableError`` when there is no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from lambdas.domain.models.base import Model


class Task(StrEnum):
    """What the model is asked for."""

    PLAN = "plan"
    WRITE = "write"


class Stop(StrEnum):
    """Why the model stopped."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    BLOCKED = "blocked"  # a guardrail or the model's own safety rules refused


@dataclass(frozen=True)
class Prompt:
    """A system prompt as it stood in its file. ``sha256`` is the hexadecimal hash of ``text``."""

    version: str
    text: str
    sha256: str


@dataclass(frozen=True)
class ModelRequest:
    """One call.

    ``seed`` makes deterministic models repeat themselves. ``call`` counts the calls made for this piece of work,
    from 0, over engine retries and repair rounds. ``post_number`` (from 1) is ``None`` when planning.
    ``broken`` lists what was wrong with the previous answer, in words the model can act on.
    """

    task: Task
    prompt: Prompt
    payload: Mapping[str, Any]
    output: type[Model]
    seed: int
    call: int = 0
    post_number: int | None = None
    max_tokens: int = 2_048
    temperature: float = 0.7
    broken: tuple[str, ...] = ()
    previous: Mapping[str, Any] | None = field(default=None)
    """The answer that was broken."""


@dataclass(frozen=True)
class ModelReply:
    """``data`` is whatever JSON came back, unchecked; ``None`` when it was not JSON at all."""

    data: Any
    model_id: str
    input_tokens: int = 0
    output_tokens: int = 0
    stop: Stop = Stop.COMPLETE


class TextModel(Protocol):
    """A model that answers in a given structure."""

    @property
    def name(self) -> str:
        """``offline`` or ``bedrock``: goes into every post's provenance."""
        ...

    def complete(self, request: ModelRequest) -> ModelReply: ...
