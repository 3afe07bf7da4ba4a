"""What both agents check of their input before its models do: the two faults that have a code of their own."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from lambdas.agents.outcome import AgentError, ErrorCode
from lambdas.domain.models.base import Model

ModelT = TypeVar("ModelT", bound=Model)


def parse_input(model: type[ModelT], data: Any, personas: Sequence[Any]) -> ModelT:
    """``data`` as ``model``.

    Raises ``AgentError`` ``BRAND_NOT_FOUND`` when ``brandConfig`` is null or absent, ``INSUFFICIENT_EXAMPLES`` when
    a persona has no example of its voice, and ``InvalidInputError`` for everything else that is wrong.
    """
    if isinstance(data, Mapping):
        _check_brand(data)
        for persona in personas:
            _check_examples(persona)
    return model.from_internal(data)


def personas_in(data: Any, field: str) -> list[Any]:
    """The personas of an input that nobody has looked at yet."""
    value = data.get(field) if isinstance(data, Mapping) else None
    if isinstance(value, list | tuple):
        return list(value)
    return [value] if isinstance(value, Mapping) else []


def _check_brand(data: Mapping[str, Any]) -> None:
    if data.get("brandConfig") is None:
        message = "brandConfig is null: without the brand its rules could not be kept"
        raise AgentError(ErrorCode.BRAND_NOT_FOUND, message, {"field": "brandConfig"})


def _check_examples(persona: Any) -> None:
    if not isinstance(persona, Mapping):
        return
    examples = persona.get("examples")
    written = [e for e in examples if isinstance(e, str) and e.strip()] if isinstance(examples, list | tuple) else []
    if (examples is None or isinstance(examples, list | tuple)) and not written:
        name = persona.get("personaId")
        message = f"persona {name!r} has no example of its voice; add one and try again"
        raise AgentError(ErrorCode.INSUFFICIENT_EXAMPLES, message, {"personaId": name, "examples": 0, "needed": 1})
