"""BUILD in one process: its synthesised definition over the fakes. It is fast, and it can break at any place."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import cache
from random import Random
from threading import Lock
from typing import Any, NamedTuple

from lambdas.domain.errors import CampaignError, GoneError
from lambdas.domain.ids import CampaignKey, TaskToken
from lambdas.domain.models.approval import Approval
from lambdas.domain.models.base import iso
from lambdas.domain.models.workflow import BuildInput, Decision
from lambdas.services.approval_links import OpenLink
from lambdas.services.decisions import Choice, decide
from tests.fakes import MemoryEngine
from tests.support import samples
from tests.support.agents import Generator, Planner
from tests.support.definition import build_definition
from tests.support.faults import Crash, FaultPlan
from tests.support.interpreter import (
    Await,
    Children,
    Ended,
    Invoke,
    Machine,
    Request,
    Sleep,
    StateError,
    drive,
    go_on,
    in_turn,
)
from tests.support.steps import Agents, functions
from tests.support.world import World

Reviewer = Callable[[Approval], Decision | None]
"""Decides about a request, or says nothing until the wait is over. A ``StateError`` ends the wait by that error."""


def approve(_: Approval) -> Decision:
    return Decision.APPROVED


class Delivery(NamedTuple):
    """One invocation of a Lambda, as it was sent."""

    function: str
    event: dict[str, Any]


@cache
def build() -> Machine:
    return Machine(build_definition(), MemoryEngine.MACHINE)


class InWorld:
    """What an execution asks of its surroundings, of a ``World``. ``entered`` are the states it came to, in order."""

    def __init__(self, world: World, name: str, shuffle: Callable[[list[Any]], None] = lambda _: None) -> None:
        self.world, self.name, self.states = world, name, list[str]()
        self._shuffle = shuffle

    def now(self) -> str:
        return iso(self.world.clock.now())

    def new_token(self) -> str:
        return self.world.new_token()

    def entered(self, execution: str, state: str) -> None:
        if execution == self.name:
            self.states.append(state)

    def read(self, bucket: str, key: str) -> list[Any]:
        items = list(self.world.manifests.objects[key])
        self._shuffle(items)
        return items

    def told(self, token: str) -> dict[str, object] | None:
        """What the task of that token was told, if anything. Raises ``StateError`` when that was a failure."""
        for failed in self.world.engine.failed:
            if failed.token == token:
                raise StateError(failed.error, failed.cause)
        return next((resumed.output for resumed in self.world.engine.resumed if resumed.token == token), None)

    def failed(self, call: Invoke, error: BaseException) -> None:
        """An invocation failed, and so did its state, unless its token was answered before that."""
        failure = StateError(*_reported(error))
        if call.token:
            with suppress(GoneError):
                self.world.engine.fail(TaskToken(call.token), failure.error, failure.cause)
            if self.told(call.token) is not None:
                return
        raise failure from error


class Pipeline:
    """One execution over one world, from its input to its end.

    ``chaos`` shuffles the batches of the map and, after each delivery, redelivers ``zombies`` earlier ones.
    ``name`` is the execution's; the first one of a campaign is named after it.
    """

    def __init__(
        self,
        world: World,
        *,
        planner: Planner | None = None,
        generator: Generator | None = None,
        faults: FaultPlan | None = None,
        reviewer: Reviewer = approve,
        chaos: Random | None = None,
        zombies: int = 0,
        name: str = samples.CAMPAIGN_ID,
    ) -> None:
        self.world = world
        self.agents = Agents(planner or Planner(), generator or Generator())
        self.deliveries: list[Delivery] = []
        self._functions = functions(world, self.agents, faults or FaultPlan())
        self._reviewer = reviewer
        self._chaos = chaos or Random(0)
        self._zombies = zombies
        self._around = InWorld(world, name, self._chaos.shuffle)
        self._lock = Lock()

    @property
    def entered(self) -> list[str]:
        """The states the execution came to, in order, without those of the map's children."""
        return self._around.states

    def run(self, execution: BuildInput) -> Ended:
        self._key = execution.key
        return drive(build().run(execution.to_wire(), self._around.name, self._around), self._serve)

    def deliver(self, delivery: Delivery) -> dict[str, Any]:
        """Invoke a Lambda once more, as an engine that lost the answer would."""
        return self._functions[delivery.function](delivery.event)

    def _serve(self, request: Request) -> Any:
        match request:
            case Invoke():
                return self._invoke(request)
            case Await():
                return self._answer(request, self._key)
            case Sleep():
                with self._lock:
                    self.world.clock.advance(timedelta(seconds=request.seconds))
                return None
            case Children():
                with ThreadPoolExecutor(max_workers=request.at_once) as pool:
                    return list(pool.map(lambda run: drive(run, self._serve), request.runs))

    def _invoke(self, call: Invoke) -> Any:
        delivery = Delivery(call.function, call.event)
        if not call.token:
            self._remember(delivery)
        try:
            answer = self.deliver(delivery)
        except AssertionError:
            raise  # a test's own, and nothing to be retried
        except (Exception, Crash) as error:  # noqa: BLE001 - whatever a Lambda raises fails its state
            return self._around.failed(call, error)
        if call.token:  # only one that was asked: a failed attempt takes its token along
            self._remember(delivery)
        self._redeliver(delivery)
        return answer

    def _answer(self, wait: Await, key: CampaignKey) -> dict[str, object]:
        """What the waiting task is told: by a reviewer, or by what was decided before this execution."""
        told = self._around.told(wait.token)
        if told is not None:
            return told
        world = self.world
        approval = next(a for a in world.approvals.all(key) if a.task_token == wait.token)
        try:
            decision = self._reviewer(approval)
            if decision is None:  # heartbeats are sent, and nobody decides
                world.clock.advance(timedelta(seconds=wait.timeout))
                raise StateError("States.Timeout")
        except StateError as ended:
            world.engine.fail(TaskToken(wait.token), ended.error, ended.cause)
            raise
        approval = world.approvals.get(key, approval.callback_id)  # it may have more time by now
        decide(OpenLink(approval, approval.reviewers[0]), Choice(decision, "", None), world)
        told = self._around.told(wait.token)
        assert told is not None, "the decision did not reach the workflow"
        return told

    def _remember(self, delivery: Delivery) -> None:
        with self._lock:
            self.deliveries.append(delivery)

    def _redeliver(self, delivery: Delivery) -> None:
        """What an unreliable network does: earlier deliveries come once more, in any order."""
        with self._lock:
            # The frame belongs to one thread: while batches run, only batches come again.
            batches = delivery.function == "generate-posts"
            alike = [d for d in self.deliveries if not batches or d.function == "generate-posts"]
            again = [self._chaos.choice(alike) for _ in range(self._zombies)]
        for zombie in again:
            try:
                self.deliver(zombie)
            except (CampaignError, Crash, RuntimeError):
                continue  # nobody listens to it any more, not even to an agent that raises


