"""How often Step Functions' API may be called; these quotas are shared by the whole account."""

import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from local.emulator.patch import Emulator, patch

_QUOTAS = "docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"


class Bucket(NamedTuple):
    size: int
    refill: float
    """Calls a second."""


_FEW = Bucket(100, 1)
_TASK = Bucket(3_000, 500)
BUCKETS = {
    "StartExecution": Bucket(1_300, 300),
    "StopExecution": Bucket(1_000, 200),
    "DescribeExecution": Bucket(300, 15),
    "ListExecutions": Bucket(200, 5),
    "GetExecutionHistory": Bucket(400, 20),
    "DescribeStateMachine": Bucket(200, 20),
    "DescribeStateMachineForExecution": Bucket(200, 1),
    "DescribeStateMachineAlias": Bucket(200, 1),
    "DescribeMapRun": Bucket(200, 1),
    "ListMapRuns": _FEW,
    "ListStateMachines": Bucket(100, 5),
    "ListStateMachineVersions": _FEW,
    "ListStateMachineAliases": _FEW,
    "SendTaskSuccess": _TASK,
    "SendTaskFailure": _TASK,
    "SendTaskHeartbeat": _TASK,
    "PublishStateMachineVersion": _FEW,
    "DeleteStateMachineVersion": _FEW,
    "CreateStateMachineAlias": _FEW,
    "UpdateStateMachineAlias": _FEW,
    "DeleteStateMachineAlias": _FEW,
    "CreateStateMachine": _FEW,
    "UpdateStateMachine": _FEW,
    "DeleteStateMachine": _FEW,
}
"""For Step Functions' API calls in us-east-1, for each account and region."""


class Quotas:
    """Token buckets. ``clock`` is in seconds."""

    def __init__(self, buckets: Mapping[str, Bucket], clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = buckets
        self._clock = clock
        self._lock = threading.Lock()
        self._left = {action: (float(bucket.size), clock()) for action, bucket in buckets.items()}
        self._calls: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()

    def take(self, action: str) -> bool:
        """Whether the call may be made now. Actions without a bucket are always allowed."""
        with self._lock:
            self._calls[action] += 1
            if action not in self._buckets:
                return True
            bucket, now = self._buckets[action], self._clock()
            left, since = self._left[action]
            left = min(bucket.size, left + (now - since) * bucket.refill)
            allowed = left >= 1
            self._left[action] = (left - allowed, now)
            self._throttled[action] += not allowed
            return allowed

    def totals(self) -> dict[str, dict[str, int]]:
        """Calls so far, and how many of them were refused."""
        with self._lock:
            return {a: {"calls": n, "throttled": self._throttled[a]} for a, n in sorted(self._calls.items())}


@patch("services.stepfunctions", "handle_request", "efa6e8c4", aws=_QUOTAS)
def control_calls(original: Any, emulator: Emulator) -> Any:
    """API calls beyond an action's token bucket are throttled. ``/_local/quotas.json`` counts them all."""
    quotas = emulator.shared(Quotas, lambda: Quotas(BUCKETS))
    emulator.pages["quotas.json"] = quotas.totals
    refused = emulator.module("core.responses").error_response_json

    @functools.wraps(original)
    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if not quotas.take(action):
            return refused("ThrottlingException", "Rate exceeded", 400)
        return await original(method, path, headers, body, query_params)

    return handle_request
