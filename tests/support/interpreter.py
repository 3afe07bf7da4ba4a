"""A small interpreter of Step Functions' definitions, for tests that run a workflow in memory thousands of times.

``Machine.run`` does nothing itself: it yields what has to be done, and whoever runs it sends the answer back or throws
a ``StateError``. So the same definition runs with threads, task by task, or with an engine that breaks. What is done at
which state is the language's (docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html).
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from tests.support.definition import (
    CALLBACK,
    COMPARISONS,
    MISSING,
    DefinitionError,
    State,
    check,
    filled,
    found,
    own,
    placed,
    selected,
)


class StateError(Exception):
    """A state failed, with a name for Retry and Catch."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error, self.cause = error, cause


class Invoke(NamedTuple):
    """Call a Lambda; the answer is its result. ``token`` is there when the task then waits for it."""

    state: str
    function: str
    event: dict[str, Any]
    token: str | None


class Await(NamedTuple):
    """Wait for a task token; the answer is what the task was told. ``States.Timeout`` after ``timeout`` seconds, and
    ``States.HeartbeatTimeout`` after ``heartbeat`` seconds without a sign of life."""

    state: str
    token: str
    timeout: int
    heartbeat: int | None


class Sleep(NamedTuple):
    """Before a retry at its full length, whatever its jitter, or in a Wait."""

    seconds: float


class Children(NamedTuple):
    """Run these executions, so many at once; the answer is how each ended."""

    runs: list["Run"]
    at_once: int


class Ended(NamedTuple):
    """How an execution ended: in which state, and with which output or error."""

    state: str
    output: Any = None
    error: str | None = None
    cause: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.error is None


Request = Invoke | Await | Sleep | Children
Run = Generator[Request, Any, Ended]


class Surroundings(Protocol):
    """What an execution asks at once, without anybody in between."""

    def now(self) -> str: ...
    def new_token(self) -> str: ...
    def entered(self, execution: str, state: str) -> None: ...
    def read(self, bucket: str, key: str) -> list[Any]:
        """An object of S3 that is a JSON array. Raises ``StateError`` named ``States.ItemReaderFailed``."""
        ...


_UNCATCHABLE = ("States.DataLimitExceeded", "States.Runtime")


class Machine:
    """A state machine, checked when it is made. ``arn`` is the machine's in the ARNs of its executions."""

    def __init__(self, definition: State, arn: str) -> None:
        check(definition)
        self._definition, self._arn = definition, arn

    def run(self, given: Mapping[str, Any], name: str, around: Surroundings) -> Run:
        """One execution."""
        execution = {"Id": f"{self._arn}:{name}", "Name": name, "Input": given, "StartTime": around.now()}
        return _Execution(self._definition, execution, self._arn, around).run(given)


