from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.build.aggregate_results import aggregate_results
from lambdas.build.generate_posts import generate_batch
from lambdas.domain.approval import LINK_LIFETIME
from lambdas.domain.content_hash import content_hash
from lambdas.domain.errors import (
    CampaignError,
    ChatRefusedError,
    ConflictError,
    DependencyTimeoutError,
    ThrottledError,
    TokenExpiredError,
)
from lambdas.domain.ids import TenantId
from lambdas.domain.models.approval import ApprovalStatus, MailState
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.tenant import TenantConfig
from lambdas.domain.models.workflow import Decision
from lambdas.ports.bundle import Deadline
from lambdas.ports.paging import every
from lambdas.services.approval_links import nonce_hash
from lambdas.services.tokens import verify_approval_token
from tests.fakes import MemoryChat, stored
from tests.support import samples
from tests.support.agents import Generator
from tests.support.asked import FIRST, SECOND, decided, only_approval, ready_to_ask, request
from tests.support.events import EXECUTION_ARN, batch_event, planned, step_event
from tests.support.faults import Crash, Fault, FaultPlan
from tests.support.world import World


@pytest.fixture
def ready(world: World) -> World:
    return ready_to_ask(world)


def link_in(mail: Mail) -> str:
    return next(line for line in mail.text.splitlines() if line.startswith("https://"))


def parts_of(mail: Mail) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link_in(mail)).query).items()}


def test_what_was_aggregated_is_what_reviewers_decide_on_and_is_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for batch in planned(world):
        generate_batch(batch_event(world, batch), world, Generator())
    aggregate_results(step_event(world, "AggregateResults"), world.campaigns, world.posts, world.clock)
    shown = content_hash(every(world.posts, samples.KEY))
    assert world.campaigns.get(samples.KEY).content_hash == shown

    monkeypatch.setattr(world.posts, "page", None)
    request(world)
    assert only_approval(world).content_hash == shown


def test_a_repeat_reads_what_may_have_been_edited_since(ready: World) -> None:
    stale: Any = {"status": CampaignStatus.AWAITING_APPROVAL, "content_hash": "of another text"}
    ready.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], at=ready.clock.now(), **stale)
    request(ready)
    assert only_approval(ready).content_hash == content_hash(every(ready.posts, samples.KEY))


def test_the_request_is_stored_with_what_was_shown(ready: World) -> None:
    assert request(ready).status is CampaignStatus.AWAITING_APPROVAL
    approval = only_approval(ready)
    assert approval.status is ApprovalStatus.PENDING
    assert approval.task_token == FIRST
    assert approval.execution_id == EXECUTION_ARN
    assert approval.content_hash == content_hash(every(ready.posts, samples.KEY))
    assert (approval.summary.total_posts, approval.summary.completed_posts, approval.summary.failed_posts) == (4, 3, 1)
    assert approval.summary.personas == ("Ann", "Bo")
    assert approval.expires_at == stored(ready.clock.now()) + LINK_LIFETIME
    assert timedelta(days=7) > LINK_LIFETIME


def test_each_reviewer_gets_a_link_of_their_own_that_verifies(ready: World) -> None:
    request(ready)
    approval = only_approval(ready)
    assert [mail.to for mail in ready.mailer.sent] == ["ada@example.com", "grace@example.com"]
    hashes = []
    for mail, reviewer in zip(ready.mailer.sent, approval.reviewers, strict=True):
        assert urlsplit(link_in(mail)).path == f"/prod/approve/{approval.callback_id}"
        parts = parts_of(mail)
        claims = verify_approval_token(ready.keys.approval(), parts["token"], now=ready.clock.now())
        assert (claims.tenant_id, claims.campaign_id, claims.callback_id) == (*samples.KEY, approval.callback_id)
        assert nonce_hash(parts["nonce"]) == claims.jti == reviewer.nonce_hash
        assert mail.to == reviewer.email
        hashes.append(claims.jti)
    assert len(set(hashes)) == 2


def test_a_link_dies_before_the_task_does(ready: World) -> None:
    request(ready)
    token = parts_of(ready.mailer.sent[0])["token"]
    with pytest.raises(TokenExpiredError):
        verify_approval_token(ready.keys.approval(), token, now=ready.clock.now() + LINK_LIFETIME)


