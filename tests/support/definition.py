"""What tests interpret: BUILD as it is synthesised, and the part of the Amazon States Language that is known to them.

Whatever is not known, a field, a type of state, a kind of map, is a ``DefinitionError`` and never skipped.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from local.synth import HERE, assembly
from tests.infra.templates import Assembly

State = Mapping[str, Any]


class DefinitionError(AssertionError):
    """The definition, or the data it is run on, is not what the interpreter knows: a test fails by it."""


@cache
def build_definition() -> State:
    """BUILD as the CDK synthesises it for this machine, with its Lambdas by their names.

    The assembly is cached by its sources, and shared with whatever else needs one.
    """
    templates = Assembly(assembly(), HERE)
    definition: State = _named(templates.build, templates)
    return definition


def _named(value: Any, templates: Assembly) -> Any:
    if isinstance(value, list):
        return [_named(each, templates) for each in value]
    if not isinstance(value, dict):
        return value
    lambdas = {
        name: templates.name_of(arn)
        for name, arn in value.items()
        if name in ("Resource", "FunctionName") and not arn.startswith("arn:")
    }
    return {name: _named(inner, templates) for name, inner in value.items()} | lambdas


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_STATE = {"Type", "Comment", "OutputPath"}
_STEP = _STATE | {"Next", "End", "ResultPath"}
_TRIED = _STEP | {"Retry", "Catch"}
_FIELDS: Mapping[str, set[str]] = {
    "Task": _TRIED | {"Resource", "Parameters", "TimeoutSeconds", "HeartbeatSeconds"},
    "Map": _TRIED
    | {"ItemReader", "ItemSelector", "ItemBatcher", "ItemProcessor", "Label"}
    | {"MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailurePercentage"},
    "Pass": _STEP | {"Parameters", "Result"},
    "Wait": _STATE | {"Next", "End", "Seconds", "SecondsPath"},
    "Choice": _STATE | {"Choices", "Default"},
    "Succeed": _STATE,
    "Fail": {"Type", "Comment", "Error", "ErrorPath", "Cause", "CausePath"},
}
_PARTS: Mapping[str, set[str]] = {
    "ItemReader": {"Resource", "ReaderConfig", "Parameters"},
    "ItemBatcher": {"MaxItemsPerBatch"},
    "ItemProcessor": {"ProcessorConfig", "StartAt", "States"},
}
_RETRY = {"ErrorEquals", "MaxAttempts", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"}
_CATCH = {"ErrorEquals", "Next", "ResultPath"}
_MACHINE = {"StartAt", "States", "Comment", "TimeoutSeconds"}
CALLBACK = ":states:::lambda:invoke.waitForTaskToken"
_READER = ":states:::s3:getObject"
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda value, wanted: isinstance(value, str) and value == wanted,
    "BooleanEquals": lambda value, wanted: value is wanted,
    "NumericEquals": lambda value, wanted: _is_number(value) and value == wanted,
    "NumericLessThan": lambda value, wanted: _is_number(value) and value < wanted,
    "NumericGreaterThanEquals": lambda value, wanted: _is_number(value) and value >= wanted,
}

_PATH = re.compile(r"\$\$?(\.[A-Za-z_][A-Za-z0-9_]*)*")


def check(definition: State) -> None:
    """Raises ``DefinitionError`` for whatever the interpreter does not know."""
    _only("the machine", definition, _MACHINE)
    _check_states(definition)


def _check_states(machine: State) -> None:
    states = machine["States"]
    ways = [machine["StartAt"]]
    for name, state in states.items():
        if state["Type"] not in _FIELDS:
            raise DefinitionError(f"{name}: the type {state['Type']} is not known here")
        _only(name, state, _FIELDS[state["Type"]])
        for part in _PARTS.keys() & state.keys():
            _only(f"{name}: {part}", state[part], _PARTS[part])
        for rule in state.get("Retry", ()):
            _only(f"{name}: a retry", rule, _RETRY)
        for rule in state.get("Catch", ()):
            _only(f"{name}: a catch", rule, _CATCH)
        for rule in state.get("Choices", ()):
            _check_choice(name, rule, {"Next"})
        if state["Type"] in _CHECKS:
            _CHECKS[state["Type"]](name, state)
        if state["Type"] not in ("Choice", "Succeed", "Fail") and ("Next" in state) == ("End" in state):
            raise DefinitionError(f"{name}: either it has a Next, or it is an End")
        ways += [rule["Next"] for rule in (*state.get("Choices", ()), *state.get("Catch", ()))]
        ways += [state[field] for field in ("Next", "Default") if field in state]
    if not set(ways) <= set(states):
        raise DefinitionError(f"{set(ways) - set(states)}: there is no such state")


def _check_choice(name: str, rule: State, more: set[str]) -> None:
    together = [*rule.get("And", ()), *rule.get("Or", ()), *([rule["Not"]] if "Not" in rule else [])]
    for each in together:
        _check_choice(name, each, set())
    known = {"And", "Or", "Not"} if together else {"Variable", "IsPresent", *COMPARISONS}
    _only(f"{name}: a choice", rule, known | more | {"Comment"})
    if len(rule.keys() & (known - {"Variable"})) != 1:
        raise DefinitionError(f"{name}: a choice compares one thing: {rule}")


def _check_task(name: str, task: State) -> None:
    if task["Resource"].endswith(CALLBACK):
        _only(f"{name}: Parameters", task["Parameters"], {"FunctionName", "Payload"})
    elif ":states:::" in task["Resource"]:
        raise DefinitionError(f"{name}: {task['Resource']} is not known here")


def _check_map(name: str, state: State) -> None:
    reader, processor = state["ItemReader"], state["ItemProcessor"]
    known = reader["Resource"].endswith(_READER) and reader["ReaderConfig"] == {"InputType": "JSON"}
    if not known or processor["ProcessorConfig"] != {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}:
        raise DefinitionError(f"{name}: a map of this kind is not known here")
    _check_states(processor)


_CHECKS: Mapping[str, Callable[[str, State], None]] = {"Task": _check_task, "Map": _check_map}


def _only(where: str, found: State, known: set[str]) -> None:
    if not found.keys() <= known:
        raise DefinitionError(f"{where}: {', '.join(sorted(found.keys() - known))} is not known here")


MISSING = object()


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a path is into the context, and the names on it."""
    if not _PATH.fullmatch(path):
        raise DefinitionError(f"{path!r} is no path that is known here")
    return path.startswith("$$"), tuple(path.split(".")[1:])


