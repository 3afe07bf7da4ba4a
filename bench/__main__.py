"""``python -m bench [--full] [--only cost,cold_start,…]``."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench import cold_start, cost, load, machine, report, throughput
from bench.report import Answer, Options
from local.process import ROOT, free_port

QUESTIONS: dict[str, Callable[[Options], Answer]] = {
    "cold_start": cold_start.measure,
    "throughput": throughput.measure,
    "latency_hidden": load.measure_latency_hidden,
    "crowd": load.measure_crowd,
    "growth": load.measure_growth,
    "cost": cost.measure,
}
PORT = 4730
"""Away from the stacks of ``make up`` and of the tests."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--full", action="store_true", help="10,000 posts, 1,000 campaigns, more rounds: half an hour")
    parser.add_argument("--only", default=",".join(QUESTIONS), help=f"of {', '.join(QUESTIONS)}")
    given = parser.parse_args()
    names = given.only.split(",")
    if unknown := set(names) - set(QUESTIONS):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    console, answers, seconds = Console(), {}, {}
    here = machine.describe()
    cores = f"{here['cores']} cores, {here['memoryGb']} GB, Python {here['python']}, load {here['loadAtStart']}"
    console.print(f"{here['processor']}, {cores}\n")
    home = ROOT / ".local"
    for name in names:
        stacks = Path(tempfile.mkdtemp(prefix="campaign-bench-"))
        started = time.monotonic()
        try:
            answers[name] = QUESTIONS[name](Options(given.full, stacks, free_port(PORT), home))
        finally:
            shutil.rmtree(stacks, ignore_errors=True)
        seconds[name] = time.monotonic() - started
        report.show(console, answers[name])
        written = report.write(home / "bench.json", here, {name: answers[name]}, seconds)
        console.print(f"{seconds[name]:.0f} s; {', '.join(str(file.relative_to(ROOT)) for file in written)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
