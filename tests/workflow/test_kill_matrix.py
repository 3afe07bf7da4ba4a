"""SIGKILL for the worker of every state of BUILD, before, during and after everything it does outside.

The states are those of the deployed definition. A worker dies as its handler starts, at each of its requests to AWS
(before it is sent, sent and its answer unread, answered) and as its handler ends: real processes, and no luck involved.
``tests/property/test_kills.py`` does the same in memory, call by call.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import NamedTuple

import pytest
from ulid import ULID

from lambdas.build.duplicates import RULE as DUPLICATE
from local.http import UnexpectedReplyError
from tests.support.driver import Driver
from tests.support.faulty_functions import Faults, Kill, build_functions, faulty_functions
from tests.support.witness import Witness

pytestmark = pytest.mark.stack

logger = logging.getLogger("kill_matrix")

SPOILT = 24
"""The number of the post that the model refuses to write: a campaign that has one fails."""
POSTS = 12
AT_ONCE = 6
START, END = Kill("start"), Kill("end")
NOT_MET = {"ApprovalExpired"}
"""Comes after fifteen days of waiting; ``tests/property/test_kills.py`` kills it call by call."""
TO_APPROVAL = ("queued", "planning", "generating", "awaiting_approval")


class Road(NamedTuple):
    """A way through the workflow: how long the campaign is, what its reviewers say, and where that leads."""

    posts: int
    decisions: tuple[str, ...]
    statuses: tuple[str, ...]


ROADS = (
    Road(
        POSTS,
        ("needs_revision", "approved"),
        (*TO_APPROVAL, "needs_revision", "generating", "awaiting_approval", "approved"),
    ),
    Road(POSTS, ("rejected",), (*TO_APPROVAL, "rejected")),
    Road(SPOILT, (), ("queued", "planning", "generating", "failed")),
)


class Run(NamedTuple):
    """One campaign: in every state of its road a worker dies once, at ``kill``."""

    campaign_id: str
    road: Road
    kill: Kill
    struck: set[str]


class Matrix:
    """Campaigns on every road, and the kills among them. ``figures`` counts them by state and moment."""

    def __init__(self, driver: Driver, faults: Faults, states: Iterable[str]) -> None:
        self.states = frozenset(states)
        self.figures: Counter[tuple[str, str]] = Counter()
        self._driver, self._faults = driver, faults
        self._witness = Witness(driver.stack)

    def run(self, kills: Iterable[Kill]) -> int:
        """Each kill on each road; answers how many workers died."""
        wanted = [(road, kill) for kill in kills for road in ROADS]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            runs = list(pool.map(lambda one: self._build(*one), wanted))
        self._witness.look()
        for run in runs:
            self._check(run)
            self.figures.update((state, run.kill.moment) for state in run.struck)
        return sum(len(run.struck) for run in runs)

    def _build(self, road: Road, kill: Kill) -> Run:
        campaign_id = str(ULID())
        for state in self.states:
            self._faults.kill(campaign_id, state, kill)
        name = f"Killed at {kill}"
        generation = {"toleratedFailurePercentage": 0}
        self._driver.start(campaignId=campaign_id, name=name, postCount=road.posts, generation=generation)
        for number, decision in enumerate(road.decisions, 1):
            decide(self._driver, campaign_id, number, decision)
        wait(self._driver, campaign_id, road.statuses[-1])
        self._driver.execution(campaign_id)
        return Run(campaign_id, road, kill, self._faults.struck(campaign_id))

    def _check(self, run: Run) -> None:
        """The right end, everything done, and nothing twice."""
        driver, road, campaign_id = self._driver, run.road, run.campaign_id
        assert self._witness.road(campaign_id) == list(road.statuses), run
        assert self._witness.decisions(campaign_id) == list(road.decisions), run
        posts = driver.items(campaign_id, "POST#")
        failed = road.posts == SPOILT
        assert Counter(post["status"] for post in posts) == Counter(completed=road.posts - failed, failed=int(failed))
        for post in posts:
            # One write for the text; a revision takes it away and stores another.
            written = 3 if "revision" in post else 1
            marks = [rule["rule"] for rule in post.get("provenance", {}).get("rules", ())]
            # Stored once more exactly where it is marked for being like another; a decision's rounds may also take a
            # mark away, which the record does not tell.
            least = written + (DUPLICATE in marks)
            most = written + 2 if road.decisions else least
            assert least <= post["version"] <= most, (run, post)
        approvals = driver.items(campaign_id, "APPROVAL#")
        assert "PENDING" not in {approval["status"] for approval in approvals}, run
        effects = {effect["status"] for effect in driver.items(campaign_id, "EFFECT#")}
        assert effects == {"undone" if failed else "made"}, run


def decide(driver: Driver, campaign_id: str, number: int, decision: str) -> None:
    """Answer the question of that round, and again where the asking died and another question took its place."""
    deadline = time.monotonic() + 120
    while True:
        campaign = driver.record(campaign_id)
        if campaign.get("revision", 0) >= number or campaign["status"] in ("approved", "rejected"):
            return
        asked = [a for a in driver.items(campaign_id, "APPROVAL#") if a["status"] == "PENDING" and a["round"] == number]
        mail = asked[-1]["reviewers"][0].get("mail") if asked else None
        if mail in ("claimed", "unknown"):
            # Whoever mailed died over it, and no mail is sent twice by itself: a manager asks for another.
            driver.send("POST", f"/campaigns/{campaign_id}/approvals/{asked[-1]['callbackId']}/reminders", {})
            driver.tend()
        elif mail:
            try:
                driver.decide(campaign_id, decision, "Shorter, please")
            except UnexpectedReplyError as refused:
                if refused.reply.status not in (409, 410):
                    raise
        assert time.monotonic() < deadline, campaign
        time.sleep(0.2)


def wait(driver: Driver, campaign_id: str, status: str) -> None:
    deadline = time.monotonic() + 120
    while (campaign := driver.get(f"/campaigns/{campaign_id}"))["status"] != status:
        assert time.monotonic() < deadline, campaign
        time.sleep(0.2)


@pytest.fixture
def matrix(acme: Driver) -> Iterator[Matrix]:
    functions = build_functions(acme.stack)
    spoilt = json.dumps({str(SPOILT): "blocked"})
    with (
        faulty_functions(acme.stack, functions.values()) as faults,
        acme.changed("generate-posts", OFFLINE_FAULT_PLAN=spoilt),
    ):
        yield Matrix(acme, faults, functions.keys() - NOT_MET)


def test_a_worker_of_any_state_may_die_as_it_starts_at_work_or_as_it_ends(matrix: Matrix) -> None:
    struck = matrix.run([START, Kill("during", 2), END])
    assert struck >= 20
    for moment in ("start", "during", "end"):
        assert {state for state, at in matrix.figures if at == moment} == matrix.states


@pytest.mark.soak
def test_a_worker_of_any_state_may_die_before_during_and_after_everything_it_does(matrix: Matrix) -> None:
    total = matrix.run([START, END])
    for request in count():
        struck = matrix.run([Kill(moment, request) for moment in ("before", "during", "after")])
        logger.info("request %d: %d kills", request, struck)
        if not struck:  # no state makes so many
            break
        total += struck
    for state in sorted(matrix.states):
        logger.info("%s: %s", state, {at: number for (s, at), number in sorted(matrix.figures.items()) if s == state})
    logger.info("%d kills", total)
    assert total >= 200
    for moment in ("start", "before", "during", "after", "end"):
        assert {state for state, at in matrix.figures if at == moment} == matrix.states