class _Execution:
    """One execution, or one child of a map."""

    def __init__(self, machine: State, execution: Mapping[str, Any], arn: str, around: Surroundings) -> None:
        self._machine, self._execution, self._arn, self._around = machine, execution, arn, around
        self._maps = 0

    def run(self, data: Any) -> Run:
        name = self._machine["StartAt"]
        while True:
            state = self._machine["States"][name]
            self._around.entered(self._execution["Name"], name)
            entered = {"Name": name, "EnteredTime": self._around.now(), "RetryCount": 0}
            context = {"Execution": self._execution, "State": entered}
            if state["Type"] == "Fail":
                error, cause = (own(state, field, data, context) or "" for field in ("Error", "Cause"))
                return Ended(name, None, error, cause)
            try:
                data, following = yield from self._tried(state, data, context)
            except StateError as failed:
                return Ended(name, None, failed.error, failed.cause)
            if following is None:
                return Ended(name, data)
            name = following

    def _tried(self, state: State, data: Any, context: dict[str, Any]) -> Generator[Request, Any, tuple[Any, Any]]:
        """The state's output, and which state comes next."""
        used: Counter[int] = Counter()
        while True:
            try:
                result = yield from self._done(state, data, context)
            except StateError as failed:
                number, rule = _first(state.get("Retry", ()), failed.error)
                if rule and used[number] < rule.get("MaxAttempts", 3):
                    wait = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** used[number]
                    yield Sleep(min(wait, rule.get("MaxDelaySeconds", wait)))
                    used[number] += 1
                    context = context | {"State": context["State"] | {"RetryCount": used.total()}}
                    continue
                _, caught = _first(state.get("Catch", ()), failed.error)
                if caught is None:
                    raise
                told = {"Error": failed.error, "Cause": failed.cause}
                return placed(caught.get("ResultPath", "$"), data, told), caught["Next"]  # its OutputPath is not for it
            following = _chosen(state, data, context) if state["Type"] == "Choice" else state.get("Next")
            output = placed(state.get("ResultPath", "$"), data, result)
            return selected(state.get("OutputPath", "$"), output, context), following

    def _done(self, state: State, data: Any, context: dict[str, Any]) -> Generator[Request, Any, Any]:
        """One attempt; answers its result."""
        match state["Type"]:
            case "Task":
                return (yield from self._task(state, data, context))
            case "Map":
                return (yield from self._map(state, data, context))
            case "Wait":
                yield Sleep(own(state, "Seconds", data, context))
                return data
            case "Pass" if "Result" in state:
                return state["Result"]
        return filled(state["Parameters"], data, context) if "Parameters" in state else data

    def _task(self, state: State, data: Any, context: dict[str, Any]) -> Generator[Request, Any, Any]:
        name, resource = context["State"]["Name"], state["Resource"]
        if not resource.endswith(CALLBACK):
            return (yield Invoke(name, resource, filled(state["Parameters"], data, context), None))
        token = self._around.new_token()
        call = filled(state["Parameters"], data, context | {"Task": {"Token": token}})
        yield Invoke(name, call["FunctionName"], call["Payload"], token)
        return (yield Await(name, token, state["TimeoutSeconds"], state.get("HeartbeatSeconds")))

    def _map(self, state: State, data: Any, context: dict[str, Any]) -> Generator[Request, Any, Any]:
        """Every item a child execution, however they end; more than the tolerated share of failures fails the map."""
        where = filled(state["ItemReader"]["Parameters"], data, context)
        items = [
            filled(state["ItemSelector"], data, context | {"Map": {"Item": {"Index": index, "Value": item}}})
            for index, item in enumerate(self._around.read(where["Bucket"], where["Key"]))
        ]
        if "ItemBatcher" in state:
            size = state["ItemBatcher"]["MaxItemsPerBatch"]
            items = [{"Items": items[start : start + size]} for start in range(0, len(items), size)]
        self._maps += 1
        at_once = own(state, "MaxConcurrency", data, context) or len(items)
        ended: list[Ended] = yield Children([self._child(state, n, item) for n, item in enumerate(items)], at_once)
        failed = [child for child in ended if not child.succeeded]
        if failed and len(failed) * 100 > state.get("ToleratedFailurePercentage", 0) * len(items):
            raise StateError("States.ExceedToleratedFailureThreshold", f"{failed[0].error}: {failed[0].cause}")
        return [child.output for child in ended]

    def _child(self, state: State, number: int, item: Any) -> Run:
        """Its name is one of its own, as the UUID that AWS makes."""
        name, arn = f"{self._execution['Name']}-map-{self._maps}-{number}", f"{self._arn}/{state['Label']}"
        child = {"Id": f"{arn}:{name}", "Name": name, "Input": item, "StartTime": self._around.now()}
        return _Execution(state["ItemProcessor"], child, arn, self._around).run(item)


def go_on(run: Run, answer: Any, error: StateError | None) -> Request | Ended:
    """Hand over the answer to the last request, or the error that it failed with; answers what comes next."""
    try:
        return run.throw(error) if error else run.send(answer)
    except StopIteration as end:
        ended: Ended = end.value
        return ended


def drive(run: Run, serve: Callable[[Request], Any]) -> Ended:
    """Run it to its end; ``serve`` does what is to be done, and raises ``StateError``."""
    answer: Any = None
    error: StateError | None = None
    while not isinstance(request := go_on(run, answer, error), Ended):
        answer = error = None
        try:
            answer = serve(request)
        except StateError as failed:
            error = failed
    return request


def in_turn(run: Run) -> Run:
    """The same execution with the children of its maps one after the other, in the place of the map."""
    answer: Any = None
    error: StateError | None = None
    while not isinstance(request := go_on(run, answer, error), Ended):
        answer = error = None
        if isinstance(request, Children):
            answer = []
            for child in request.runs:
                answer.append((yield from in_turn(child)))
            continue
        try:
            answer = yield request
        except StateError as failed:
            error = failed
    return request


def _first(rules: Sequence[State], error: str) -> tuple[int, State | None]:
    """The first rule that names the error, by itself or by a wildcard."""
    return next(((n, rule) for n, rule in enumerate(rules) if _names(rule["ErrorEquals"], error)), (-1, None))


def _names(names: Iterable[str], error: str) -> bool:
    """As docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html has the wildcards."""
    if error in names or (error == "States.HeartbeatTimeout" and "States.Timeout" in names):
        return True
    wild = "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")
    return wild and error not in _UNCATCHABLE


def _chosen(state: State, data: Any, context: Mapping[str, Any]) -> str:
    for choice in state["Choices"]:
        if _holds(choice, data, context):
            return str(choice["Next"])
    if "Default" not in state:
        raise DefinitionError(f"no choice matches {data}")
    return str(state["Default"])


def _holds(rule: State, data: Any, context: Mapping[str, Any]) -> bool:
    match rule:
        case {"And": rules}:
            return all(_holds(each, data, context) for each in rules)
        case {"Or": rules}:
            return any(_holds(each, data, context) for each in rules)
        case {"Not": one}:
            return not _holds(one, data, context)
        case {"IsPresent": wanted}:
            return (found(rule["Variable"], data, context) is not MISSING) is wanted
    (comparison,) = set(rule) & set(COMPARISONS)
    return COMPARISONS[comparison](selected(rule["Variable"], data, context), rule[comparison])