def test_the_mail_says_what_it_is_about_and_never_the_task_token(ready: World) -> None:
    request(ready)
    for mail in ready.mailer.sent:
        whole = mail.model_dump_json()
        assert FIRST not in whole
        assert "Spring launch" in mail.subject
        for said in ("3 posts", "1 more could not", "Sell a thousand kettles", "X, LinkedIn", "Ann, Bo"):
            assert said in mail.text
            assert said in mail.html
        assert link_in(mail).replace("&", "&amp;") in mail.html
        assert mail.tags == {
            "tenantId": samples.TENANT,
            "campaignId": samples.CAMPAIGN_ID,
            "callbackId": only_approval(ready).callback_id,
            "kind": "approval",
        }


def test_markup_in_a_brief_is_text_in_the_mail(world: World) -> None:
    planned(world, samples.brief(name="<script>alert(1)</script>\r\nBcc: eve@example.com", goal="<b>Sell</b>"))
    request(world)
    mail = world.mailer.sent[0]
    assert "<script>" not in mail.html
    assert "<b>Sell</b>" not in mail.html
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


def test_the_request_is_stored_before_anybody_can_click(ready: World) -> None:
    with pytest.raises(Crash):
        request(ready, mail_faults=FaultPlan({0: Fault.CRASH_BEFORE}))
    assert only_approval(ready).status is ApprovalStatus.PENDING
    assert only_approval(ready).reviewers[0].mail is MailState.CLAIMED
    assert ready.campaigns.get(samples.KEY).status is CampaignStatus.AWAITING_APPROVAL
    assert not ready.mailer.sent


def test_the_same_question_twice_is_asked_once(ready: World) -> None:
    request(ready)
    before = ready.everything()
    assert request(ready).status is CampaignStatus.AWAITING_APPROVAL
    assert ready.everything() == before


def test_a_question_that_was_replaced_does_not_come_back(ready: World) -> None:
    request(ready)
    ready.clock.advance(timedelta(seconds=1))
    request(ready, SECOND, retry=1)
    before = ready.everything()
    request(ready, FIRST)
    assert ready.everything() == before


@pytest.mark.parametrize(
    "status", [s for s in CampaignStatus if s not in (CampaignStatus.GENERATING, CampaignStatus.AWAITING_APPROVAL)]
)
def test_nobody_is_asked_about_a_campaign_that_is_elsewhere(ready: World, status: CampaignStatus) -> None:
    ready.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], status=status, at=ready.clock.now())
    before = ready.everything()
    with pytest.raises(ConflictError) as refused:
        request(ready)
    assert refused.value.details == {"status": status.value}
    assert ready.everything() == before


def test_the_answer_carries_no_secret(ready: World) -> None:
    answer: dict[str, Any] = request(ready).to_wire()
    assert answer == {"status": "awaiting_approval"}


def slack_of(world: World) -> list[str | None]:
    return [reviewer.slack for reviewer in only_approval(world).reviewers]


def test_without_slack_nothing_is_said_there_and_the_record_says_so(ready: World) -> None:
    request(ready)
    assert slack_of(ready) == ["not configured"] * 2
    assert only_approval(ready).version == 4  # one write before each mail, and one after it
    assert ready.chat.told == []


def test_each_reviewer_gets_their_own_link_in_slack_and_the_channel_none(ready: World) -> None:
    ready.catalog.put_settings(samples.TENANT, TenantConfig.from_wire({"slack": {"channel": "C0123456789"}}))
    request(ready)
    assert slack_of(ready) == ["sent"] * 2
    assert {told.email: told.link[0] for told in ready.chat.told} == {
        mail.to: link_in(mail) for mail in ready.mailer.sent
    }
    assert all("Spring launch" in told.text and FIRST not in told.text for told in ready.chat.told)
    ((tenant, channel, text),) = ready.chat.announced
    assert (tenant, channel) == (samples.TENANT, "C0123456789")
    assert "http" not in text


@pytest.mark.parametrize("error", [ChatRefusedError("Slack answered invalid_auth"), ThrottledError("slow down")])
def test_slack_that_fails_costs_nobody_the_mail_and_is_noted(ready: World, error: CampaignError) -> None:
    ready.catalog.put_settings(samples.TENANT, TenantConfig.from_wire({"slack": {"channel": "C0123456789"}}))
    ready.chat.error = error
    assert request(ready).status is CampaignStatus.AWAITING_APPROVAL
    assert len(ready.mailer.sent) == 2
    failed = f"failed: {error.message}; the channel was not told: {error.message}"
    assert slack_of(ready) == [failed] * 2


