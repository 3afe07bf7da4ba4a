"""The campaign as an AWS Lambda durable function, on the SDK's local runner. Runs in the bench's own environment.

Steps for plan and completion, a map with one step for each post, and a callback for the reviewer. The runner keeps
every checkpoint in its SQLite store. ``--tuned`` makes the map flat; without it each post has a context of its own,
which is the SDK's default.
"""

import json
import logging
from collections import defaultdict
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution, durable_step
from aws_durable_execution_sdk_python.config import MapConfig, NestingType
from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestRunner
from aws_durable_execution_sdk_python_testing.stores.sqlite import SQLiteExecutionStore
from timing import Arguments, Campaigns, main

POLL_SECONDS = 0.01
PATIENCE_SECONDS = 600
CONCURRENCY = 20
"""As many posts at once as our own campaigns are allowed by default."""

ASKED: defaultdict[str, SimpleQueue[str]] = defaultdict(SimpleQueue)
"""Where the reviewers get their mail."""


@durable_step
def plan(_: StepContext, posts: int) -> list[int]:
    return list(range(posts))


@durable_step
def write_post(_: StepContext, campaign: str, index: int) -> dict[str, Any]:
    return {"postId": f"{campaign}-{index}", "status": "completed", "text": f"Post {index} of {campaign}. " * 20}


@durable_step
def complete(_: StepContext, campaign: str) -> str:
    return f"{campaign} is completed"


@durable_execution
def build(event: dict[str, Any], context: DurableContext) -> str:
    campaign = event["campaign"]
    nesting = NestingType.FLAT if event["flat"] else NestingType.NESTED

    def write(inner: DurableContext, index: int, _position: int, _all: Any) -> str:
        post: dict[str, Any] = inner.step(write_post(campaign, index))
        # Its content is in the step's checkpoint already.
        return str(post["postId"])

    indexes = context.step(plan(event["posts"]))
    context.map(indexes, write, name="posts", config=MapConfig(max_concurrency=CONCURRENCY, nesting_type=nesting))

    def ask(callback_id: str, _: Any) -> None:
        ASKED[campaign].put(callback_id)

    decision = context.wait_for_callback(ask, name="approval")
    if decision is None:
        raise RuntimeError("nobody approved")
    result: str = context.step(complete(campaign))
    return result


class DurableCampaigns(Campaigns):
    def __init__(self, arguments: Arguments) -> None:
        logging.disable(logging.CRITICAL)
        store = SQLiteExecutionStore.create_and_initialize(Path(arguments.directory) / "durable.sqlite")
        self._flat = arguments.tuned
        self._runner = DurableFunctionTestRunner(handler=build, poll_interval=POLL_SECONDS, store=store)
        self._arns: dict[str, str] = {}
        self._callbacks: dict[str, str] = {}

    def start(self, campaign: str, posts: int) -> None:
        event = json.dumps({"campaign": campaign, "posts": posts, "flat": self._flat})
        self._arns[campaign] = self._runner.run_async(input=event, execution_timeout=PATIENCE_SECONDS)

    def wait_for_approval(self, campaign: str) -> None:
        self._callbacks[campaign] = ASKED[campaign].get(timeout=PATIENCE_SECONDS)

    def approve(self, campaign: str) -> None:
        self._runner.send_callback_success(self._callbacks[campaign], b'"approved"')

    def wait_for_end(self, campaign: str) -> None:
        result = self._runner.wait_for_result(self._arns[campaign], timeout=PATIENCE_SECONDS)
        if result.status.name != "SUCCEEDED":
            raise RuntimeError(f"{campaign} is {result.status}: {result.error}")

    def close(self) -> None:
        self._runner.close()


if __name__ == "__main__":
    main(DurableCampaigns)
