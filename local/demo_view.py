"""The demo's output on a terminal; without a terminal (CI, a pipe) the same as plain lines."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.demo import Demo
from local.stack import Stack

_SAMPLES = 3
_PLAN_ROWS = 12


class TerminalView:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.current = "Start"
        self._status: Any = None
        self._title = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show ``title`` with a spinner while the step runs, and with its duration afterwards."""
        self.current = self._title = title
        started = time.monotonic()
        with self.console.status(escape(title)) as self._status:
            try:
                yield
            except BaseException:
                self.console.print(f"[red]✗[/] {escape(title)}")
                raise
        self.console.print(f"[green]✓[/] {escape(title)} [dim]{time.monotonic() - started:.1f} s[/]")

    def say(self, what: str) -> None:
        """A detail of the current step."""
        self.console.print(f"  [dim]{escape(what)}[/]")

    def progress(self, progress: dict[str, Any]) -> None:
        posts, done = progress["posts"], int(progress["progressPercentage"])
        bar = "━" * (done // 4) + "─" * (25 - done // 4)
        detail = f"{progress['status'].replace('_', ' ')}, {progress['currentStep'] or 'done'}"
        if posts["total"]:
            detail += f", {posts['completed']} of {posts['total']} posts"
        self._status.update(f"{escape(self._title)}  [cyan]{bar}[/] {done} %  [dim]{escape(detail)}[/]")


def show_result(console: Console, demo: Demo, stack: Stack) -> None:
    """The plan, some of the posts, the workflow's states, and where to look next."""
    zone = ZoneInfo(demo.brief["schedule"]["timeZone"])
    console.print()
    console.print(_plan(demo, zone))
    for post in _samples(demo.posts):
        console.print(_sample(post, zone))
    console.print(_states(demo))
    counts = demo.campaign["counts"]
    console.print(
        f"Campaign [bold]{demo.campaign_id}[/] is [bold green]{demo.campaign['status']}[/]: "
        f"{counts['completed']} of {counts['total']} posts written, {counts['failed']} failed, "
        f"approved by {escape(demo.reviewer)}. Nothing is sent: publishing is not built yet."
    )
    console.print(_next(demo, stack))


def addresses(stack: Stack) -> Table:
    """The URLs of a running stack."""
    table = Table.grid(padding=(0, 2))
    for name, value in (
        ("API", stack.api_url),
        ("Docs", f"{stack.api_url}/docs"),
        ("Inbox", stack.info["inboxUrl"]),
        ("Console", stack.info["consoleUrl"]),
        ("AWS endpoint", stack.info["endpointUrl"]),
        ("Details", str(stack.home / "stack.json")),
    ):
        table.add_row(f"[bold]{name}[/]", Text(value, overflow="fold"))
    return table


def show_failure(console: Console, view: TerminalView, error: Exception, demo: Demo | None, log: str) -> None:
    """Which step failed, why, and where to look."""
    body = Text(f"Step: {view.current}\n\n{error}\n\n")
    if demo is not None and demo.campaign_id:
        body.append(f"Campaign: {demo.campaign_id}\n")
    if demo is not None and demo.correlation_id:
        body.append(f"Correlation id: {demo.correlation_id} (find it with `make logs`)\n")
    body.append(f"Emulator log: {log}")
    console.print(Panel(body, title="The demo failed", border_style="red", title_align="left"))


def _plan(demo: Demo, zone: ZoneInfo) -> Table:
    shown = demo.posts[:_PLAN_ROWS]
    title = f"The plan: {len(demo.posts)} posts" + (f", the first {len(shown)}" if shown != demo.posts else "")
    table = Table(title=title, title_justify="left", title_style="bold", expand=True)
    table.add_column("#", justify="right")
    for name in (f"When ({zone.key})", "Platform", "Persona"):
        table.add_column(name, no_wrap=True)
    table.add_column("Topic", ratio=1)
    table.add_column("Status", no_wrap=True)
    for post in shown:
        table.add_row(
            str(post["index"] + 1),
            _when(post, zone),
            post["platform"],
            post["personaId"],
            escape(post["topic"]),
            post["status"],
        )
    return table


def _samples(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Written posts, of different platforms if possible."""
    written = [post for post in posts if post.get("content")]
    first_of_platform = list({post["platform"]: post for post in reversed(written)}.values())[::-1]
    return (first_of_platform + [post for post in written if post not in first_of_platform])[:_SAMPLES]


def _sample(post: dict[str, Any], zone: ZoneInfo) -> Panel:
    content = post["content"]
    body = Text()
    for headline in (content.get("subject"), content.get("title")):
        if headline:
            body.append(f"{headline}\n\n", style="bold")
    body.append(content["text"])
    tags = [tag for tag in content.get("hashtags", []) if tag not in content["text"]]
    if tags:
        body.append("\n" + " ".join(tags), style="cyan")
    title = f"{post['platform']}, {_when(post, zone)}"
    return Panel(body, title=escape(title), title_align="left", border_style="dim")


def _states(demo: Demo) -> Table:
    table = Table(title="The states of the workflow", title_justify="left", title_style="bold")
    table.add_column("State")
    table.add_column("Entered (UTC)")
    table.add_column("Seconds", justify="right")
    for visit in demo.visits:
        seconds = "" if visit.seconds is None else f"{visit.seconds:.2f}"
        table.add_row(visit.name, visit.entered.strftime("%H:%M:%S.%f")[:-3], seconds)
    return table


def _next(demo: Demo, stack: Stack) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("[bold]Where to look next[/]")
    rows = {
        "API": f"{stack.api_url}/docs",
        "Console": stack.info["consoleUrl"],
        "Execution": f"{stack.info['consoleUrl']}executions/{demo.campaign_id}",
        "Inbox": stack.info["inboxUrl"],
    }
    for name, url in rows.items():
        table.add_row(name, Text(url, overflow="fold"))
    return table


def _when(post: dict[str, Any], zone: ZoneInfo) -> str:
    return datetime.fromisoformat(post["scheduledAt"]).astimezone(zone).strftime("%a %d %b %H:%M")
