"""Mail does not reach a reviewer: whoever runs the campaign hears of it, once."""

from typing import Any

import pytest

from lambdas.adapters.table import keys
from lambdas.domain.errors import MailRefusedError
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.tenant import TenantConfig
from lambdas.domain.models.workflow import Decision
from lambdas.services.decisions import Choice, decide
from lambdas.services.open_requests import Place, Reassignment, reassign, remind, revoke
from lambdas.workers.mail_events import Undelivered, note
from tests.support import samples
from tests.support.asked import REVIEWERS, Asked
from tests.support.faults import Fault, FaultPlan, faulty, replaced
from tests.support.world import World

ADA, GRACE, JOAN = REVIEWERS
MANAGER = "manager@acme.example"


@pytest.fixture
def asked(world: World) -> Asked:
    return Asked(world, reviewers=list(REVIEWERS))


def bounced(asked: Asked, *emails: str) -> None:
    reasons = dict.fromkeys(emails, "Permanent bounce, General")
    note(
        Undelivered(reasons, asked.world.clock.now(), asked.world.mailer.sent[0].tags),
        asked.world.approvals,
        asked.world.clock.now(),
    )


def minute(asked: Asked, **ports: Any) -> list[Exception]:
    """One tick; answers what failed."""
    asked.tend(replaced(asked.world, **ports))
    return asked.failed


def told(asked: Asked) -> list[Mail]:
    return [mail for mail in asked.world.mailer.sent if mail.tags["kind"] == "unreachable"]


def test_the_manager_gets_a_mail_and_the_operators_an_alert_once(asked: Asked) -> None:
    bounced(asked, ADA, JOAN)
    for _ in range(3):
        assert minute(asked) == []
    (mail,) = told(asked)
    assert mail.to == MANAGER
    for said in (ADA, JOAN, "Permanent bounce", "/reassign", "Spring launch"):
        assert said in mail.text
        assert said in mail.html
    assert GRACE not in mail.text
    assert "/approve/" not in mail.text
    (alert,) = asked.world.alerts.sent
    assert alert.failure.code == "REVIEWER_UNREACHABLE"
    assert "reviewer 1 of 3 (Permanent bounce, General), reviewer 3 of 3" in alert.failure.message
    assert "@" not in alert.model_dump_json()
    assert samples.CAMPAIGN_ID in str(alert.failure.next_step)


def test_when_all_links_are_taken_back_the_manager_hears_once_that_nobody_can_decide(world: World) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS), quorum="all")
    link = asked.open(asked.links()[GRACE])
    decide(link, Choice(Decision.APPROVED, "", link.approval.content_hash), world)
    place = Place(samples.KEY, asked.approval.callback_id)
    revoke(place, ADA, world.approvals, world.clock.now())
    assert minute(asked) == []
    assert told(asked) == [], "Joan may still answer"
    revoke(place, JOAN, world.approvals, world.clock.now())
    for _ in range(3):
        assert minute(asked) == []
    (mail,) = told(asked)
    assert mail.subject == "Nobody can decide: Spring launch"
    assert all(said in mail.text for said in (ADA, JOAN, "taken back", "/reassign", "/reminders"))
    assert GRACE not in mail.text
    (alert,) = world.alerts.sent
    assert alert.failure.code == "NO_REVIEWER_LEFT"
    assert "reviewer 1 of 3 (the link was taken back), reviewer 3 of 3" in alert.failure.message
    remind(place, ADA, world.approvals, world.clock.now())
    assert minute(asked) == []
    revoke(place, ADA, world.approvals, world.clock.now())
    minute(asked)
    assert len(told(asked)) == 2, "a new link was sent, and taken back as well"


def test_the_last_link_that_is_taken_back_is_seen_to_at_the_next_tick(asked: Asked) -> None:
    asked.tend(everything=False)
    revoke(Place(samples.KEY, asked.approval.callback_id), None, asked.world.approvals, asked.world.clock.now())
    asked.tend(everything=False)
    assert len(told(asked)) == 1


