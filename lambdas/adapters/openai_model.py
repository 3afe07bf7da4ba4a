"""Any server that speaks OpenAI's chat completions as a ``TextModel``: OpenAI, Ollama, vLLM, llama.cpp, LM Studio.

One call is ``POST {base URL}/chat/completions`` (platform.openai.com/docs/api-reference/chat/create). The structure of
the answer is asked for by ``response_format`` with a JSON schema, not ``strict``, which would forbid optional fields.
``max_tokens`` is the older of two names, and the one that servers of one's own know.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import urllib3
from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.adapters.model_wire import ANSWER, READ_SECONDS, message_of, parsed, schema_of
from lambdas.domain.errors import DependencyTimeoutError, DependencyUnavailableError, PermanentError, ThrottledError
from lambdas.ports.bundle import Deadline
from lambdas.ports.services import ModelReply, ModelRequest, Stop

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_STOPS = {"length": Stop.TRUNCATED, "content_filter": Stop.BLOCKED}
_TIMED_OUT = frozenset({408, 504})
_CONNECT_SECONDS = 5.0
_MESSAGE_CHARS = 500
"""Of a refusal, on the campaign's record."""


class OpenAiModel:
    """``key`` answers the API key, or nothing for a server that asks for none. A call is tried once: it is paid for,
    and the workflow tries again. It ends ``reserve`` seconds before the invocation does (docs/adr/0047)."""

    name = "openai"

    def __init__(
        self, base_url: str, model: str, key: Callable[[], str], deadline: Deadline | None = None, reserve: float = 0.0
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._model, self._key, self._deadline, self._reserve = model, key, deadline, reserve
        # A batch writes ten posts side by side.
        self._http = urllib3.PoolManager(retries=False, maxsize=10)

    def complete(self, request: ModelRequest) -> ModelReply:
        """Raises ``ThrottledError``, ``DependencyTimeoutError`` or ``DependencyUnavailableError``, which may pass, and
        ``PermanentError`` where the server refuses the request (no such model, wrong key, a schema it does not take).
        """
        seconds = READ_SECONDS if self._deadline is None else min(READ_SECONDS, self._deadline.left(self._reserve))
        if seconds < 1:
            raise DependencyTimeoutError("the invocation has no time left for another call of the model")
        return self._reply(self._answer(self._post(self._body(request), seconds)))

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        return {
            "model": self._model,
            "messages": [
                {"role": "system", "content": request.prompt.text},
                {"role": "user", "content": message_of(request)},
            ],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": ANSWER, "schema": schema_of(request.output), "strict": False},
            },
        }

    def _post(self, body: Mapping[str, Any], seconds: float) -> "urllib3.BaseHTTPResponse":
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        key = self._key()
        if key:
            headers["Authorization"] = f"Bearer {key}"
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), total=seconds)
        content = json.dumps(body, ensure_ascii=False).encode()
        try:
            return self._http.request("POST", self._url, body=content, headers=headers, timeout=timeout)
        except urllib3.exceptions.NewConnectionError as error:  # which calls itself a timeout
            raise DependencyUnavailableError(f"the model's server could not be reached: {self._url}") from error
        except urllib3.exceptions.TimeoutError as error:
            raise DependencyTimeoutError(f"the model did not answer in {seconds:.0f} seconds") from error
        except urllib3.exceptions.HTTPError as error:
            raise DependencyUnavailableError(f"the call of the model broke off ({type(error).__name__})") from error

    def _answer(self, response: "urllib3.BaseHTTPResponse") -> dict[str, Any]:
        status = response.status
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if status == 200 and isinstance(answer, dict):
            return answer
        message = f"the model's server answered {status}: {_message(answer)}"
        if status == 429 and _code(answer) != "insufficient_quota":  # which waiting does not change
            raise ThrottledError(message)
        if status in _TIMED_OUT:
            raise DependencyTimeoutError(message)
        if status == 200 or status >= 500:
            raise DependencyUnavailableError(message)
        raise PermanentError(message, details={"modelId": self._model, "status": status})

    def _reply(self, answer: Mapping[str, Any]) -> ModelReply:
        choices = answer.get("choices")
        first = _object(choices[0]) if isinstance(choices, list) and choices else {}
        said, counted = _object(first.get("message")), _object(answer.get("usage"))
        content = said.get("content")
        stop = Stop.BLOCKED if said.get("refusal") else _STOPS.get(str(first.get("finish_reason")), Stop.COMPLETE)
        return ModelReply(
            data=parsed(content) if isinstance(content, str) else None,
            model_id=self._model,
            input_tokens=_number(counted.get("prompt_tokens")),
            output_tokens=_number(counted.get("completion_tokens")),
            stop=stop,
        )


def openai_model(
    key: Callable[[str | None], str], deadline: Deadline | None, reserve: float
) -> Callable[[str, str, str | None], OpenAiModel]:
    """What makes a model of its base URL, its name and the name of its key's secret, which ``key`` reads."""

    def make(base_url: str, model: str, secret: str | None) -> OpenAiModel:
        return OpenAiModel(base_url, model, lambda: key(secret), deadline, reserve)

    return make


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _code(answer: Any) -> Any:
    error = answer.get("error") if isinstance(answer, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def _message(answer: Any) -> str:
    """What the server says about it: ``{"error": {"message": …}}``, and some answer ``{"error": "…"}``."""
    error = answer.get("error") if isinstance(answer, dict) else None
    text = error.get("message") if isinstance(error, dict) else error
    return str(text or "without a reason that can be read")[:_MESSAGE_CHARS]


@translate_errors()
def api_key(secrets: "SecretsManagerClient", name: str) -> str:
    """The secret of that name: the key, and nothing else. Raises ``PermanentError`` where it may not be read."""
    try:
        return secrets.get_secret_value(SecretId=name).get("SecretString", "").strip()
    except ClientError as error:
        code = error_code(error)
        if code not in ("AccessDeniedException", "ResourceNotFoundException", "DecryptionFailure"):
            raise
        raise PermanentError(f"the model's key cannot be read from the secret {name}: {code}") from error
