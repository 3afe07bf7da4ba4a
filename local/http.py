"""A small HTTP client for the API and its pages; it reads forms as a browser would."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin

import urllib3


@dataclass(frozen=True)
class Reply:
    """A response; header names are lower case."""

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
    """A running stack did not do what was requested; the message says what happened."""


class UnexpectedReplyError(StackError):
    """The API answered with another status than expected; the message contains the answer."""

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
        """Send any request, accept any answer."""
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
    """A problem document's detail and fields, or the beginning of any other body."""
    try:
        problem = reply.json()
        fields = "".join(f"\n  {error['field']}: {error['message']}" for error in problem.get("errors", []))
        return f"{problem.get('title', '')}. {problem.get('detail', problem.get('message', ''))}{fields}"
    except (ValueError, AttributeError, KeyError):
        return reply.text[:500]


@dataclass
class Form:
    """``fields`` are what the form sends unless changed; ``choices`` are the values its buttons and radios offer."""

    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **values: str) -> dict[str, str]:
        """The fields to send with ``values`` filled in; raises ``ValueError`` for a value that the form does not
        offer."""
        for name, value in values.items():
            if name in self.choices and value not in self.choices[name]:
                raise ValueError(f"the form offers {name} = {', '.join(self.choices[name])}, not {value}")
            if name not in self.choices and name not in self.fields:
                raise ValueError(f"the form has no field {name}")
        return self.fields | values


def forms(html: str) -> list[Form]:
    """The forms of a page."""
    parser = _FormParser()
    parser.feed(html)
    return parser.found


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(attributes.get("action", ""), attributes.get("method", "get").lower())
            self.found.append(self._open)
        elif self._open is not None and attributes.get("name"):
            self._control(self._open, tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    @staticmethod
    def _control(form: Form, tag: str, attributes: dict[str, str]) -> None:
        name, value, kind = attributes["name"], attributes.get("value", ""), attributes.get("type", "text").lower()
        if tag == "button" or (tag == "input" and kind in ("submit", "radio")):
            form.choices.setdefault(name, []).append(value)
        elif kind == "checkbox" and "checked" not in attributes:
            return  # a browser leaves it out
        elif tag in ("input", "textarea", "select"):
            form.fields[name] = value
