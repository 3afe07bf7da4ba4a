"""BUILD in one process: the states of ``statemachine/build.py`` in their order, with its retries and catches.

It is no Step Functions, and the workflow tests run the real definition. It is fast, and it can break at any place.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import count
from random import Random
from threading import Lock
from typing import Any, NamedTuple

from lambdas.domain.approval import tally
from lambdas.domain.errors import CampaignError, PermanentError, RetryableError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.approval import Approval, MadeDecision, Vote
from lambdas.domain.models.base import iso
from lambdas.domain.models.workflow import ApprovalOutcome, BuildInput, Decision
from tests.fakes import MemoryEngine
from tests.support import samples
from tests.support.agents import Generator, Planner
from tests.support.faults import Crash, FaultPlan
from tests.support.steps import Agents, tasks
from tests.support.world import World

PATIENT_RETRIES, UNKNOWN_RETRIES = 6, 2
"""As in ``statemachine/tasks.py``: for known temporary and Lambda's own errors, and for unknown ones."""

Reviewer = Callable[[Approval], Decision | None]
"""Decides about a request, or says nothing until the wait is over."""


def approve(_: Approval) -> Decision:
    return Decision.APPROVED


class Delivery(NamedTuple):
    """One invocation of a task, as it was sent."""

    state: str
    event: dict[str, Any]


class Ended(NamedTuple):
    """How an execution ended: in a Succeed state or in Failed, with the error that led there."""

    state: str
    error: str | None = None
    cause: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.state != "Failed"


