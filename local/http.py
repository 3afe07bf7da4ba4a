"""A small HTTP client for the API and its pages."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import urllib3


@dataclass(frozen=True)
class Reply:
    """An answer; header names are lower case."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def correlation_id(self) -> str | None:
        return self.headers.get("x-correlation-id")


class StackError(RuntimeError):
    """A running stack did something else than it was asked for; the message says what."""


class UnexpectedReplyError(StackError):
    """The API answered something else than was expected; the message says what, in its own words."""

    def __init__(self, method: str, reply: Reply) -> None:
        super().__init__(f"{method} {reply.url.partition('?')[0]} answered {reply.status}: {_reason(reply)}")
        self.reply = reply


class Http:
    """Requests with an optional bearer token. No redirect is followed and nothing is retried."""

    def __init__(self, token: str | None = None) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=35)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, url: str, **query: Any) -> Reply:
        """GET that must be answered with 200; raises ``UnexpectedReplyError``."""
        address = f"{url}?{urlencode(query)}" if query else url
        return self._expect("GET", self.send("GET", address), 200)

    def post(self, url: str, body: Any, *, expect: int, headers: dict[str, str] | None = None) -> Reply:
        """POST of JSON; raises ``UnexpectedReplyError`` for another status than ``expect``."""
        content = json.dumps(body, ensure_ascii=False).encode()
        reply = self.send("POST", url, content, {"Content-Type": "application/json", **(headers or {})})
        return self._expect("POST", reply, expect)

    def submit(self, page: Reply, action: str, fields: dict[str, str]) -> Reply:
        """POST a page's form; raises ``UnexpectedReplyError`` unless it is answered with 200 or 303."""
        target = urljoin(page.url, action) if action else page.url
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._expect("POST", self.send("POST", target, urlencode(fields).encode(), headers), 200, 303)

    def send(self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
        """Any request, any answer."""
        response = self._pool.request(method, url, body=body, headers={**self._headers, **(headers or {})})
        return Reply(
            url=url,
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.data,
        )

    def _expect(self, method: str, reply: Reply, *statuses: int) -> Reply:
        if reply.status not in statuses:
            raise UnexpectedReplyError(method, reply)
        return reply


def _reason(reply: Reply) -> str:
    """A problem document's detail and fields, or the beginning of whatever came."""
    try:
        problem = reply.json()
        fields = "".join(f"\n  {error['field']}: {error['message']}" for error in problem.get("errors", []))
        return f"{problem.get('title', '')}. {problem.get('detail', problem.get('message', ''))}{fields}"
    except (ValueError, AttributeError, KeyError):
        return reply.text[:500]
