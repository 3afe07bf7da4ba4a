"""Requests for approval over days, on a clock that the test moves."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.domain.approval import HEARTBEAT_EVERY
from lambdas.domain.errors import DependencyUnavailableError
from lambdas.domain.models.approval import ApprovalStatus, MailState
from lambdas.domain.models.campaign import CampaignStatus, Quorum
from lambdas.domain.models.workflow import Decision
from lambdas.ports.bundle import Ports
from lambdas.services.decisions import Choice, decide
from lambdas.services.inviting import FIRST_PAUSE
from lambdas.services.open_requests import Place, Reassignment, reassign, remind
from lambdas.services.tokens import verify_approval_token
from tests.support import samples
from tests.support.asked import REVIEWERS, Asked
from tests.support.faults import Crash, Fault, FaultPlan, faulty, replaced
from tests.support.world import World

HOUR = timedelta(hours=1)


class Tended(Asked):
    """And the minutes that pass."""

    def __init__(self, world: World, **policy: Any) -> None:
        super().__init__(world, **policy)
        self._asked_with = len(world.mailer.sent)

    def after(self, time: timedelta = timedelta(0)) -> dict[str, int]:
        self.world.clock.advance(time)
        report = self.tend()
        assert self.failed == []
        return dict(report.done)

    def mailed(self) -> list[str]:
        """Since they were asked."""
        return [mail.to for mail in self.world.mailer.sent[self._asked_with :]]

    def days(self, number: int) -> None:
        """An hour at a time, as a scheduler would come by (if less often)."""
        for _ in range(24 * number):
            self.after(HOUR)


def test_the_task_token_is_stored_sealed(world: World) -> None:
    tended = Tended(world)
    assert world.tokens[0] not in tended.approval.model_dump_json()


def test_when_nothing_is_due_nothing_happens(world: World) -> None:
    tended = Tended(world)
    assert tended.after(timedelta(minutes=1)) == {}  # the first look, which finds out when it is due next
    before = world.everything()
    assert tended.after(timedelta(minutes=1)) == {}
    assert world.everything() == before


def test_reminders_come_after_24_and_72_hours_and_links_open_the_request(world: World) -> None:
    tended = Tended(world)
    tended.days(1)
    assert tended.mailed() == ["ada@example.com", "grace@example.com"]
    tended.days(3)
    assert tended.mailed() == ["ada@example.com", "grace@example.com"] * 2
    mail = world.mailer.sent[-1]
    assert mail.subject.startswith("Reminder")
    link = next(line for line in mail.text.splitlines() if line.startswith("https://"))
    token = parse_qs(urlsplit(link).query)["token"][0]
    claims = verify_approval_token(world.keys.approval(), token, now=world.clock.now())
    grace = tended.approval.reviewers[1]
    assert claims.jti == grace.nonce_hash
    assert len(grace.earlier_hashes) == 2  # those mailed before go on working
    assert world.tokens[0] not in mail.model_dump_json()


def test_in_quiet_hours_nobody_is_reminded(world: World) -> None:
    # Nine in the morning in UTC is ten in Berlin, where the campaign is.
    tended = Tended(world, quietHours={"start": 8, "end": 12})
    assert tended.after(24 * HOUR).get("reminded") is None
    assert tended.after(3 * HOUR)["reminded"] == 2


def test_the_task_hears_a_heartbeat_well_within_its_limit(world: World) -> None:
    tended = Tended(world)
    world.engine.heartbeats.clear()  # RequestApproval's own, by which it found out that somebody waits
    tended.days(6)
    assert len(world.engine.heartbeats) == 6 * 24 * HOUR // HEARTBEAT_EVERY
    assert timedelta(hours=24) > HEARTBEAT_EVERY * 3


def test_silence_is_a_no_by_default(world: World) -> None:
    tended = Tended(world)
    tended.days(7)
    made = tended.approval.decision
    assert made is not None
    assert (made.decision, made.decided_by, made.expired) == (Decision.REJECTED, "policy", True)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["expired"]
    assert tended.after(HOUR) == {}


def test_silence_can_be_a_yes(world: World) -> None:
    tended = Tended(world, onTimeout="approve", timeoutHours=48)
    tended.days(2)
    made = tended.approval.decision
    assert made is not None
    assert (made.decision, made.expired) == (Decision.APPROVED, True)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["approved"]


def test_silence_can_mean_the_same_time_once_more(world: World) -> None:
    tended = Tended(world, onTimeout="extend", timeoutHours=10, remindAfterHours=[])
    assert tended.after(10 * HOUR) == {"extended": 1}
    assert tended.after(timedelta(minutes=1))["invited"] == 2
    assert world.engine.resumed == []
    tended.after(9 * HOUR)
    assert tended.approval.status is ApprovalStatus.PENDING
    tended.after(HOUR)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["expired"]


def test_silence_can_go_to_somebody_else(world: World) -> None:
    tended = Tended(
        world, onTimeout="escalate", escalateTo=["boss@example.com"], timeoutHours=10, remindAfterHours=[], quorum="all"
    )
    assert tended.after(10 * HOUR) == {"escalated": 1}
    tended.after(timedelta(minutes=1))
    assert "boss@example.com" in tended.mailed()
    assert tended.approval.quorum is Quorum.ONE
    assert tended.approval.expires_at > world.clock.now() + 9 * HOUR


def test_who_was_asked_already_is_not_asked_twice_for_lack_of_an_answer(world: World) -> None:
    """A manager had given the reviewer's place to the one whom silence asks."""
    boss = "Boss@example.com"
    tended = Tended(world, onTimeout="escalate", escalateTo=["boss@example.com"], timeoutHours=10, remindAfterHours=[])
    place, change = Place(samples.KEY, tended.approval.callback_id), {"from": "ada@example.com", "to": boss}
    reassign(place, Reassignment.from_wire(change), world.approvals, world.clock.now())
    tended.after(10 * HOUR)
    tended.after(timedelta(minutes=1))
    assert [r.email for r in tended.approval.reviewers] == [boss, "grace@example.com"]
    assert [to for to in tended.mailed() if to.lower() == boss.lower()] == [boss] * 1