class TaskFailedError(Exception):
    """A state gave up; the engine's own spelling."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


class Pipeline:
    """One engine over one world.

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
        self.entered: list[str] = []
        self._tasks = tasks(world, self.agents, faults or FaultPlan())
        self._reviewer = reviewer
        self._chaos = chaos or Random(0)
        self._zombies = zombies
        self._name = name
        self._lock = Lock()

    def run(self, execution: BuildInput) -> Ended:
        """The whole execution, from its input to its end."""
        state = execution.to_wire()
        try:
            for name in ("ValidateCampaign", "SaveCampaign"):
                self._state(name, state)
            state["plan"] = self._state("PlanPosts", state)
            while True:
                self._map(state)
                self._state("AggregateResults", state)
                state["approval"] = self._wait_for_decision(state)
                if state["approval"]["decision"] != "needs_revision":
                    break
                state["plan"] = self._state("RevisePosts", state)
            if state["approval"]["decision"] == "approved":
                self._state("CompleteCampaign", state)
                return Ended("Approved")
            self._state("RejectCampaign", state)
            return Ended("Rejected")
        except TaskFailedError as failure:
            return self._record(state, failure)

    def deliver(self, delivery: Delivery) -> dict[str, Any]:
        """Invoke a task once more, as an engine that lost the answer would."""
        return self._tasks[delivery.state](delivery.event)

    def _record(self, state: dict[str, Any], failure: TaskFailedError) -> Ended:
        error = {"Error": failure.error, "Cause": failure.cause}
        with suppress(TaskFailedError):  # its catch leads to the same state
            self._state("Compensate", state | {"error": error})
        try:
            self._state("RecordFailure", state | {"error": error})
        except TaskFailedError:
            self.entered.append("Failed")  # the catch of RecordFailure: nothing is left to be done
        return Ended("Failed", failure.error, failure.cause)

    def _state(self, name: str, state: Mapping[str, Any]) -> dict[str, Any]:
        self.entered.append(name)
        return self._task(name, state, dict)

    def _map(self, state: Mapping[str, Any]) -> None:
        self.entered.append("GeneratePosts")
        plan = state["plan"]
        items = list(self.world.manifests.objects[plan["manifest"]["key"]])
        self._chaos.shuffle(items)
        shared = {name: state[name] for name in ("tenantId", "campaignId", "correlationId")}

        def child(batch: dict[str, Any]) -> None:
            with suppress(TaskFailedError):  # the map tolerates every child that fails
                self._task("GenerateBatch", shared | {"batch": batch}, dict, child=f"child-{batch['batchId']}")

        with ThreadPoolExecutor(max_workers=plan["mapConcurrency"]) as pool:
            list(pool.map(child, items))

    def _wait_for_decision(self, state: Mapping[str, Any]) -> dict[str, Any]:
        self.entered.append("RequestApproval")
        world = self.world
        self._task("RequestApproval", state, lambda: {"taskToken": world.new_token()})
        told = [resumed.output for resumed in world.engine.resumed if resumed.token == world.tokens[-1]]
        if told:
            return told[-1]  # what was decided before this execution
        approval = next(a for a in world.approvals.all(_key(state)) if a.task_token == world.tokens[-1])
        decision = self._reviewer(approval)
        if decision is None:
            world.clock.advance(timedelta(days=15))  # the task's own limit: nobody tended the request
            world.engine.fail(world.tokens[-1], "States.Timeout", "")
            return self._state("ApprovalExpired", state)
        # As the API counts it: without revisions left, sending back is a no.
        vote = Vote(email=approval.reviewers[0].email, decision=decision, at=world.clock.now())
        result = tally(approval, (vote,))
        decision = result.decision or decision
        made = MadeDecision(
            decision=decision,
            comments="",
            decided_by="ada@example.com",
            decided_at=world.clock.now(),
            reason=result.reason,
        )
        world.approvals.decide(_key(state), approval.callback_id, made)
        outcome = ApprovalOutcome(callback_id=approval.callback_id, decision=decision)
        world.engine.resume(approval.task_token, outcome.to_wire())
        return world.engine.resumed[-1].output

    def _task(
        self,
        name: str,
        state: Mapping[str, Any],
        extra: Callable[[], dict[str, Any]],
        *,
        child: str | None = None,
    ) -> dict[str, Any]:
        """Invoke, and retry as the state's Retry says; raises ``TaskFailedError`` when it gives up."""
        used: Counter[int] = Counter()
        for retry in count():
            attempt = attempt_of(name, self._name, retry, child, iso(self.world.clock.now()))
            delivery = Delivery(name, {"input": dict(state), "attempt": attempt, **extra()})
            if name != "RequestApproval":
                self._remember(delivery)
            try:
                answer = self.deliver(delivery)
            except AssertionError:
                raise  # a test's own, and nothing to be retried
            except (Exception, Crash) as error:
                limit = _retries(error)
                used[limit] += 1
                if "taskToken" in delivery.event:
                    self.world.engine.fail(delivery.event["taskToken"], *_reported(error))
                if used[limit] > limit:
                    raise TaskFailedError(*_reported(error)) from error
                self._wait(used[limit])
            else:
                if name == "RequestApproval":  # only one that was asked: a failed attempt takes its token along
                    self._remember(delivery)
                self._redeliver(delivery)
                return answer
        raise AssertionError("count() never ends")

    def _wait(self, retry: int) -> None:
        with self._lock:
            self.world.clock.advance(timedelta(seconds=min(2 ** (retry - 1), 30)))

    def _remember(self, delivery: Delivery) -> None:
        with self._lock:
            self.deliveries.append(delivery)

    def _redeliver(self, delivery: Delivery) -> None:
        """What an unreliable network does: earlier deliveries come once more, in any order."""
        with self._lock:
            # The frame belongs to one thread: while batches run, only batches come again.
            alike = [d for d in self.deliveries if delivery.state != "GenerateBatch" or d.state == "GenerateBatch"]
            again = [self._chaos.choice(alike) for _ in range(self._zombies)]
        for zombie in again:
            try:
                self.deliver(zombie)
            except (CampaignError, Crash, RuntimeError):
                continue  # nobody listens to it any more, not even to an agent that raises


def _key(state: Mapping[str, Any]) -> CampaignKey:
    return CampaignKey(state["tenantId"], state["campaignId"])


def attempt_of(state: str, execution: str, retry: int, child: str | None, now: str) -> dict[str, Any]:
    """The engine's account of an attempt in the execution of that name, or in a child of its map."""
    arn = f"{MemoryEngine.MACHINE}:{execution}"
    return {
        "executionArn": f"{arn}/{child}" if child else arn,
        "executionName": f"{execution}/{child}" if child else execution,
        "stateName": state,
        "retryCount": retry,
        "enteredAt": now,
    }


def _retries(error: BaseException) -> int:
    if isinstance(error, PermanentError):
        return 0
    return PATIENT_RETRIES if isinstance(error, (RetryableError, Crash)) else UNKNOWN_RETRIES


def _reported(error: BaseException) -> tuple[str, str]:
    """An error as Lambda reports it: the class's name, and JSON with the message."""
    if isinstance(error, Crash):
        return "Lambda.Unknown", "The cause could not be determined because Lambda did not return an error type."
    name = type(error).__name__
    return name, json.dumps({"errorMessage": str(error), "errorType": name, "stackTrace": []})
