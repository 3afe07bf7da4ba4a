"""Read an Amazon States Language definition (JSONPath) into states and the transitions between them."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lambdas.domain.graph.model import ANY_ERROR, NodeKind

_COMPARISONS: Final = {"GreaterThanEquals": "≥", "LessThanEquals": "≤", "GreaterThan": ">", "LessThan": "<"}
_TYPES: Final = ("String", "Numeric", "Timestamp", "Boolean")


@dataclass(frozen=True)
class DefinedState:
    """One state as defined; ``inner`` holds the states of a map's processor or of all parallel branches."""

    name: str
    kind: NodeKind
    comment: str | None = None
    callback: bool = False
    inner: tuple["DefinedState", ...] = ()


@dataclass(frozen=True)
class Transition:
    """A transition from one state to another; ``caught`` if only an error leads to it."""

    source: str
    target: str
    label: str | None = None
    caught: bool = False


@dataclass(frozen=True)
class Workflow:
    """A parsed definition. ``transitions`` include those inside maps and parallels."""

    start_at: str
    states: tuple[DefinedState, ...]
    transitions: tuple[Transition, ...]

    @property
    def shape(self) -> str:
        """A hash of what a diagram of the workflow shows: names and types of the states, and the transitions.

        It is the same for every deployment: it depends neither on the ARNs, names and versions of the Lambdas nor on
        comments, retries and timeouts, nor on the order in which the states are defined.
        """
        states = sorted([s.name, s.kind, s.callback, within or ""] for s, within in _with_container(self.states))
        ways = sorted([t.source, t.target, t.label or "", t.caught] for t in self.transitions)
        text = json.dumps([self.start_at, states, ways], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _with_container(
    states: Sequence[DefinedState], within: str | None = None
) -> Iterator[tuple[DefinedState, str | None]]:
    for state in states:
        yield state, within
        yield from _with_container(state.inner, state.name)


def parse(definition: Mapping[str, Any]) -> Workflow:
    """The workflow of an ASL document.

    Raises ``ValueError`` if the document has no states, has no valid start state, or refers to a state that does not
    exist. Step Functions would have refused it, so it is not a deployed definition.
    """
    states = definition.get("States") or {}
    start = definition.get("StartAt")
    if start not in states:
        raise ValueError(f"the definition starts at {start!r}, which is not one of its states")
    transitions = tuple(_transitions(states))
    return Workflow(str(start), tuple(_state(name, body) for name, body in states.items()), transitions)


def _state(name: str, body: Mapping[str, Any]) -> DefinedState:
    try:
        kind = NodeKind(body.get("Type", ""))
    except ValueError:
        raise ValueError(f"state {name!r} has the unknown type {body.get('Type')!r}") from None
    return DefinedState(
        name=name,
        kind=kind,
        comment=body.get("Comment"),
        callback=str(body.get("Resource", "")).endswith(".waitForTaskToken"),
        inner=tuple(_state(inner, b) for machine in _machines(body) for inner, b in machine.get("States", {}).items()),
    )


def _machines(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The state machines inside a state. ``Iterator`` was the name of ``ItemProcessor`` before 2022."""
    processor = body.get("ItemProcessor") or body.get("Iterator")
    return [processor] if processor else list(body.get("Branches", ()))


def _transitions(states: Mapping[str, Any]) -> Iterator[Transition]:
    for name, body in states.items():
        for way in _merged(_ways(name, body)):
            if way.target not in states:
                raise ValueError(f"state {name!r} leads to {way.target!r}, which does not exist")
            yield way
        for machine in _machines(body):
            yield from _transitions(machine.get("States", {}))


def _ways(name: str, body: Mapping[str, Any]) -> Iterator[Transition]:
    if "Next" in body:
        yield Transition(name, body["Next"])
    for rule in body.get("Choices", ()):
        yield Transition(name, rule["Next"], rule.get("Comment") or condition(rule))
    if "Default" in body:
        yield Transition(name, body["Default"], "otherwise")
    for catch in body.get("Catch", ()):
        yield Transition(name, catch["Next"], _errors(catch["ErrorEquals"]), caught=True)


def _merged(ways: Iterator[Transition]) -> list[Transition]:
    """One transition for each target: several rules that lead to the same state become one arrow with several
    labels."""
    merged: dict[tuple[str, bool], Transition] = {}
    for way in ways:
        seen = merged.get((way.target, way.caught))
        label = " or ".join(filter(None, (seen.label, way.label))) if seen else way.label
        if seen and way.caught and ANY_ERROR in (seen.label, way.label):
            label = ANY_ERROR
        merged[way.target, way.caught] = Transition(way.source, way.target, label or None, way.caught)
    return list(merged.values())


def _errors(names: Sequence[str]) -> str:
    return ANY_ERROR if "States.ALL" in names else ", ".join(names)


def condition(rule: Mapping[str, Any]) -> str:
    """A short text for a choice rule: ``approved``, ``count > 0``, ``not paused``."""
    if "Condition" in rule:
        return str(rule["Condition"]).removeprefix("{%").removesuffix("%}").strip()
    if "And" in rule:
        return " and ".join(condition(part) for part in rule["And"])
    if "Or" in rule:
        return " or ".join(condition(part) for part in rule["Or"])
    if "Not" in rule:
        return f"not {condition(rule['Not'])}"
    subject = str(rule.get("Variable", "$")).rpartition(".")[2]
    for key, value in rule.items():
        if key not in ("Variable", "Next", "Comment", "Assign", "Output"):
            return _comparison(subject, key, value)
    return subject


def _comparison(subject: str, operator: str, value: Any) -> str:
    if operator in ("StringEquals", "StringMatches"):
        return str(value)
    if operator == "BooleanEquals":
        return subject if value else f"not {subject}"
    if operator.startswith("Is"):
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in operator[2:]).strip()
        return f"{subject} is {'' if value else 'not '}{words}"
    operand = str(value).rpartition(".")[2] if operator.endswith("Path") else value
    bare = operator.removesuffix("Path")
    for prefix in _TYPES:
        bare = bare.removeprefix(prefix)
    return f"{subject} {_COMPARISONS.get(bare, '=')} {operand}"
