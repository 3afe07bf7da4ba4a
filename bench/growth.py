"""What grows with the posts? Time and memory may; the state and the history of the execution may not."""

import json
from typing import Any

from bench.answer import Answer, Options, Plot, Point
from bench.campaigns import BenchStack, bench_stack
from bench.machine import memory_mb

CONCURRENCY = 100
QUICK, FULL = (100, 1_000), (100, 1_000, 10_000)


def measure(options: Options) -> Answer:
    with bench_stack(options.stacks / "growth", options.port) as bench:
        bench.use_instant_agents()
        bench.run(4, 20, 100)  # warm
        found = [_campaign(bench, posts) for posts in (FULL if options.full else QUICK)]
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
