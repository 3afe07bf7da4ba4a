"""What SES reports of mails that did not arrive, and what becomes of it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.base import iso
from lambdas.domain.models.mail import Kind
from lambdas.workers.mail_events import Outcome, message_in, note, undelivered
from tests.support import samples
from tests.support.asked import REVIEWERS, Asked
from tests.support.world import World

ADA, GRACE, JOAN = REVIEWERS


def event(asked: Asked, kind: str = "Bounce", *, to: str = ADA, **changes: Any) -> dict[str, Any]:
    """As SES publishes it, with fields that nobody here asked for."""
    tags = {name: [value] for name, value in asked.world.mailer.sent[0].tags.items()}
    mail = {
        "timestamp": iso(asked.world.clock.now()),
        "messageId": "0100017",
        "source": "c@example.com",
        "destination": [to],
        "headers": [{"name": "To", "value": to}],
        "tags": tags | {"ses:configuration-set": ["mails"], "ses:source-ip": ["10.0.0.1"]},
    }
    recipient = {"emailAddress": to, "action": "failed", "status": "5.1.1", "diagnosticCode": f"550 <{to}>"}
    details: dict[str, Any] = {
        "Bounce": {
            "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [recipient]}
            | changes
        },
        "Complaint": {"complaint": {"complainedRecipients": [{"emailAddress": to}], "complaintFeedbackType": "abuse"}},
        "Reject": {"reject": {"reason": "Bad content"}},
    }
    return {"eventType": kind, "mail": mail, **details.get(kind, {"delivery": {"recipients": [to]}})}


def heard(asked: Asked, what: dict[str, Any]) -> tuple[Outcome, CampaignKey | None]:
    lost = undelivered(json.dumps(what))
    assert lost is not None
    return note(lost, asked.world.approvals, asked.world.clock.now())


def reasons(asked: Asked) -> dict[str, str | None]:
    return {str(reviewer.email): reviewer.unreachable for reviewer in asked.approval.reviewers}


@pytest.fixture
def asked(world: World) -> Asked:
    return Asked(world, reviewers=list(REVIEWERS))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Bounce", "Permanent bounce, General (5.1.1)"),
        ("Complaint", "the recipient marked the mail as spam"),
        ("Reject", "rejected by the mail service"),
    ],
)
def test_the_reviewer_is_marked_and_nobody_else(asked: Asked, kind: str, reason: str) -> None:
    assert heard(asked, event(asked, kind, to=ADA.upper())) == (Outcome.NOTED, samples.KEY)
    assert reasons(asked) == {ADA: reason, GRACE: None, JOAN: None}
    assert "@" not in reason


def test_a_duplicate_changes_nothing(asked: Asked) -> None:
    bounce = event(asked)
    heard(asked, bounce)
    before = asked.approval
    for again in (bounce, event(asked, "Complaint")):
        assert heard(asked, again)[0] is Outcome.KNOWN
    assert asked.approval == before


def test_what_is_about_a_link_that_was_replaced_since_is_beside_the_point(asked: Asked, world: World) -> None:
    bounce = event(asked)
    world.clock.advance(timedelta(minutes=10))
    fresh = [
        r.model_copy(update={"invited_at": world.clock.now()}) if r.email == ADA else r
        for r in asked.approval.reviewers
    ]
    world.approvals.amend(asked.approval.model_copy(update={"reviewers": tuple(fresh)}))
    assert heard(asked, bounce)[0] is Outcome.KNOWN
    assert reasons(asked)[ADA] is None
    assert heard(asked, event(asked))[0] is Outcome.NOTED


@pytest.mark.parametrize("tag", ["tenantId", "campaignId", "callbackId"])
def test_a_request_that_is_not_there_is_nobodys(asked: Asked, tag: str) -> None:
    other = {
        "tenantId": "globex",
        "campaignId": "01KJQ0000000000000000000B9",
        "callbackId": "01KJQ0000000000000000000C9",
    }
    bounce = event(asked)
    bounce["mail"]["tags"][tag] = [other[tag]]
    assert heard(asked, bounce)[0] is Outcome.NOBODYS
    assert set(reasons(asked).values()) == {None}


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"kind": [Kind.UNREACHABLE]},
        {"kind": [Kind.APPROVAL]},
        {"kind": [Kind.APPROVAL], "tenantId": ["A#B"], "campaignId": ["x"], "callbackId": [""]},
        {"kind": [Kind.APPROVAL], "tenantId": []},
    ],
)
def test_a_mail_that_asked_nobody_is_another_matter(asked: Asked, tags: dict[str, list[str]]) -> None:
    bounce = event(asked)
    bounce["mail"]["tags"] = tags
    assert heard(asked, bounce) == (Outcome.OTHER, None)


def test_a_request_that_is_over_stays_as_it_is(asked: Asked, world: World) -> None:
    world.approvals.close(samples.KEY, asked.approval.callback_id)
    before = asked.approval
    assert heard(asked, event(asked))[0] is Outcome.NOBODYS
    assert asked.approval == before


def test_what_arrived_is_no_failure(asked: Asked) -> None:
    """A transient bounce without a further kind is mostly somebody's note that they are away."""
    away = event(asked, bounceType="Transient", bounceSubType="General")
    full = event(asked, bounceType="Transient", bounceSubType="MailboxFull")
    assert undelivered(json.dumps(away)) is None
    assert undelivered(json.dumps(event(asked, "Delivery"))) is None
    assert undelivered("Successfully validated SNS topic for Amazon SES event publishing.") is None
    assert heard(asked, full)[0] is Outcome.NOTED


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"eventType":"Bounce"}',
        '{"eventType":"Bounce","mail":{"timestamp":"yesterday"}}',
        '{"eventType":"Bounce","mail":{"timestamp":"2026-01-01T00:00:00Z"},"bounce":{}}',
        '{"eventType":"Bounce","mail":{"timestamp":"2026-01-01T00:00:00Z","tags":{"kind":"approval"}}}',
    ],
)
def test_what_ses_never_sends_is_refused(message: str) -> None:
    with pytest.raises(InvalidInputError):
        undelivered(message)


@pytest.mark.parametrize("record", [None, {}, {"Sns": None}, {"Sns": {}}, {"Sns": {"Message": {}}}, "x"])
def test_what_sns_never_sends_is_refused(record: Any) -> None:
    with pytest.raises(InvalidInputError):
        message_in(record)
