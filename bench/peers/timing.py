"""How a peer's program is timed: the same for all. Standard library only."""

import argparse
import json
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple


class Arguments(NamedTuple):
    campaigns: int
    posts: int
    tuned: bool
    directory: str
    """For its database."""


class Campaigns(ABC):
    """Campaigns of one engine, each named by the caller."""

    @abstractmethod
    def start(self, campaign: str, posts: int) -> None: ...

    @abstractmethod
    def wait_for_approval(self, campaign: str) -> None: ...

    @abstractmethod
    def approve(self, campaign: str) -> None: ...

    @abstractmethod
    def wait_for_end(self, campaign: str) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


def main(engine: Callable[[Arguments], Campaigns]) -> None:
    """Warm up with one campaign, time the rest, print ``{"toApproval", "toEnd"}`` in seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--campaigns", type=int, required=True)
    parser.add_argument("--posts", type=int, required=True)
    parser.add_argument("--tuned", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        arguments = Arguments(given.campaigns, given.posts, given.tuned, directory)
        campaigns = engine(arguments)
        _run(campaigns, ["warm-up"], 20)
        to_approval, to_end = _run(campaigns, [f"campaign-{n}" for n in range(given.campaigns)], given.posts)
        sys.stdout.write(json.dumps({"toApproval": to_approval, "toEnd": to_end}) + "\n")
        sys.stdout.flush()
        campaigns.close()


def _run(campaigns: Campaigns, names: list[str], posts: int) -> tuple[float, float]:
    """Seconds from the first start to the last one waiting, and from the first decision to the last end."""
    with ThreadPoolExecutor(len(names)) as pool:
        started = time.perf_counter()
        _each(pool, lambda name: campaigns.start(name, posts), names)
        _each(pool, campaigns.wait_for_approval, names)
        waiting = time.perf_counter()
        _each(pool, campaigns.approve, names)
        _each(pool, campaigns.wait_for_end, names)
        return waiting - started, time.perf_counter() - waiting


def _each(pool: ThreadPoolExecutor, act: Callable[[str], None], names: list[str]) -> None:
    for _ in pool.map(act, names):
        pass  # waits, and raises what was raised