@pytest.mark.parametrize("status", [CampaignStatus.STOPPED, CampaignStatus.FAILED])
def test_the_links_of_a_campaign_that_has_ended_are_closed(world: World, status: CampaignStatus) -> None:
    tended = Tended(world)
    world.campaigns.update(
        samples.KEY, expected=[CampaignStatus.AWAITING_APPROVAL], status=status, at=world.clock.now()
    )
    assert tended.after(HOUR) == {"closed": 1}
    assert tended.approval.status is ApprovalStatus.CLOSED


def test_one_that_fails_keeps_nobody_else_waiting(world: World) -> None:
    tended = Tended(world)

    class Down:
        def __getattr__(self, name: str) -> Any:
            if name == "base_url":
                raise DependencyUnavailableError("no parameters today")
            return getattr(world, name)

    world.clock.advance(24 * HOUR)
    report = tended.tend(cast(Ports, Down()))
    assert [type(error) for error in tended.failed] == [DependencyUnavailableError]
    assert report.due.failed == 1


def test_the_second_stage_is_mailed_its_links_when_its_turn_comes(world: World) -> None:
    tended = Tended(world, secondStage={"reviewers": ["boss@example.com"]})
    assert tended.after(HOUR) == {}
    world.approvals.amend(tended.approval.model_copy(update={"stage": 2}))
    assert tended.after(timedelta(minutes=1)) == {"invited": 1}
    assert tended.mailed() == ["boss@example.com"]
    assert tended.after(timedelta(minutes=1)) == {}


def test_an_edit_that_died_half_way_is_settled(world: World) -> None:
    tended = Tended(world)
    shown = tended.approval.content_hash
    world.approvals.amend(tended.approval.model_copy(update={"content_hash": ""}))
    assert tended.after() == {"rehashed": 1}
    assert tended.approval.content_hash == shown


def test_an_expiry_that_could_not_be_sent_is_sent_the_next_minute(world: World) -> None:
    tended = Tended(world)
    world.clock.advance(timedelta(days=7))
    plan = FaultPlan({0: Fault.THROTTLED})
    tended.tend(replaced(world, engine=faulty(world.engine, plan)))
    assert len(tended.failed) == 1
    assert tended.approval.resumed_at is None
    assert tended.after(timedelta(minutes=1)) == {"resumed": 1}
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["expired"]


def answers(tended: Tended, email: str, decision: Decision) -> None:
    link = tended.open(tended.links()[email])
    decide(link, Choice(decision, "", link.approval.content_hash), tended.world)


def test_two_of_three_with_one_rejection_stays_open_over_days_and_then_carries(world: World) -> None:
    """The rejection is on the first day; the others are reminded, and their two approvals decide on the fifth."""
    tended = Tended(world, reviewers=list(REVIEWERS), quorum=2)
    ada, grace, joan = REVIEWERS
    answers(tended, ada, Decision.REJECTED)
    assert tended.approval.status is ApprovalStatus.PENDING
    tended.days(4)
    assert tended.mailed() == [grace, joan] * 2  # whoever has answered is left alone
    answers(tended, grace, Decision.APPROVED)
    assert tended.approval.status is ApprovalStatus.PENDING
    answers(tended, joan, Decision.APPROVED)
    assert tended.approval.decision
    assert tended.approval.decision.decision is Decision.APPROVED
    tended.days(5)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["approved"]