def found(path: str, data: Any, context: Mapping[str, Any]) -> Any:
    into_context, steps = _steps(path)
    value = context if into_context else data
    for step in steps:
        value = value.get(step, MISSING) if isinstance(value, Mapping) else MISSING
    return value


def selected(path: str | None, data: Any, context: Mapping[str, Any]) -> Any:
    """``None``, which is null in the definition, selects an empty object."""
    value = {} if path is None else found(path, data, context)
    if value is MISSING:
        raise DefinitionError(f"{path} is not there: {data}")
    return value


def own(state: State, field: str, data: Any, context: Mapping[str, Any]) -> Any:
    """A field that is given as it is, or as a path."""
    return selected(state[f"{field}Path"], data, context) if f"{field}Path" in state else state.get(field)


def filled(template: Any, data: Any, context: Mapping[str, Any]) -> Any:
    """A payload template with its paths replaced."""
    if isinstance(template, list):
        return [filled(each, data, context) for each in template]
    if not isinstance(template, Mapping):
        return template
    return {
        name.removesuffix(".$"): (selected if name.endswith(".$") else filled)(value, data, context)
        for name, value in template.items()
    }


def placed(path: str | None, data: Any, result: Any) -> Any:
    """The state's input with the result at its place; null keeps the input."""
    if path is None:
        return data
    into_context, steps = _steps(path)
    if into_context:
        raise DefinitionError(f"{path}: the context cannot be changed")
    if not steps:
        return result
    first, rest = steps[0], ".".join(("$", *steps[1:]))
    return {**data, first: placed(rest, data.get(first, {}), result)}