def test_an_error_that_slack_was_never_known_for_escapes_nowhere(ready: World) -> None:
    """It used to fail the step, or make the sweep mail everybody each minute."""

    class Broken(MemoryChat):
        def tell(self, tenant_id: TenantId, email: str, text: str, link: tuple[str, str]) -> None:
            raise KeyError(email)

    ready.chat = Broken()
    ready.catalog.put_settings(samples.TENANT, TenantConfig.from_wire({"slack": {}}))
    assert request(ready).status is CampaignStatus.AWAITING_APPROVAL
    assert slack_of(ready) == ["failed: KeyError"] * 2
    assert len(ready.mailer.sent) == 2


def test_whom_slack_does_not_know_has_the_mail(ready: World) -> None:
    ready.catalog.put_settings(samples.TENANT, TenantConfig.from_wire({"slack": {}}))
    ready.chat.members = {"grace@example.com"}
    request(ready)
    assert slack_of(ready) == ["failed: Slack answered users_not_found", "sent"]
    assert len(ready.mailer.sent) == 2
    assert ready.chat.announced == []


def test_a_reviewer_who_answers_before_it_is_noted_is_not_disturbed(ready: World) -> None:
    """Somebody decides in the moment between the mail and the note about Slack."""

    class Quick(MemoryChat):
        def tell(self, tenant_id: TenantId, email: str, text: str, link: tuple[str, str]) -> None:
            super().tell(tenant_id, email, text, link)
            if len(self.told) == 2:
                decided(ready, Decision.APPROVED)

    ready.chat = Quick()
    ready.catalog.put_settings(samples.TENANT, TenantConfig.from_wire({"slack": {}}))
    assert request(ready).status is CampaignStatus.AWAITING_APPROVAL
    assert only_approval(ready).status is ApprovalStatus.DECIDED


def test_mails_come_from_the_tenants_sender(ready: World) -> None:
    config = TenantConfig.from_wire({"sender": {"address": "hi@acme.example", "name": "Acme"}})
    ready.catalog.put_settings(samples.TENANT, config)
    request(ready)
    assert {mail.sender for mail in ready.mailer.sent} == {config.sender}


class Interrupted:
    """The request is changed by somebody else while the second mail is on its way, which is then not accepted."""

    def __init__(self, world: World) -> None:
        self.world, self.calls = world, 0

    def send(self, mail: Mail) -> None:
        self.calls += 1
        if self.calls == 2:
            self.world.approvals.amend(only_approval(self.world).model_copy(update={"extended": True}))
            raise ThrottledError("not now")
        self.world.mailer.send(mail)


def test_what_became_of_a_mail_is_noted_though_the_request_changed_meanwhile(ready: World) -> None:
    """The clock is finer than what is stored of a time."""
    request(ready, mailer=Interrupted(ready))
    ada, grace = only_approval(ready).reviewers
    assert (ada.mail, grace.mail, grace.invited_at) == (MailState.SENT, MailState.NOT_ACCEPTED, None)


class Hanging:
    """A mail service that answers nothing, until the client gives up after ten seconds."""

    def __init__(self, now: list[float]) -> None:
        self.now, self.tried = now, 0

    def send(self, _mail: Mail) -> None:
        self.tried += 1
        self.now[0] += 10
        raise DependencyTimeoutError("no answer")


def test_a_mail_service_that_hangs_does_not_take_the_time_of_the_step(world: World) -> None:
    """Of 60 seconds: the last mail begins when there are 15 left for it, and the sweep sends the rest."""
    reviewers = [f"reviewer{n}@example.com" for n in range(10)]
    brief = samples.brief()
    planned(world, brief | {"approval": brief["approval"] | {"reviewers": reviewers}})
    now = [0.0]
    hanging = Hanging(now)
    asked = request(world, mailer=hanging, deadline=Deadline(60.0, lambda: now[0]))
    assert asked.status is CampaignStatus.AWAITING_APPROVAL
    states = [reviewer.mail for reviewer in only_approval(world).reviewers]
    assert states == [MailState.UNKNOWN] * 5 + [None] * 5
    assert hanging.tried == 5
    assert now[0] < 60
