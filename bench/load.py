"""Many campaigns at once, a slow generator, many posts: what does each of these cost?"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.campaigns import BenchStack, bench_stack
from bench.machine import memory_mb
from bench.report import Answer, Options, Plot, Point

POSTS = 5
QUICK, FULL = (100,), (100, 1_000)
_SAMPLE_SECONDS = 1.0


def measure_crowd(options: Options) -> Answer:
    """Many small campaigns at once: how long until all of them await approval, and in how much memory?"""
    with bench_stack(options.stacks / "crowd", options.port) as bench:
        bench.use_instant_agents()
        bench.run(4, 20, 100)  # warm
        found = [_crowd(bench, campaigns) for campaigns in (FULL if options.full else QUICK)]
    rows = [
        [
            f"{size['campaigns']:,.0f}",
            f"{size['started']:.1f}",
            f"{size['waiting']:.1f}",
            f"{size['campaigns'] / size['waiting']:.0f}",
            f"{size['peakMb']:,.0f} in {size['processes']:.0f}",
        ]
        for size in found
    ]
    return Answer(
        f"Campaigns of {POSTS} posts, all at once",
        ("campaigns", "all accepted s", "all awaiting approval s", "campaigns/s", "peak MB"),
        rows,
        found,
        [],
        ["Aim: 1,000 within a minute, in less than 2 GB. Times are from the first POST."],
    )


def _crowd(bench: BenchStack, campaigns: int) -> dict[str, float]:
    with _PeakMemory(bench.stack.pid or 0) as memory:
        ids, begun, accepted = _start(bench, campaigns)
        waiting = bench.wait(ids, "awaiting_approval") - begun
    return {
        "campaigns": campaigns,
        "started": accepted - begun,
        "waiting": waiting,
        "peakMb": memory.total,
        "processes": memory.processes,
    }


def _start(bench: BenchStack, campaigns: int) -> tuple[list[str], float, float]:
    begun = bench.now()
    with ThreadPoolExecutor(20) as pool:
        ids = list(pool.map(lambda _: bench.start(POSTS), range(campaigns)))
    return ids, begun, bench.now()


class _PeakMemory(threading.Thread):
    """The most memory a process and its children had between entering and leaving."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.total = self.processes = 0.0
        self._pid, self._ended = pid, threading.Event()

    def __enter__(self) -> "_PeakMemory":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while True:
            now = memory_mb(self._pid)
            if now["total"] > self.total:
                self.total, self.processes = now["total"], now["processes"]
            if self._ended.wait(_SAMPLE_SECONDS):
                return


LATENCY_MS = 300
CASES = ((200, 10), (200, 20), (300, 30))
"""Posts, and how many of them may be in flight: 30 are three batches, as many as one function has workers."""


def measure_latency_hidden(options: Options) -> Answer:
    """With a generator that takes 300 ms for each post, how much of the campaign's concurrency is used?

    The ideal is the campaign's limit divided by 0.3 s. What is lost is the engine's.
    """
    rows, data = [], []
    with bench_stack(options.stacks / "latency", options.port) as bench:
        bench.use_instant_agents()
        bench.run(4, 20, 100)  # warm
        bench.use_instant_agents(LATENCY_MS)
        bench.run(1, 30, 30)
        for posts, limit in CASES:
            timing = bench.run(1, posts * (3 if options.full else 1), limit)
            reached, ideal = timing.posts / timing.to_approval, limit / (LATENCY_MS / 1000)
            rows.append([str(timing.posts), str(limit), f"{ideal:.0f}", f"{reached:.0f}", f"{reached / ideal:.0%}"])
            data.append({"posts": timing.posts, "limit": limit, "ideal": ideal, "reached": reached})
    return Answer(
        f"A generator that takes {LATENCY_MS} ms",
        ("posts", "limit", "ideal posts/s", "reached", "of the ideal"),
        rows,
        data,
        [],
        ["From POST to awaiting approval, planning and counting included (aim: 85 %)."],
    )


CONCURRENCY = 100
GROWTH_QUICK, GROWTH_FULL = (100, 1_000), (100, 1_000, 10_000)


def measure_growth(options: Options) -> Answer:
    """What grows with the posts? Time and memory may; the state and the history of the execution may not."""
    with bench_stack(options.stacks / "growth", options.port) as bench:
        bench.use_instant_agents()
        bench.run(4, 20, 100)  # warm
        found = [_campaign(bench, posts) for posts in (GROWTH_FULL if options.full else GROWTH_QUICK)]
    rows = [
        [
            f"{size['posts']:,}",
            f"{size['millisecondsPerPost']:.1f}",
            f"{size['largestInputBytes']:,}",
            str(size["parentEvents"]),
            f"{size['memory']['own']:.0f}",
            f"{size['memory']['total']:.0f} in {size['memory']['processes']:.0f}",
        ]
        for size in found
    ]
    line = [Point(size["posts"], size["millisecondsPerPost"]) for size in found]
    return Answer(
        "Growth",
        ("posts", "ms per post", "largest state input B", "parent events", "emulator MB", "with workers MB"),
        rows,
        found,
        [Plot("growth", "Time per post, no generator", "posts", "ms", {"this, local stack": line})],
        [
            "Aims at 10,000 posts: state input up to 32 KiB, up to 200 events.",
            "Memory is proportional: a page that workers share counts once. It includes all campaigns before.",
        ],
    )


def _campaign(bench: BenchStack, posts: int) -> dict[str, Any]:
    (campaign,), timing = bench.run_many(1, posts, CONCURRENCY)
    arn = bench.execution_arn(campaign)
    events = bench.client.events(arn)
    inputs = [e["stateEnteredEventDetails"]["input"] for e in events if "stateEnteredEventDetails" in e]
    run = bench.states.list_map_runs(executionArn=arn)["mapRuns"][0]
    children = bench.states.list_executions(mapRunArn=run["mapRunArn"], maxResults=1)["executions"]
    inputs += [bench.states.describe_execution(executionArn=child["executionArn"])["input"] for child in children]
    return {
        "posts": posts,
        "millisecondsPerPost": timing.to_approval / posts * 1000,
        "largestInputBytes": max(len(json.dumps(json.loads(text)).encode()) for text in inputs),
        "parentEvents": len(events),
        "memory": memory_mb(bench.stack.pid or 0),
    }