def test_two_of_three_with_one_rejection_and_silence_expires(world: World) -> None:
    tended = Tended(world, reviewers=list(REVIEWERS), quorum=2)
    answers(tended, REVIEWERS[0], Decision.REJECTED)
    answers(tended, REVIEWERS[1], Decision.APPROVED)
    tended.days(7)
    assert tended.approval.decision
    assert (tended.approval.decision.expired, tended.approval.decision.decided_by) == (True, "policy")
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["expired"]


@pytest.mark.parametrize("answer", [Decision.APPROVED, Decision.REJECTED])
def test_whoever_it_was_escalated_to_decides_alone(world: World, answer: Decision) -> None:
    tended = Tended(world, onTimeout="escalate", escalateTo=["boss@example.com"], timeoutHours=10, quorum="all")
    tended.after(10 * HOUR)
    tended.after(timedelta(minutes=1))
    answers(tended, "boss@example.com", answer)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == [answer.value]
    tended.days(3)
    assert len(world.engine.resumed) == 1


def test_an_extension_reminds_nobody_twice_and_an_answer_in_it_counts(world: World) -> None:
    tended = Tended(world, onTimeout="extend", timeoutHours=48, remindAfterHours=[24])
    tended.days(3)
    assert tended.approval.extended
    assert tended.mailed().count("ada@example.com") == 2  # the reminder, and the link for the second time
    answers(tended, "ada@example.com", Decision.APPROVED)
    tended.days(3)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["approved"]


def test_without_heartbeats_for_a_day_the_task_is_gone_and_so_is_the_link(world: World) -> None:
    """Nobody tended for two days: the engine has failed the task, and asks anew with another request."""
    tended = Tended(world)
    world.engine.fail(world.tokens[0], "States.HeartbeatTimeout", "no heartbeat came in time")
    assert tended.after(48 * HOUR) == {"closed": 1}
    assert tended.approval.status is ApprovalStatus.CLOSED
    assert tended.mailed() == []


@pytest.mark.parametrize("fault", list(Fault))
def test_whatever_a_mail_fails_with_nobody_gets_two(world: World, fault: Fault) -> None:
    """Reminders by a mail service that fails with the first of them in each way there is."""
    tended = Tended(world, remindAfterHours=[24])
    tended.after(23 * HOUR)
    world.clock.advance(HOUR)
    mailer = faulty(world.mailer, FaultPlan({0: fault}))
    with suppress(Crash):
        tended.tend(replaced(world, mailer=mailer))
    for _ in range(60):
        tended.after(timedelta(minutes=1))
    reminded = Counter(mail.to for mail in world.mailer.sent if mail.tags["kind"] == "reminder")
    assert reminded == Counter({"ada@example.com": fault is not Fault.CRASH_BEFORE, "grace@example.com": 1})
    ada = tended.approval.reviewers[0]
    sent = fault is Fault.THROTTLED  # the only one that was tried again
    assert ada.mail is (MailState.SENT if sent else MailState.UNKNOWN)
    # Whoever runs the campaign hears of a mail that may not have gone out, and can ask for another one.
    assert [alert.failure.code for alert in world.alerts.sent] == ([] if sent else ["REVIEWER_UNREACHABLE"])


def test_a_mail_that_is_not_accepted_is_tried_again_more_and_more_slowly(world: World) -> None:
    tended = Tended(world, remindAfterHours=[])
    ada = world.mailer.sent[0].to
    remind(Place(samples.KEY, tended.approval.callback_id), ada, world.approvals, world.clock.now())
    links = tended.approval.reviewers[0].earlier_hashes, tended.approval.reviewers[0].nonce_hash
    mailer = faulty(world.mailer, FaultPlan(dict.fromkeys(range(100), Fault.THROTTLED)))
    tries = 0
    for _ in range(60):
        world.clock.advance(timedelta(minutes=1))
        tended.tend(replaced(world, mailer=mailer))
        tries += tended.approval.reviewers[0].mail_after == world.clock.now() + FIRST_PAUSE * 2**tries
    assert 4 <= tended.approval.reviewers[0].mail_tries <= 10
    # Links that were never mailed push out none that were.
    assert (tended.approval.reviewers[0].earlier_hashes, tended.approval.reviewers[0].nonce_hash) == links
    tended.after(timedelta(minutes=10))
    assert tended.mailed() == [ada]
