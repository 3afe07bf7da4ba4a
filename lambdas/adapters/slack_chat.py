"""Slack's Web API (docs.slack.dev/apis/web-api): ``users.lookupByEmail``, then ``chat.postMessage`` to the person.

Each tenant has its own bot (scopes ``users:read.email`` and ``chat:write``); its token is the secret
``<prefix>campaign/slack/<tenant>`` in Secrets Manager. Action on it: ``secretsmanager:GetSecretValue``.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import urllib3
from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.domain.errors import ChatRefusedError, DependencyTimeoutError, DependencyUnavailableError, ThrottledError
from lambdas.domain.ids import TenantId

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

BUDGET_SECONDS = 10.0
"""For all messages of one invocation together: the mails are sent already, and the step must not time out because of
Slack."""
_TRIES = 3
_TIMEOUT = urllib3.Timeout(connect=2.0, read=4.0)
_TEMPORARY = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"})
"""Error codes in a response that are temporary (docs.slack.dev/reference/methods/chat.postMessage)."""


_DENIED = frozenset({"AccessDeniedException", "DecryptionFailure"})
"""docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html. A missing secret is reported as
missing, because the function may read every name below the prefix (``stacks/grants.py``)."""


class SlackChat:
    """``secret_prefix`` and the tenant's id are the name of the tenant's secret, which contains only the bot's
    token."""

    def __init__(
        self,
        secrets: "SecretsManagerClient",
        secret_prefix: str,
        api: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = secrets
        self._prefix = secret_prefix
        self._api = api
        self._sleep = sleep
        self._clock = clock
        self._until: float | None = None
        self._http = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def tell(self, tenant_id: TenantId, email: str, text: str, link: tuple[str, str]) -> None:
        token = self._token(tenant_id)
        person = self._call(token, "GET", "users.lookupByEmail", {"email": email}).get("user")
        if not isinstance(person, dict) or not isinstance(person.get("id"), str):
            raise DependencyUnavailableError("Slack answered without a user")
        address, words = link
        self._post(token, person["id"], f"{_escaped(text)}\n<{_escaped(address)}|{_escaped(words)}>")

    def announce(self, tenant_id: TenantId, channel: str, text: str) -> None:
        self._post(self._token(tenant_id), channel, _escaped(text))

    def _post(self, token: str, channel: str, text: str) -> None:
        # Without previews, so that Slack's servers do not fetch a reviewer's link.
        body = {"channel": channel, "text": text, "unfurl_links": False, "unfurl_media": False}
        self._call(token, "POST", "chat.postMessage", body)

    def _call(self, token: str, method: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The response of one method. If Slack limits the rate, waits for ``Retry-After`` if the budget allows it."""
        for _ in range(_TRIES):
            response = self._request(token, method, name, fields)
            if response.status != 429:
                return _read(response)
            pause = _seconds(response.headers.get("Retry-After"))
            if self._left() <= pause:
                break
            self._sleep(pause)
        raise ThrottledError("Slack asked us to slow down")

    def _request(self, token: str, method: str, name: str, fields: Mapping[str, Any]) -> "urllib3.BaseHTTPResponse":
        if self._left() <= 0:
            raise DependencyTimeoutError("Slack took too long")
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._api}/{name}"
        try:
            if method == "GET":
                return self._http.request(method, url, fields=dict(fields), headers=headers)
            content = json.dumps(fields, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json; charset=utf-8"
            return self._http.request(method, url, body=content, headers=headers)
        except urllib3.exceptions.NewConnectionError:  # which calls itself a timeout
            raise DependencyUnavailableError("Slack could not be reached") from None
        except urllib3.exceptions.TimeoutError:
            raise DependencyTimeoutError("Slack took too long") from None
        except urllib3.exceptions.HTTPError as error:
            # Not the error's message: it contains the address that was looked up.
            raise DependencyUnavailableError(f"Slack could not be reached ({type(error).__name__})") from None

    def _left(self) -> float:
        if self._until is None:
            self._until = self._clock() + BUDGET_SECONDS
        return self._until - self._clock()

    @translate_errors()
    def _token(self, tenant_id: TenantId) -> str:
        try:
            token = self._secrets.get_secret_value(SecretId=f"{self._prefix}{tenant_id}").get("SecretString", "")
        except ClientError as error:
            if error_code(error) in _DENIED:
                # Not the same as a missing secret: somebody has to check the policy of the function or of the secret's
                # key.
                raise ChatRefusedError("the bot token of this tenant may not be read") from error
            if error_code(error) != "ResourceNotFoundException":
                raise
            token = ""
        if not token.strip():
            raise ChatRefusedError("no bot token is stored for this tenant, or it may not be read")
        return token.strip()


def _read(response: "urllib3.BaseHTTPResponse") -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.status >= 500 or not isinstance(answer, dict):
        raise DependencyUnavailableError(f"Slack answered {response.status}")
    if answer.get("ok") is True:
        return answer
    reason = str(answer.get("error", "an error without a name"))[:100]
    if reason == "ratelimited":
        raise ThrottledError("Slack asked us to slow down")
    if reason in _TEMPORARY:
        raise DependencyUnavailableError(f"Slack answered {reason}")
    raise ChatRefusedError(f"Slack answered {reason}")


def _seconds(text: str | None) -> float:
    """The value of ``Retry-After``, which Slack gives in whole seconds."""
    return float(text) if text and text.isdecimal() and len(text) < 6 else 1.0


def _escaped(text: str) -> str:
    """Escaped for Slack's markup (docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
