"""Amazon Bedrock's Converse API as a ``TextModel``.

The structure of the answer is prescribed by a tool whose input schema is the pydantic model's. The brief is sent as one
delimited JSON document. The answer is returned without validation, which is the agent's task.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import client, translate_errors
from lambdas.adapters.model_wire import ANSWER, READ_SECONDS, message_of, parsed, schema_of
from lambdas.domain.errors import DependencyTimeoutError, DependencyUnavailableError, PermanentError
from lambdas.ports.bundle import Deadline
from lambdas.ports.services import ModelReply, ModelRequest, Stop

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseResponseTypeDef

_STOPS = {
    "max_tokens": Stop.TRUNCATED,
    "model_context_window_exceeded": Stop.TRUNCATED,
    "guardrail_intervened": Stop.BLOCKED,
    "content_filtered": Stop.BLOCKED,
}
_PASSING = frozenset({"ModelErrorException", "ModelNotReadyException", "ModelStreamErrorException"})
"""Failures of the model itself, which the service asks to try again."""
_TRIES = 2
"""Few attempts: a hanging call is usually a problem of one connection, and each call is paid for."""
_STEP_SECONDS = 5
_OVERHEAD_SECONDS = 5
"""Of all tries of a call: connecting, and the SDK's pause between them."""


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
            "messages": [{"role": "user", "content": [{"text": message_of(request)}]}],
            "inferenceConfig": {"maxTokens": request.max_tokens, "temperature": request.temperature},
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": ANSWER,
                            "description": "The only way to answer.",
                            "inputSchema": {"json": schema_of(request.output)},
                        }
                    }
                ],
                "toolChoice": {"tool": {"name": ANSWER}},
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
        if "toolUse" in block and block["toolUse"].get("name") == ANSWER:
            return block["toolUse"].get("input")
    return parsed("".join(block.get("text", "") for block in blocks))


def _refusal(error: ClientError, model_id: str) -> Exception:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = f"Bedrock refused {model_id}: {error}"
    if code in _PASSING:
        return DependencyUnavailableError(message, details={"awsCode": code})
    return PermanentError(message, details={"awsCode": code, "modelId": model_id})
