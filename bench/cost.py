"""What does a campaign cost on AWS? Counted on the local stack, priced by what AWS asks.

Counted are the services' own units: what the emulator was asked (``bench.usage``), and the state transitions
of the execution and its children. Reads and writes are those of the project's own offline agents, whose texts have
the lengths of real posts. Transitions are counted as AWS bills them: one for each state entered, again for each retry,
and one for the start of an execution.

Prices are those of us-east-1, on demand, as taken down in November 2026. Step Functions and DynamoDB are the design's
figures; Lambda, S3 and KMS are their long-standing list prices. None was read again from the linked page on that day:
check them there before quoting.
"""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bench.campaigns import BenchStack, bench_stack
from bench.report import Answer, Options, Plot, Point

DATED = "2026-11, not re-read"

USD: Mapping[str, float] = MappingProxyType(
    {
        "stateTransitions": 25.0 / 1e6,  # Standard: aws.amazon.com/step-functions/pricing
        "lambdaInvocations": 0.20 / 1e6,  # requests only: aws.amazon.com/lambda/pricing
        "writeUnits": 0.625 / 1e6,  # aws.amazon.com/dynamodb/pricing/on-demand
        "readUnits": 0.125 / 1e6,
        "s3Puts": 5.0 / 1e6,  # PUT, COPY, POST, LIST: aws.amazon.com/s3/pricing
        "s3Gets": 0.40 / 1e6,
        "kmsRequests": 3.0 / 1e6,  # aws.amazon.com/kms/pricing
    }
)
"""US dollars for one of each."""

EXPRESS_REQUEST = 1.0 / 1e6
EXPRESS_SECOND = 0.06 / 3600 * 64 / 1024
"""An Express execution in one block of 64 MB."""


def designs(posts: int) -> dict[str, float]:
    """Dollars for the state machine alone, for other ways to lay out the map."""
    transition = USD["stateTransitions"]
    return {
        "Standard child per post, 3 states": (8 + 4 * posts) * transition,
        "Express child per post, 1 s": (8 + posts) * transition + posts * (EXPRESS_REQUEST + EXPRESS_SECOND),
        "Standard child per batch of 10": (8 + 0.2 * posts) * transition,
    }


QUICK, FULL = (10, 100, 1_000), (10, 100, 1_000, 10_000)
_QUIET_SECONDS = 0.5


def measure(options: Options) -> Answer:
    with bench_stack(options.stacks / "cost", options.port, count=True) as bench:
        counted = [_campaign(bench, posts) for posts in (FULL if options.full else QUICK)]
    slopes = _slopes(counted)
    rows = [_row(units) for units in counted]
    lines = {"this": [Point(units["posts"], _usd(units) / units["posts"]) for units in counted]}
    for name in designs(1):
        lines[f"{name} (states only)"] = [Point(u["posts"], designs(u["posts"])[name] / u["posts"]) for u in counted]
    return Answer(
        "Cost of a campaign on AWS, without the model",
        ("posts", "transitions", "Lambda", "write units", "read units", "S3", "KMS", "USD", "USD/1,000 posts"),
        rows,
        {"campaigns": counted, "perPost": slopes, "prices": dict(USD), "priced": DATED},
        [Plot("cost", "Cost per post", "posts", "USD", lines)],
        [
            f"Each further post takes {slopes['stateTransitions']:.2f} transitions, {slopes['writeUnits']:.2f} write "
            f"and {slopes['readUnits']:.2f} read units (aims: 0.25, 4 and 1).",
            f"Prices {DATED}; requests only: no Lambda duration (it is the model's), no storage, no logs.",
            "Our own requests to KMS only: the emulator does not show those of AWS's services for cached data keys.",
        ],
    )


def _campaign(bench: BenchStack, posts: int) -> dict[str, Any]:
    """Units of one campaign, from POST to approved."""
    before = bench.usage()
    campaign = bench.start(posts)
    _wait_for_request(bench, campaign)
    bench.approve(bench.links([campaign])[0])
    bench.ended([campaign])
    after = _settled(bench)
    used = {name: value - before.get(name, 0) for name, value in after.items() if value > before.get(name, 0)}
    return {"posts": posts, **_transitions(bench, campaign), **_units(used), "requests": used}


def _wait_for_request(bench: BenchStack, campaign: str) -> None:
    """Until the execution waits for its reviewers; asks the engine, so as to read nothing from the table."""
    arn = bench.execution_arn(campaign)
    while True:
        latest = bench.states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=5)["events"]
        entered = [e["stateEnteredEventDetails"]["name"] for e in latest if "stateEnteredEventDetails" in e]
        if entered and entered[0] == "RequestApproval":
            return
        if any(event["type"] == "ExecutionFailed" for event in latest):
            raise RuntimeError(f"campaign {campaign} failed: {latest[0]}")
        time.sleep(0.1)


def _settled(bench: BenchStack) -> dict[str, float]:
    """The usage, once nothing is added any more."""
    totals = bench.usage()
    while True:
        time.sleep(_QUIET_SECONDS)
        now = bench.usage()
        if _billed(now) == _billed(totals):
            return now
        totals = now


def _billed(totals: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in totals.items() if not name.startswith("request:states")}


def _transitions(bench: BenchStack, campaign: str) -> dict[str, float]:
    arn = bench.execution_arn(campaign)
    events = bench.client.events(arn)
    parent = 1 + sum("stateEnteredEventDetails" in e or e["type"] == "TaskFailed" for e in events)
    runs = bench.states.list_map_runs(executionArn=arn)["mapRuns"]
    children = sum(
        bench.states.describe_map_run(mapRunArn=run["mapRunArn"])["executionCounts"]["total"] for run in runs
    )
    return {"children": children, "parentTransitions": parent, "stateTransitions": parent + 2 * children}


def _units(used: dict[str, float]) -> dict[str, float]:
    return {
        "lambdaInvocations": _sum(used, "lambda:"),
        "writeUnits": used.get("dynamodb:writeUnits", 0),
        "readUnits": used.get("dynamodb:readUnits", 0),
        "s3Puts": used.get("request:s3:PUT", 0),
        # The map reads its manifest past the emulator's front door: once for each campaign.
        "s3Gets": used.get("request:s3:GET", 0) + 1,
        "kmsRequests": _sum(used, "request:kms:"),
    }


def _sum(used: dict[str, float], prefix: str) -> float:
    return sum(value for name, value in used.items() if name.startswith(prefix))


def _usd(units: dict[str, Any]) -> float:
    return sum(float(units[name]) * price for name, price in USD.items())


def _row(units: dict[str, Any]) -> list[str]:
    usd = _usd(units)
    s3 = units["s3Puts"] + units["s3Gets"]
    counts = [units[name] for name in ("stateTransitions", "lambdaInvocations", "writeUnits", "readUnits")]
    whole = [f"{value:,.0f}" for value in (units["posts"], *counts, s3, units["kmsRequests"])]
    return [*whole, f"{usd:.5f}", f"{usd / units['posts'] * 1_000:.4f}"]


def _slopes(counted: list[dict[str, Any]]) -> dict[str, float]:
    """Units of each further post: between the smallest and the largest campaign."""
    first, last = counted[0], counted[-1]
    names = ("stateTransitions", "lambdaInvocations", "writeUnits", "readUnits")
    return {name: (last[name] - first[name]) / (last["posts"] - first["posts"]) for name in names}
