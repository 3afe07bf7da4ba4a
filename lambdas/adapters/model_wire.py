"""What goes to a language model and what comes back, whichever service carries it.

The brief goes in as one delimited JSON document, the structure of the answer is that of a pydantic model, and the
answer is handed on unchecked: judging it is the agent's work.
"""

import json
from collections.abc import Mapping
from typing import Any

from lambdas.domain.models.base import Model
from lambdas.ports.services import ModelRequest

ANSWER = "answer"
"""What the structure of the answer is called."""
READ_SECONDS = 60
"""A model takes its time to write."""
_UNSUPPORTED = ("title", "default", "format")
"""Schema keywords that say nothing to a model and that some models refuse."""


def schema_of(model: type[Model]) -> dict[str, Any]:
    """The JSON schema of a model with its references resolved in place: tool schemas take none."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    resolved: dict[str, Any] = _resolved(schema, definitions)
    return resolved


def _resolved(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        return _resolved(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    return {
        # A property may be called "title"; only the keyword of that name goes.
        key: {name: _resolved(value, definitions) for name, value in inner.items()}
        if key == "properties"
        else _resolved(inner, definitions)
        for key, inner in node.items()
        if key not in _UNSUPPORTED
    }


def message_of(request: ModelRequest) -> str:
    """The payload as JSON between marks. ``<`` is escaped, so no text of the brief can close them."""
    document: dict[str, Any] = dict(request.payload)
    if request.broken:
        document["broken"] = list(request.broken)
        document["previous"] = request.previous
    data = json.dumps(document, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    return f"<campaign-data>\n{data}\n</campaign-data>"


def parsed(text: str) -> Any:
    """The JSON that a model wrote as text, perhaps between Markdown's marks of code; ``None`` where it is none."""
    fenced = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return json.loads(fenced)
    except ValueError:
        return None
