"""What a run observes, and how that differs from what the local stack was seen to do (``reference.json``).

Assertions say what has to hold everywhere. A notebook keeps what may differ without being wrong and is worth knowing:
the words of an answer, the names of its headers, the order of states; and how long things took, for information only.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from local.http import Reply

REFERENCE = Path(__file__).with_name("reference.json")
Facts = dict[str, Any]
_CHANGING = (
    (re.compile(r"https?://[^\s\"'<>]+"), "<url>"),
    (re.compile(r"arn:aws[\w-]*:[^\s\"'<>]+"), "<arn>"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"), "<time>"),
)


class Difference(NamedTuple):
    """``None``: not seen there."""

    test: str
    what: str
    locally: Any
    here: Any


class Notebook:
    """The observations of one test."""

    def __init__(self) -> None:
        self.facts: Facts = {}
        self.seconds: dict[str, float] = {}

    def fact(self, what: str, value: Any) -> None:
        """Anything of JSON; ids, times and addresses in it are made the same everywhere."""
        self.facts[what] = settled(value)

    def reply(self, what: str, reply: Reply) -> None:
        """Status and kind of an answer and, where it is a problem document, its words."""
        kind = reply.headers.get("content-type", "").partition(";")[0]
        seen: Facts = {"status": reply.status, "contentType": kind}
        if kind == "application/problem+json":
            seen |= {name: value for name, value in reply.json().items() if name not in ("correlationId", "instance")}
        self.fact(what, seen)

    def took(self, what: str, seconds: float) -> None:
        self.seconds[what] = round(seconds, 2)


def settled(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, name in _CHANGING:
            value = pattern.sub(name, value)
        return value
    if isinstance(value, Mapping):
        return {str(name): settled(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [settled(member) for member in value]
    return value


def differences(seen: Mapping[str, Facts], reference: Mapping[str, Facts]) -> list[Difference]:
    """For the tests that ran: what each saw otherwise, and what only one side saw."""
    found = []
    for test, facts in seen.items():
        known = reference.get(test, {})
        for what in [*facts, *(name for name in known if name not in facts)]:
            here, locally = facts.get(what), known.get(what)
            if here != locally:
                found.append(Difference(test, what, locally, here))
    return found


def load(file: Path = REFERENCE) -> dict[str, Facts]:
    content: dict[str, Facts] = json.loads(file.read_text()) if file.is_file() else {}
    return content


def save(seen: Mapping[str, Facts], file: Path = REFERENCE) -> None:
    """Tests that did not run keep what they saw before."""
    content = {name: facts for name, facts in sorted((load(file) | dict(seen)).items()) if facts}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
