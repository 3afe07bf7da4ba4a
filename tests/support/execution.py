"""One execution of BUILD that a test moves on, task by task, and may leave, end or overtake between any two."""

from collections import Counter
from contextlib import suppress
from typing import Any

from lambdas.domain.errors import GoneError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.base import iso
from lambdas.domain.models.workflow import BuildInput
from tests.support.pipeline import Delivery, attempt_of
from tests.support.world import World

MOST_RETRIES = 6
ENDS = {"CompleteCampaign": "Approved", "RejectCampaign": "Rejected"}


class Execution:
    """One execution of BUILD, a task at a time. ``at`` is the state it is in, and at last the one it ended in."""

    def __init__(self, world: World, event: BuildInput, name: str) -> None:
        self.name, self.at = name, "ValidateCampaign"
        self.dead = False
        self._world, self._state = world, event.to_wire()
        self._retries: Counter[str] = Counter()
        self._batches: list[dict[str, Any]] = []
        self._token: TaskToken | None = None

    @property
    def over(self) -> bool:
        return self.dead or self.at in ("Approved", "Rejected", "Failed")

    def due(self) -> Delivery | None:
        """The next invocation, or ``None`` while it waits."""
        if self.at == "GeneratePosts":
            batch = self._batches[0]
            ids = {name: self._state[name] for name in ("tenantId", "campaignId", "correlationId")}
            return self._delivery("GenerateBatch", ids | {"batch": batch}, child=f"child-{batch['batchId']}")
        if self.at == "Wait":
            told = [resumed.output for resumed in self._world.engine.resumed if resumed.token == self._token]
            if not told:
                return None
            self._state["approval"] = told[0]
            decision = told[0]["decision"]
            revised = "RevisePosts" if decision == "needs_revision" else "RejectCampaign"
            self.at = "CompleteCampaign" if decision == "approved" else revised
        if self.at == "RequestApproval":
            self._token = self._world.new_token()
            return self._delivery(self.at, self._state, taskToken=self._token)
        return self._delivery(self.at, self._state)

    def done(self, answer: dict[str, Any]) -> None:
        if self.dead:
            return
        if self.at == "GeneratePosts":
            self._batches.pop(0)
            self.at = "GeneratePosts" if self._batches else "AggregateResults"
        elif self.at in ("PlanPosts", "RevisePosts"):
            self._state["plan"] = answer
            self._batches = list(self._world.manifests.objects[answer["manifest"]["key"]])
            self.at = "GeneratePosts" if self._batches else "AggregateResults"
        elif self.at == "RequestApproval":
            self.at = "Wait"
        else:
            following = {"ValidateCampaign": "SaveCampaign", "SaveCampaign": "PlanPosts"}
            self.at = {**following, "AggregateResults": "RequestApproval", **ENDS}[self.at]

    @property
    def retries(self) -> int:
        return self._retries.total()

    def failed(self) -> None:
        """Its worker died, or a temporary error: the engine tries again."""
        if not self.dead:
            self._answer_token("Lambda.Unknown")
            self._retries[self.at] += 1
            assert self._retries[self.at] <= MOST_RETRIES

    def die(self) -> None:
        self.dead = True
        self._answer_token("States.TaskFailed")

    def _answer_token(self, error: str) -> None:
        if self._token and self.at in ("RequestApproval", "Wait"):
            with suppress(GoneError):  # it was answered
                self._world.engine.fail(self._token, error, "")

    def _delivery(self, state: str, given: dict[str, Any], child: str | None = None, **more: Any) -> Delivery:
        now = iso(self._world.clock.now())
        attempt = attempt_of(state, self.name, self._retries[self.at], child, now)
        return Delivery(state, {"input": dict(given), "attempt": attempt, **more})
