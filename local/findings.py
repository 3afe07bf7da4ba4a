"""What ``make preflight`` found, and how it is shown."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    """It will work, and somebody should know."""
    UNKNOWN = "cannot check"
    MISSING = "missing"


class Finding(NamedTuple):
    subject: str
    verdict: Verdict
    says: str
    todo: str = ""


_COLOURS = {Verdict.OK: "green", Verdict.NOTE: "cyan", Verdict.UNKNOWN: "yellow", Verdict.MISSING: "red"}


def table(findings: Iterable[Finding]) -> Table:
    """A line for each finding, in their order."""
    shown = Table("", "", "", "what to do", box=None, padding=(0, 2, 0, 0))
    for subject, verdict, says, todo in findings:
        shown.add_row(f"[{_COLOURS[verdict]}]{verdict}[/]", escape(subject), escape(says), escape(todo))
    return shown
