"""How many posts a second, beside what one would use instead? Every engine persists every post; no generator.

Ours is the whole system: HTTP API with authorizer, one process for AWS and one for each Lambda, IAM checked on every
call. The peers are libraries inside one process. Everything runs in turn, in the same run, on warm workers.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from bench.campaigns import Timing, bench_stack
from bench.report import Answer, Options, Plot, Point
from local.process import ROOT

LOCK = ROOT / "requirements" / "bench.txt"
PROGRAMS = Path(__file__).parent / "peers"
_LIMIT_SECONDS = 300


class Peer(NamedTuple):
    name: str
    program: str
    tuned: bool


PEERS = (
    Peer("DBOS, SQLite tuned", "dbos_program.py", True),
    Peer("DBOS, as it comes", "dbos_program.py", False),
    Peer("AWS durable, flat map", "durable_program.py", True),
    Peer("AWS durable, as it comes", "durable_program.py", False),
)


def environment(home: Path) -> Path:
    """The environment's Python; installs what ``requirements/bench.txt`` pins unless it is there."""
    python, stamp = home / "bench-venv" / "bin" / "python", home / "bench-venv" / "installed"
    if not stamp.is_file() or stamp.read_text() != LOCK.read_text():
        subprocess.run([sys.executable, "-m", "venv", str(home / "bench-venv")], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", str(LOCK)], check=True)
        stamp.write_text(LOCK.read_text())
    return python


def run(python: Path, peer: Peer, campaigns: int, posts: int) -> Timing:
    command = [str(python), str(PROGRAMS / peer.program), "--campaigns", str(campaigns), "--posts", str(posts)]
    if peer.tuned:
        command.append("--tuned")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS)
    if done.returncode:
        raise RuntimeError(f"{peer.name} failed: {done.stderr[-2_000:]}")
    times = json.loads(done.stdout.splitlines()[-1])
    return Timing(campaigns * posts, times["toApproval"], times["toEnd"])


OURS = "this, local stack"
CASES = ((1, 20), (1, 100), (1, 500), (20, 20))
"""Campaigns at once, and posts of each."""
CONCURRENCY = 100
"""Posts in flight a campaign is allowed: ten batches, more than the workers there are."""


def measure(options: Options) -> Answer:
    python = environment(options.home)
    # As they come they are slower, and mostly wait: left to the long run.
    peers = [peer for peer in PEERS if peer.tuned or options.full]
    timings: dict[str, dict[str, list[Timing]]] = {}
    with bench_stack(options.stacks / "throughput", options.port) as bench:
        bench.use_instant_agents()
        bench.run(20, 20, CONCURRENCY)  # workers of every function
        for _ in range(3 if options.full else 1):
            for campaigns, posts in CASES:
                case = f"{campaigns} × {posts}"
                _add(timings, case, OURS, bench.run(campaigns, posts, CONCURRENCY))
                for peer in peers:
                    _add(timings, case, peer.name, run(python, peer, campaigns, posts))
    best = {
        case: {name: max(runs, key=lambda run: run.posts_per_second) for name, runs in engines.items()}
        for case, engines in timings.items()
    }
    rows = [
        _row(case, name, timing, engines[OURS]) for case, engines in best.items() for name, timing in engines.items()
    ]
    return Answer(
        "Throughput without a generator",
        ("campaigns × posts", "engine", "to approval s", "decision to end s", "posts/s", "this is × as fast"),
        rows,
        {case: {name: _data(timing) for name, timing in engines.items()} for case, engines in best.items()},
        [_plot(best)],
        ["Posts a second over the whole campaign, from POST to the end of the execution. Best of the run's rounds."],
    )


def _add(timings: dict[str, dict[str, list[Timing]]], case: str, name: str, timing: Timing) -> None:
    timings.setdefault(case, {}).setdefault(name, []).append(timing)


def _row(case: str, name: str, timing: Timing, ours: Timing) -> list[str]:
    ratio = "" if name == OURS else f"{ours.posts_per_second / timing.posts_per_second:.2f}"
    rate = f"{timing.posts_per_second:,.0f}"
    return [case, name, f"{timing.to_approval:.2f}", f"{timing.to_end:.2f}", rate, ratio]


def _data(timing: Timing) -> dict[str, Any]:
    return {**vars(timing), "postsPerSecond": timing.posts_per_second}


def _plot(best: dict[str, dict[str, Timing]]) -> Plot:
    lines: dict[str, list[Point]] = {}
    for case, engines in best.items():
        if case.startswith("1 "):
            for name, timing in engines.items():
                lines.setdefault(name, []).append(Point(timing.posts, timing.posts_per_second))
    return Plot("throughput", "One campaign, no generator", "posts", "posts a second", lines)
