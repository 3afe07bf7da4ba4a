"""Amazon Bedrock's Converse API as a ``TextModel``.

The structure of the answer is prescribed by a tool whose input schema is the pydantic model's. The brief is sent as one
delimited JSON document. The answer is returned without validation, which is the agent's task.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import client, translate_errors
from lambdas.domain.errors import DependencyTimeoutError, DependencyUnavailableError, PermanentError
from lambdas.domain.models.base import Model
from lambdas.ports.bundle import Deadline
from lambdas.ports.services import ModelReply, ModelRequest, Stop

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseResponseTypeDef

TOOL = "answer"
_STOPS = {
    "max_tokens": Stop.TRUNCATED,
    "model_context_window_exceeded": Stop.TRUNCATED,
    "guardrail_intervened": Stop.BLOCKED,
    "content_filtered": Stop.BLOCKED,
}
_PASSING = frozenset({"ModelErrorException", "ModelNotReadyException", "ModelStreamErrorException"})
"""Errors of the model itself that the service recommends to retry."""
READ_SECONDS = 60
"""Read timeout: a model needs time to write."""
_TRIES = 2
"""Few attempts: a hanging call is usually a problem of one connection, and each call is paid for."""
_STEP_SECONDS = 5
_OVERHEAD_SECONDS = 5
"""For all attempts of a call: connecting, and the SDK's pause between them."""
_UNSUPPORTED = ("title", "default", "format")
"""Schema keywords that mean nothing to a model and that some of Bedrock's models reject."""


class Guardrail(NamedTuple):
    """A Bedrock guardrail: its id or ARN, and a version number or ``DRAFT``."""

    identifier: str
    version: str


class BedrockModel:
    """One model, or inference profile, by id or ARN."""

    name = "bedrock"

    def __init__(
        self, runtime: "Callable[[], BedrockRuntimeClient]", model_id: str, guardrail: Guardrail | None = None
    ) -> None:
        """``runtime`` returns the client for a call that is made now (``runtime_within``)."""
        self._runtime = runtime
        self._model_id = model_id
        self._guardrail = guardrail

    def complete(self, request: ModelRequest) -> ModelReply:
        """Raises the temporary ``ThrottledError``, ``DependencyTimeoutError`` or ``DependencyUnavailableError``, and
        ``PermanentError`` if Bedrock refuses the request (no access to the model, no such model, bad request)."""
        arguments = self._arguments(request)
        try:
            with translate_errors():
                response = self._runtime().converse(**arguments)
        except ClientError as error:
            raise _refusal(error, self._model_id) from error
        return _reply(response, self._model_id)

    def _arguments(self, request: ModelRequest) -> Any:
        arguments: dict[str, Any] = {
            "modelId": self._model_id,
            "system": [{"text": request.prompt.text}],
            "messages": [{"role": "user", "content": [{"text": _message(request)}]}],
            "inferenceConfig": {"maxTokens": request.max_tokens, "temperature": request.temperature},
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": TOOL,
                            "description": "The only way to answer.",
                            "inputSchema": {"json": schema_of(request.output)},
                        }
                    }
                ],
                "toolChoice": {"tool": {"name": TOOL}},
            },
        }
        if self._guardrail:
            identifier, version = self._guardrail
            arguments["guardrailConfig"] = {"guardrailIdentifier": identifier, "guardrailVersion": version}
        return arguments


def bedrock_model(deadline: Deadline | None, reserve: float) -> Callable[[str, str | None, str], BedrockModel]:
    """A function that makes a model from its id, guardrail id and guardrail version, with this process's clients.

    Its calls end ``reserve`` seconds before the invocation does.
    """

    def make(model_id: str, guardrail_id: str | None, guardrail_version: str) -> BedrockModel:
        guardrail = Guardrail(guardrail_id, guardrail_version) if guardrail_id else None
        return BedrockModel(partial(runtime_within, deadline, reserve), model_id, guardrail)

    return make


def runtime_within(deadline: Deadline | None, reserve: float) -> "BedrockRuntimeClient":
    """A client whose calls, including their second attempt, end ``reserve`` seconds before the deadline.

    botocore retries a call that timed out once, with the same timeout. So each attempt gets half of the remaining time,
    and a second one is only made if both fit. Timeouts are settings of a client: there is one client for each multiple
    of five seconds. Raises ``DependencyTimeoutError`` if there is no time for a call.
    """
    if deadline is None:
        return client("bedrock-runtime", READ_SECONDS, _TRIES)
    left = deadline.left(reserve + _OVERHEAD_SECONDS)
    tries = _TRIES if left >= _TRIES * _STEP_SECONDS else 1
    seconds = min(READ_SECONDS, int(left / tries) // _STEP_SECONDS * _STEP_SECONDS)
    if not seconds:
        raise DependencyTimeoutError("the invocation has no time left for another call of the model")
    return client("bedrock-runtime", seconds, tries)


def schema_of(model: type[Model]) -> dict[str, Any]:
    """The JSON schema of a model with its references resolved, because tool schemas allow none."""
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
        # A property may be called "title"; only the keyword of that name is removed.
        key: {name: _resolved(value, definitions) for name, value in inner.items()}
        if key == "properties"
        else _resolved(inner, definitions)
        for key, inner in node.items()
        if key not in _UNSUPPORTED
    }


def _message(request: ModelRequest) -> str:
    """The payload as JSON between delimiters. ``<`` is escaped, so that no text of the brief can contain a
    delimiter."""
    document: dict[str, Any] = dict(request.payload)
    if request.broken:
        document["broken"] = list(request.broken)
        document["previous"] = request.previous
    data = json.dumps(document, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    return f"<campaign-data>\n{data}\n</campaign-data>"


def _reply(response: "ConverseResponseTypeDef", model_id: str) -> ModelReply:
    usage = response.get("usage")
    return ModelReply(
        data=_answer(response),
        model_id=model_id,
        input_tokens=usage["inputTokens"] if usage else 0,
        output_tokens=usage["outputTokens"] if usage else 0,
        stop=_STOPS.get(response["stopReason"], Stop.COMPLETE),
    )


def _answer(response: "ConverseResponseTypeDef") -> Any:
    """The tool's input; if the model answered with text instead, that text is used if it is JSON."""
    blocks = response.get("output", {}).get("message", {}).get("content", [])
    for block in blocks:
        if "toolUse" in block and block["toolUse"].get("name") == TOOL:
            return block["toolUse"].get("input")
    text = "".join(block.get("text", "") for block in blocks).strip()
    fenced = text.removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return json.loads(fenced)
    except ValueError:
        return None


def _refusal(error: ClientError, model_id: str) -> Exception:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = f"Bedrock refused {model_id}: {error}"
    if code in _PASSING:
        return DependencyUnavailableError(message, details={"awsCode": code})
    return PermanentError(message, details={"awsCode": code, "modelId": model_id})
