"""The same tests for every stack: ``make verify STACK=file``, and in ``make test`` the stack of the tests.

``VERIFY_STACK`` is the stack file, ``VERIFY_POSTS`` the size of the large campaign, ``VERIFY_RUN`` tells runs apart
that go on at once; ``VERIFY_REFERENCE=write`` records what the local stack does. Whatever a run makes belongs to
tenants of its own, which are removed after it. In ``make test`` the tests' stack is used as if it had no inbox, as in
AWS.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.removal import Removal
from local.reviewers import throwaway_tenants
from local.target import Target
from tests.support.driver import Author
from tests.verify.notebook import Facts, Notebook, differences, load, save

HERE = Path(__file__).parent
STACK = os.environ.get("VERIFY_STACK")
REVIEWER = "success+rita@simulator.amazonses.com"
"""Takes every mail, in the SES sandbox too (docs.aws.amazon.com/ses/latest/DeveloperGuide/mailbox-simulator.html)."""
_PATIENCE_IN_AWS = 10
_OBSERVED: dict[str, Facts] = {}
_TOOK: dict[str, dict[str, float]] = {}
_REMOVED: Counter[str] = Counter()
_FAILED = pytest.StashKey[bool]()


def tenants() -> tuple[str, ...]:
    return throwaway_tenants(os.environ.get("VERIFY_RUN") or "")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    if STACK:
        return Target.load(Path(STACK))
    info = request.getfixturevalue("stack").info
    return Target({name: value for name, value in info.items() if name not in ("inboxUrl", "consoleUrl")})


@pytest.fixture(scope="session")
def authors(target: Target) -> Iterator[tuple[Author, Author]]:
    """Two tenants that nobody else uses, from nothing to nothing."""
    removals = [Removal(target, tenant) for tenant in tenants()]
    if left := sum(len(removal.campaigns()) for removal in removals):
        what = f"tenant {tenants()[0]} has {left} campaigns: another run goes on, or one died"
        pytest.exit(f"{what}. `make verify STACK=… CLEAN=1` removes them, RUN=name is a run beside it.", returncode=2)
    patience = 1 if "endpointUrl" in target.info else _PATIENCE_IN_AWS
    # A window that is open wherever and whenever this runs, and wide enough for the large campaign.
    start, end = (datetime.now(UTC) + timedelta(days=days) for days in (30, 3 * 365))
    window = {"start": f"{start:%Y-%m-%d}T09:00:00", "end": f"{end:%Y-%m-%d}T18:00:00", "timeZone": "Europe/Berlin"}
    usual = {"schedule": window, "approval": {"reviewers": [REVIEWER]}, "postCount": 2}
    try:
        own, other = (Author(target, tenant, patience=patience, **usual) for tenant in tenants()[:2])
        own.set_up_catalog()
        yield own, other
    finally:
        for removal in removals:
            _REMOVED.update(removal.run())


@pytest.fixture
def one(authors: tuple[Author, Author]) -> Author:
    """A manager of a tenant with a brand and a persona."""
    return authors[0]


@pytest.fixture
def other(authors: tuple[Author, Author]) -> Author:
    """A manager of another tenant, which has nothing."""
    return authors[1]


@pytest.fixture(scope="session")
def large() -> int:
    """How many posts the large campaign has."""
    return int(os.environ.get("VERIFY_POSTS") or 30)


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """What this test observes. Where no other stack is asked about, it has to be what is on record."""
    notebook = Notebook()
    test = request.node.nodeid.partition("tests/verify/")[2].removesuffix("@stack")  # which xdist adds
    yield notebook
    _TOOK[test] = notebook.seconds
    if request.node.stash.get(_FAILED, False):
        return  # it did not come to all it would have seen
    _OBSERVED[test] = notebook.facts
    if os.environ.get("VERIFY_REFERENCE") != "write" and not STACK:
        told = "the local stack does otherwise than tests/verify/reference.json; `make verify-reference` records it"
        assert not differences({test: notebook.facts}, load()), told


@pytest.fixture
def timed(seen: Notebook) -> Any:
    """``with timed("what"):`` notes how long it took."""

    @contextmanager
    def measure(what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        seen.took(what, time.monotonic() - started)

    return measure


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


def pytest_sessionfinish() -> None:
    if os.environ.get("VERIFY_REFERENCE") == "write":
        save(_OBSERVED)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not STACK:
        return
    say = terminalreporter.write_line
    terminalreporter.section("what differed from the local stack")
    found = differences(_OBSERVED, load())
    for test, what, locally, here in found:
        say(f"{test}: {what}")
        say(f"    locally  {_text(locally)}")
        say(f"    here     {_text(here)}")
    say(f"{len(found)} differences in {sum(map(len, _OBSERVED.values()))} observations of {len(_OBSERVED)} tests")
    terminalreporter.section("how long it took (for information)")
    for test, took in _TOOK.items():
        for what, seconds in took.items():
            say(f"{seconds:8.2f} s  {what} ({test})")
    terminalreporter.section("removed")
    say(", ".join(f"{number} {what}" for what, number in _REMOVED.items() if number) or "nothing")


def _text(value: Any) -> str:
    return "not seen" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
