"""Many small campaigns at once: how long until all of them await approval, and in how much memory?"""

import threading
from concurrent.futures import ThreadPoolExecutor

from bench.answer import Answer, Options
from bench.campaigns import BenchStack, bench_stack
from bench.machine import memory_mb

POSTS = 5
QUICK, FULL = (100,), (100, 1_000)
_SAMPLE_SECONDS = 1.0


def measure(options: Options) -> Answer:
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