class Execution:
    """One execution that a test moves on, invocation by invocation, and may leave, end or overtake between any two."""

    def __init__(self, world: World, event: BuildInput, name: str) -> None:
        self.name, self.dead, self.retries = name, False, 0
        self._around = InWorld(world, name)
        self._run = in_turn(build().run(event.to_wire(), name, self._around))
        self._next = go_on(self._run, None, None)

    @property
    def over(self) -> bool:
        return self.dead or isinstance(self._next, Ended)

    @property
    def waits(self) -> bool:
        return not self.over and isinstance(self._next, Await)

    def due(self) -> Delivery | None:
        """The next invocation, or ``None`` while it waits and when it is over."""
        while not self.over:
            match self._next:
                case Invoke():
                    return Delivery(self._next.function, self._next.event)
                case Sleep():
                    self._around.world.clock.advance(timedelta(seconds=self._next.seconds))
                    self._go_on(None)
                case Await():
                    try:
                        told = self._around.told(self._next.token)
                    except StateError as failed:
                        self._go_on(None, failed)
                        continue
                    if told is None:
                        return None
                    self._go_on(told)
        return None

    def done(self, answer: dict[str, Any]) -> None:
        if not self.over:
            self._go_on(answer)

    def failed(self, error: BaseException) -> None:
        """Its worker died, or its Lambda raised: the state's Retry and Catch say what that means."""
        if self.over:
            return
        assert isinstance(self._next, Invoke)
        self.retries += 1
        try:
            self._around.failed(self._next, error)
        except StateError as failed:
            self._go_on(None, failed)
        else:
            self._go_on(None)

    def die(self) -> None:
        """The engine aborts it: nobody waits for its token any more."""
        self.dead = True
        if isinstance(self._next, (Invoke, Await)) and self._next.token:
            with suppress(GoneError):  # it was answered
                self._around.world.engine.fail(TaskToken(self._next.token), "States.TaskFailed", "")

    def _go_on(self, answer: Any, error: StateError | None = None) -> None:
        self._next = go_on(self._run, answer, error)


def _reported(error: BaseException) -> tuple[str, str]:
    """An error as Lambda reports it: the class's name, and JSON with the message."""
    if isinstance(error, Crash):
        return "Lambda.Unknown", "The cause could not be determined because Lambda did not return an error type."
    name = type(error).__name__
    return name, json.dumps({"errorMessage": str(error), "errorType": name, "stackTrace": []})
