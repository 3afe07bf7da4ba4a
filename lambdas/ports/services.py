"""External services: mail, chat, alerts, logs, encryption, signing keys, and the language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from lambdas.domain.ids import TenantId
from lambdas.domain.models.base import Model

if TYPE_CHECKING:
    from lambdas.domain.errors import CampaignError
    from lambdas.domain.models.access import KeySet
    from lambdas.domain.models.mail import Alert, Mail


class Mailer(Protocol):
    def send(self, mail: Mail) -> None: ...


class Chat(Protocol):
    """Slack. Raises ``ChatRefusedError`` if it refuses for good, ``RetryableError`` if it may work later."""

    def tell(self, tenant_id: TenantId, email: str, text: str, link: tuple[str, str]) -> None:
        """Send a direct message to the person with that address: ``text``, and below it a link (URL, label)."""
        ...

    def announce(self, tenant_id: TenantId, channel: str, text: str) -> None: ...


class Senders(Protocol):
    """The identities that the mail service has verified."""

    def refusal(self, tenant_id: TenantId, address: str) -> str | None:
        """Why the tenant cannot send from ``address``, as a text for people; ``None`` if it can."""
        ...


class Alerts(Protocol):
    def send(self, alert: Alert) -> None: ...


class SecurityLog(Protocol):
    def event(self, name: str, **fields: str) -> None:
        """Log a security event; ``fields`` hold ids and reasons, never a token or an address."""
        ...


class RequestLog(SecurityLog, Protocol):
    """Lines about one request, or one direct invocation. Every line after ``begin`` carries the correlation id."""

    def begin(self, correlation_id: str) -> None: ...

    def served(self, method: str, route: str, status: int) -> None:
        """``route`` is the path's pattern, or the path; never the query, which holds a reviewer's token."""
        ...

    def failed(self, error: Exception) -> None:
        """Log an unexpected error, with its traceback."""
        ...

    def started(self, tenant_id: str, campaign_id: str) -> None: ...

    def refused(self, error: CampaignError) -> None: ...


class Cipher(Protocol):
    """Encryption of single values in a record. ``context`` is bound to the ciphertext: a value cannot be decrypted with
    another one."""

    def seal(self, text: str, context: Mapping[str, str]) -> str: ...

    def open(self, sealed: str, context: Mapping[str, str]) -> str:
        """Decrypt. A text that is not encrypted (from an older record) is returned unchanged.

        Raises ``PermanentError`` for another context.
        """
        ...


class Keys(Protocol):
    """Signing keys, from Secrets Manager, cached for a few minutes."""

    def approval(self) -> KeySet: ...

    def api(self) -> KeySet: ...


class Task(StrEnum):
    """The kind of answer that the model is asked for."""

    PLAN = "plan"
    WRITE = "write"


class Stop(StrEnum):
    """Why the model stopped."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    BLOCKED = "blocked"  # a guardrail or the model's own safety rules refused


@dataclass(frozen=True)
class Prompt:
    """A system prompt, as read from its file. ``sha256`` is the hexadecimal hash of ``text``."""

    version: str
    text: str
    sha256: str


@dataclass(frozen=True)
class ModelRequest:
    """One call.

    ``seed`` makes deterministic models give the same answer again. ``call`` counts the calls made for this piece of
    work, from 0, over workflow retries and corrections. ``post_number`` (from 1) is ``None`` when planning. ``broken``
    lists what was wrong with the previous answer, in words that the model can act on.
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
    previous: Mapping[str, Any] | None = None
    """The answer that was wrong."""


@dataclass(frozen=True)
class ModelReply:
    """``data`` is the JSON that was returned, not validated; ``None`` if it was not JSON."""

    data: Any
    model_id: str
    input_tokens: int = 0
    output_tokens: int = 0
    stop: Stop = Stop.COMPLETE


class TextModel(Protocol):
    """A model that answers in a given structure.

    The agent describes its request as data: a system prompt, a payload that is never part of the prompt, and the
    structure of the answer. The reply is plain JSON data, which the agent validates. If there is no answer,
    ``complete`` raises ``ThrottledError``, ``DependencyTimeoutError`` or ``DependencyUnavailableError``.
    """

    @property
    def name(self) -> str:
        """``offline``, ``bedrock`` or ``openai``: goes into every post's provenance."""
        ...

    def complete(self, request: ModelRequest) -> ModelReply: ...
