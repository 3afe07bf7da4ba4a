"""The pages for people: the console with its executions, and the inbox.

``/_local/`` the console, ``/_local/executions/<name>`` one execution and its ``/picture.svg``, ``/_local/inbox`` and
``/_local/inbox/<n>`` the mails that SES accepted, ``/_local/inbox.json`` the same for programs, ``/_local/health``
which emulator this is, and pages of corrections (``/_local/quotas.json``: the calls counted for Step Functions'
quotas).
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from local import aws

_LINK = re.compile(r"https?://[^\s<>\"']+")
_SHOWN_EXECUTIONS = 50


class Page(NamedTuple):
    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Message:
    """A mail, as the inbox shows it."""

    number: int
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    sent: datetime
    reply_to: list[str]
    tags: dict[str, str]

    @property
    def links(self) -> list[str]:
        return list(dict.fromkeys(_LINK.findall(self.text)))

    @property
    def linked_text(self) -> Markup:
        """The text with its URLs as links."""
        parts, end = [], 0
        for match in _LINK.finditer(self.text):
            parts.append(escape(self.text[end : match.start()]))
            parts.append(Markup('<a href="{0}" target="_blank" rel="noreferrer">{0}</a>').format(match.group()))
            end = match.end()
        return Markup("").join([*parts, escape(self.text[end:])])

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "from": self.sender,
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "replyTo": self.reply_to,
            "tags": self.tags,
            "sentAt": self.sent.isoformat(),
            "links": self.links,
        }


class Pages:
    """``mails`` are the records of all that SES accepted, ``more`` JSON pages by name."""

    def __init__(
        self,
        home: Path,
        port: int,
        mails: Callable[[], list[dict[str, Any]]],
        more: Mapping[str, Callable[[], Any]],
    ) -> None:
        self._home = home
        self._mails = mails
        self._more = more
        self._endpoint = f"http://127.0.0.1:{port}"
        self._templates = Environment(
            loader=PackageLoader("local.emulator"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def get(self, path: str) -> Page:
        match path.removeprefix("/_local").strip("/").split("/"):
            case [""]:
                return self._console()
            case ["health"]:
                return _json({"home": str(self._home), "pid": os.getpid()})
            case [name] if name in self._more:
                return _json(self._more[name]())
            case ["inbox"]:
                return self._html("inbox.html", messages=self._messages())
            case ["inbox.json"]:
                return _json({"items": [message.to_json() for message in self._messages()]})
            case ["inbox", number]:
                return self._message(number)
            case ["executions", name]:
                return self._execution(unquote(name))
            case ["executions", name, "picture.svg"]:
                return self._picture(unquote(name))
        return self._not_found()

    def _console(self) -> Page:
        stack = self._stack()
        if stack is None:
            return self._html("waiting.html")
        states = aws.client("stepfunctions", self._endpoint)
        machines = {
            label: states.list_executions(stateMachineArn=arn, maxResults=_SHOWN_EXECUTIONS)["executions"]
            for label, arn in stack["stateMachines"].items()
        }
        return self._html("console.html", stack=stack, machines=machines, now=datetime.now(UTC))

    def _execution(self, name: str) -> Page:
        stack = self._stack()
        if stack is None:
            return self._not_found()
        states = aws.client("stepfunctions", self._endpoint)
        for arn in stack["stateMachines"].values():
            execution_arn = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
            try:
                execution = states.describe_execution(executionArn=execution_arn)
            except states.exceptions.ExecutionDoesNotExist:
                continue
            events = aws.events(states, execution_arn)
            return self._html(
                "execution.html",
                execution=execution,
                visits=aws.visits(events),
                failure=aws.failure(events) if execution["status"] != "SUCCEEDED" else None,
                pretty=_pretty,
            )
        return self._not_found()

    def _picture(self, name: str) -> Page:
        # Here and not above: the emulator is up before the domain's models are loaded.
        from lambdas.adapters.aws.step_functions import StepFunctionsEngine
        from lambdas.api.picture import drawn
        from lambdas.services.history import graph_of_execution

        machines = (self._stack() or {}).get("stateMachines", {})
        engine = StepFunctionsEngine(aws.client("stepfunctions", self._endpoint), machines)
        for label in machines:
            arn = engine.arn_of(name, label)
            if engine.describe(arn):
                graph = graph_of_execution(arn, engine, datetime.now(UTC), workflow=label.upper(), title=name)
                if picture := drawn(graph):
                    return Page(200, "image/svg+xml", picture.encode())
        return self._not_found()

    def _messages(self) -> list[Message]:
        """Newest first."""
        records = sorted(self._mails(), key=lambda record: record["Timestamp"])
        messages = [
            Message(
                number=number,
                sender=record["Source"],
                to=record["To"],
                subject=record["Subject"],
                text=record["BodyText"] or "",
                html=record["BodyHtml"] or "",
                sent=datetime.fromtimestamp(record["Timestamp"], UTC),
                reply_to=record.get("ReplyTo", []),
                tags=record.get("Tags", {}),
            )
            for number, record in enumerate(records, 1)
        ]
        return messages[::-1]

    def _message(self, number: str) -> Page:
        found = [message for message in self._messages() if str(message.number) == number]
        return self._html("message.html", message=found[0]) if found else self._not_found()

    def _stack(self) -> dict[str, Any] | None:
        """The stack file, or ``None`` before the first deployment ends."""
        try:
            stack: dict[str, Any] = json.loads((self._home / "stack.json").read_text())
        except FileNotFoundError:
            return None
        return stack

    def _not_found(self) -> Page:
        return self._html("missing.html", status=404)

    def _html(self, template: str, *, status: int = 200, **values: Any) -> Page:
        body = self._templates.get_template(template).render(**values)
        return Page(status, "text/html; charset=utf-8", body.encode())


def _json(value: Any) -> Page:
    return Page(200, "application/json", json.dumps(value).encode())


def _pretty(text: str | None) -> str:
    """JSON indented, anything else as it is."""
    try:
        return json.dumps(json.loads(text or ""), indent=2, ensure_ascii=False)
    except ValueError:
        return text or ""