def test_whom_a_mail_has_reached_is_reminded_and_anybody_else_invited(asked: Asked) -> None:
    bounced(asked, JOAN)
    minute(asked)
    before = len(asked.world.mailer.sent)
    invited = asked.approval.reviewers[0].invited_at
    remind(Place(samples.KEY, asked.approval.callback_id), None, asked.world.approvals, asked.world.clock.now())
    assert asked.approval.reviewers[0].invited_at == invited, "it was mailed, and will be again"
    minute(asked)
    new = {mail.to: mail for mail in asked.world.mailer.sent[before:]}
    assert {to: mail.tags["kind"] for to, mail in new.items()} == {ADA: "reminder", GRACE: "reminder", JOAN: "approval"}
    assert new[ADA].subject == "Reminder: please review: Spring launch"
    assert new[JOAN].subject == "Please review: Spring launch"


def test_those_whom_the_tenant_names_are_told_from_its_sender(asked: Asked) -> None:
    sender = {"address": "hi@acme.example", "name": "Acme"}
    names = ["one@acme.example", "two@acme.example"]
    config = TenantConfig.from_wire({"sender": sender, "notify": names})
    asked.world.catalog.put_settings(samples.TENANT, config)
    bounced(asked, ADA)
    minute(asked)
    assert [mail.to for mail in told(asked)] == names
    assert {mail.sender for mail in told(asked)} == {config.sender}


def test_a_manager_without_an_address_is_told_by_the_alert(world: World) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS))
    record = world.campaigns.get(samples.KEY).model_copy(update={"created_by": "robot"})
    world.table.put(keys.campaign(samples.KEY), record.to_record())
    bounced(asked, ADA)
    assert minute(asked) == []
    assert told(asked) == []
    assert len(world.alerts.sent) == 1


def test_a_word_that_could_not_be_sent_is_sent_the_next_minute(asked: Asked) -> None:
    bounced(asked, ADA)
    plan = FaultPlan({0: Fault.THROTTLED})
    assert len(minute(asked, alerts=faulty(asked.world.alerts, plan))) == 1
    assert asked.world.alerts.sent == []
    assert minute(asked) == []
    assert len(asked.world.alerts.sent) == 1


def test_a_new_link_begins_anew(asked: Asked) -> None:
    bounced(asked, ADA)
    minute(asked)
    place = Place(samples.KEY, asked.approval.callback_id)
    remind(place, ADA, asked.world.approvals, asked.world.clock.now())
    minute(asked)
    assert asked.approval.reviewers[0].unreachable is None
    assert len(told(asked)) == 1
    bounced(asked, ADA)
    minute(asked)
    assert len(told(asked)) == 2
    change = Reassignment.from_wire({"from": ADA, "to": "new@example.com"})
    reassign(place, change, asked.world.approvals, asked.world.clock.now())
    minute(asked)
    assert asked.approval.reviewers[0].unreachable is None


def test_an_address_that_is_refused_at_once_is_told_like_a_bounce(world: World) -> None:
    class Refusing:
        def send(self, mail: Mail) -> None:
            if mail.to == GRACE:
                raise MailRefusedError("MessageRejected: on the suppression list")
            world.mailer.sent.append(mail)

    asked = Asked(world, reviewers=list(REVIEWERS))
    remind(Place(samples.KEY, asked.approval.callback_id), GRACE, world.approvals, world.clock.now())
    minute(asked, mailer=Refusing())
    assert asked.approval.reviewers[1].unreachable == "MessageRejected: on the suppression list"
    assert [mail.to for mail in told(asked)] == [MANAGER]


def test_whoever_has_answered_need_not_be_reached(world: World) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS), quorum="all")
    link = asked.open(asked.links()[ADA])
    decide(link, Choice(Decision.APPROVED, "", link.approval.content_hash), world)
    bounced(asked, ADA)
    minute(asked)
    assert told(asked) == []
