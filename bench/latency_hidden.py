"""With a generator that takes 300 ms for each post, how much of the campaign's concurrency is used?

The ideal is the campaign's limit divided by 0.3 s. What is lost is the engine's.
"""

from bench.answer import Answer, Options
from bench.campaigns import bench_stack

LATENCY_MS = 300
CASES = ((200, 10), (200, 20), (300, 30))
"""Posts, and how many of them may be in flight: 30 are three batches, as many as one function has workers."""


def measure(options: Options) -> Answer:
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
