"""Campaigns on a local stack of the bench's own: started, watched and approved without slowing them down.

Times come from the records (``updatedAt`` of the campaign, ``stopDate`` of the execution) and not from the watching,
which reads the table a few times a second past the API.
"""

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from local.client import Client, until
from local.deploy import release
from local.http import Http
from local.process import ROOT
from local.reviewers import Inbox
from local.stack import Stack

TENANT = "acme"
PATIENCE_SECONDS = 900
_WATCH_SECONDS = 0.1
_KEYS_PER_READ = 100
_INSTANT = {"plan-posts": "plan", "generate-posts": "generate"}


@dataclass(frozen=True)
class Timing:
    """Seconds of one or more campaigns run side by side: the first start to the last one waiting, and so on."""

    posts: int
    to_approval: float
    to_end: float

    @property
    def posts_per_second(self) -> float:
        return self.posts / (self.to_approval + self.to_end)


class BenchStack:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.client = Client(stack, TENANT)
        self.table = stack.client("dynamodb")
        self.states = stack.client("stepfunctions")
        self._brief = json.loads((ROOT / "examples" / "b2b-software-launch" / "campaign.json").read_text())

    def start(self, posts: int, concurrency: int = 20) -> str:
        """POST a brief; answers the campaign's id."""
        generation = {"maxConcurrency": concurrency, "batchSize": 10, "toleratedFailurePercentage": 5}
        brief = {**self._brief, "postCount": posts, "generation": generation}
        # So many posts need room in the calendar.
        brief["schedule"] = {**brief["schedule"], "start": "2027-01-01T09:00:00", "end": "2029-12-31T18:00:00"}
        return str(self.client.submit(brief).json()["campaignId"])

    @staticmethod
    def now() -> float:
        """By the clock that the records are written with."""
        return time.time()

    def run(self, campaigns: int, posts: int, concurrency: int = 20) -> Timing:
        """Campaigns at once, from POST to approved."""
        return self.run_many(campaigns, posts, concurrency)[1]

    def run_many(self, campaigns: int, posts: int, concurrency: int) -> tuple[list[str], Timing]:
        """The same, with the campaigns' ids."""
        started = self.now()
        with ThreadPoolExecutor(min(campaigns, 20)) as pool:
            ids = list(pool.map(lambda _: self.start(posts, concurrency), range(campaigns)))
            waiting = self.wait(ids, "awaiting_approval") - started
            links = self.links(ids)
            decided = self.now()
            list(pool.map(self.approve, links))
        return ids, Timing(campaigns * posts, waiting, max(self.ended(ids)) - decided)

    def wait(self, ids: Sequence[str], status: str, seconds: float = PATIENCE_SECONDS) -> float:
        """The time at which the last of the campaigns got there."""
        deadline = time.monotonic() + seconds
        open_ids, latest = set(ids), 0.0
        while open_ids:
            for item in self._records(sorted(open_ids)):
                current = item["status"]["S"]
                if current == status:
                    latest = max(latest, datetime.fromisoformat(item["updatedAt"]["S"]).timestamp())
                    open_ids.discard(item["campaignId"]["S"])
                elif current in ("failed", "rejected"):
                    raise RuntimeError(f"campaign {item['campaignId']['S']} is {current}: {item.get('error')}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(open_ids)} campaigns are not {status} after {seconds:.0f} s")
            time.sleep(_WATCH_SECONDS)
        return latest

    def _records(self, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        name = self.stack.info["table"]
        for start in range(0, len(ids), _KEYS_PER_READ):
            keys = [
                {"PK": {"S": f"TENANT#{TENANT}#CAMPAIGN#{campaign}"}, "SK": {"S": "CAMPAIGN"}}
                for campaign in ids[start : start + _KEYS_PER_READ]
            ]
            yield from self.table.batch_get_item(RequestItems={name: {"Keys": keys}})["Responses"][name]

    def links(self, ids: Sequence[str]) -> list[str]:
        """The approval link that was mailed for each campaign."""
        inbox = Inbox(self.stack.info["inboxUrl"])

        def mailed() -> list[str] | None:
            found = inbox.links()
            return [found[campaign] for campaign in ids] if set(ids) <= set(found) else None

        return until(mailed, "not every approval link was mailed", PATIENCE_SECONDS, _WATCH_SECONDS)

    def approve(self, link: str) -> None:
        """Open the link and submit its form, as a reviewer would."""
        self.client.answer(link, "approved")

    def ended(self, ids: Sequence[str]) -> list[float]:
        """When the executions ended, once they have."""
        times = []
        for campaign in ids:
            execution = self.client.execution(campaign, PATIENCE_SECONDS, _WATCH_SECONDS / 4)
            if execution["status"] != "SUCCEEDED":
                raise RuntimeError(f"the execution of {campaign} is {execution['status']}")
            times.append(execution["stopDate"].timestamp())
        return times

    def execution_arn(self, campaign: str) -> str:
        return self.client.execution_arn(campaign)

    def usage(self) -> dict[str, float]:
        """What AWS would have billed so far."""
        totals: dict[str, float] = Http().get(f"{self.stack.info['endpointUrl']}/_local/usage.json").json()
        return totals

    def use_instant_agents(self, latency_ms: int = 0) -> None:
        """Put the bench's planner and generator in the place of the offline ones."""
        archive = _archive()
        functions = self.stack.client("lambda")
        for name, handler in _INSTANT.items():
            configuration = functions.get_function_configuration(FunctionName=name)
            variables = configuration["Environment"]["Variables"] | {"BENCH_LATENCY_MS": str(latency_ms)}
            functions.update_function_code(FunctionName=name, ZipFile=archive)
            functions.update_function_configuration(
                FunctionName=name, Handler=f"instant.{handler}", Environment={"Variables": variables}
            )
        release(self.stack.client, self.stack.info["stateMachines"]["build"], list(_INSTANT))


@contextmanager
def bench_stack(home: Path, port: int, *, count: bool = False) -> Iterator[BenchStack]:
    """A stack for one measurement, from nothing; its state is thrown away. ``count`` keeps the usage."""
    os.environ["LOCAL_EMULATOR_PLUGINS"] = "bench.usage" if count else ""
    stack = Stack.up(home, port)
    try:
        yield BenchStack(stack)
    finally:
        stack.stop(kill=True)
        os.environ.pop("LOCAL_EMULATOR_PLUGINS")


def _archive() -> bytes:
    """The project's code with the bench's handlers beside it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((ROOT / "lambdas").rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(ROOT))
        archive.write(Path(__file__).with_name("instant.py"), "instant.py")
    return content.getvalue()
