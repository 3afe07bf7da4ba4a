"""Whoever runs a campaign is mailed what becomes of it, once."""

from datetime import timedelta
from typing import Any

import pytest

from lambdas.domain.errors import MailRefusedError, NotFoundError, ThrottledError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.active import active
from lambdas.domain.models.approval import MailState, PostDecision, PostVerdict
from lambdas.domain.models.campaign import CampaignStatus, Failure
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.tenant import TenantConfig
from lambdas.domain.models.workflow import Decision
from lambdas.ops.mending import Finding, look_after
from lambdas.services.decisions import Choice, decide
from lambdas.services.ending import cancel
from tests.support import samples
from tests.support.asked import REVIEWERS, Asked
from tests.support.faults import replaced
from tests.support.world import World

ADA, GRACE, JOAN = REVIEWERS
MANAGER = "manager@acme.example"
MINUTE = timedelta(minutes=1)


def news(world: World) -> list[Mail]:
    return [mail for mail in world.mailer.sent if mail.tags["kind"] in ("decided", "failed")]


def answer(asked: Asked, decision: Decision, comments: str = "", posts: tuple[PostDecision, ...] = ()) -> None:
    link = asked.open(asked.links()[ADA])
    decide(link, Choice(decision, comments, link.approval.content_hash, posts), asked.world)


def minutes(asked: Asked, number: int = 3) -> None:
    for _ in range(number):
        asked.world.clock.advance(MINUTE)
        asked.tend(everything=False)
        assert asked.failed == []


@pytest.mark.parametrize("decision", list(Decision))
def test_each_decision_is_told_once_with_who_decided_and_what_was_said(world: World, decision: Decision) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS))
    posts = (PostDecision(post_id=post_id_for(samples.CAMPAIGN_ID, 2), verdict=PostVerdict.CHANGE, comment="Shorter."),)
    answer(asked, decision, "Mind the <tone>", posts if decision is Decision.NEEDS_REVISION else ())
    minutes(asked)
    (mail,) = news(world)
    assert mail.to == MANAGER
    said = {"approved": "was approved", "rejected": "was rejected", "needs_revision": "goes back for revision"}
    assert said[decision] in mail.subject
    assert f"Decided by {ADA}" in mail.text
    assert f"{ADA}: Mind the <tone>" in mail.text
    assert "Mind the &lt;tone&gt;" in mail.html
    assert (f"{ADA}, post 3: Shorter." in mail.text) is (decision is Decision.NEEDS_REVISION)
    assert "/approve/" not in mail.text
    assert "@" not in "".join(mail.tags.values())
    (noted,) = world.news.all(samples.KEY)
    assert (noted.to, noted.mail) == (MANAGER, MailState.SENT)


@pytest.mark.parametrize(("policy", "said"), [("reject", "has expired"), ("approve", "was approved")])
def test_silence_is_told_as_what_it_means(world: World, policy: str, said: str) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS), onTimeout=policy, timeoutHours=1, remindAfterHours=[])
    world.clock.set(asked.approval.expires_at)
    minutes(asked)
    (mail,) = news(world)
    assert said in mail.subject
    assert "Nobody decided in time" in mail.text


def test_the_brief_says_who_is_told_before_the_tenant_does(world: World) -> None:
    world.catalog.put_settings(samples.TENANT, TenantConfig(notify=("team@acme.example",)))
    asked = Asked(world, reviewers=list(REVIEWERS), notify=["one@acme.example", "two@acme.example"])
    answer(asked, Decision.APPROVED)
    minutes(asked)
    assert [mail.to for mail in news(world)] == ["one@acme.example", "two@acme.example"]


def test_it_is_told_in_the_campaigns_language(world: World) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS))
    campaign = world.campaigns.get(samples.KEY)
    brief = campaign.brief.model_copy(update={"language": "de-AT"})
    answer(asked, Decision.APPROVED)
    in_german = replaced(world, campaigns=_Changed(world.campaigns, brief=brief))
    world.clock.advance(MINUTE)
    asked.tend(in_german)
    (mail,) = news(world)
    assert mail.subject == "Die Kampagne „Spring launch“ wurde freigegeben"
    assert f"Entschieden von {ADA}" in mail.text


class _Changed:
    def __init__(self, campaigns: Any, **changes: Any) -> None:
        self._campaigns, self._changes = campaigns, changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._campaigns, name)

    def get(self, key: Any) -> Any:
        return self._campaigns.get(key).model_copy(update=self._changes)


class Mailer:
    """Fails with each of ``errors`` in turn, and then sends."""

    def __init__(self, world: World, *errors: Exception) -> None:
        self._world, self.errors, self.tried = world, list(errors), 0

    def send(self, mail: Mail) -> None:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)
        self._world.mailer.send(mail)


def test_a_mail_that_was_not_accepted_is_tried_again(world: World) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS))
    answer(asked, Decision.APPROVED)
    mailer = Mailer(world, ThrottledError("later"), ThrottledError("later"))
    for _ in range(5):
        world.clock.advance(MINUTE)
        asked.tend(replaced(world, mailer=mailer), everything=False)
    assert mailer.tried == 3
    assert len(news(world)) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [(MailRefusedError("no such address"), MailState.REFUSED), (TimeoutError(), MailState.UNKNOWN)],
)
def test_whatever_may_have_gone_out_or_never_will_is_not_sent_again(
    world: World, error: Exception, state: MailState
) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS))
    answer(asked, Decision.APPROVED)
    mailer = Mailer(world, error)
    for _ in range(3):
        world.clock.advance(MINUTE)
        asked.tend(replaced(world, mailer=mailer))
    assert mailer.tried == 1
    (noted,) = world.news.all(samples.KEY)
    assert noted.mail is state


def test_who_dies_over_it_leaves_a_claim_that_nobody_takes_up(world: World) -> None:
    class Dies(BaseException):
        pass

    class Killed(Mailer):
        def send(self, mail: Mail) -> None:
            self.tried += 1
            raise Dies

    asked = Asked(world, reviewers=list(REVIEWERS))
    answer(asked, Decision.APPROVED)
    mailer = Killed(world)
    world.clock.advance(MINUTE)
    with pytest.raises(Dies):
        asked.tend(replaced(world, mailer=mailer))
    minutes(asked)
    assert (mailer.tried, news(world)) == (1, [])
    assert [noted.mail for noted in world.news.all(samples.KEY)] == [MailState.CLAIMED]


def test_a_campaign_that_is_gone_is_nobodys_news(world: World) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS))
    answer(asked, Decision.APPROVED)
    world.clock.advance(MINUTE)
    asked.tend(replaced(world, campaigns=_Gone()))
    assert news(world) == []
    assert asked.failed == []


def test_of_a_campaign_that_was_cancelled_since_nobody_hears_that_it_is_approved(world: World) -> None:
    asked = Asked(world, reviewers=list(REVIEWERS))
    answer(asked, Decision.APPROVED)
    cancel(samples.KEY, "ada", world)
    minutes(asked)
    assert news(world) == []


class _Gone:
    def get(self, key: Any) -> Any:
        raise NotFoundError("deleted")


class TestFailure:
    def failed(self, world: World, message: str = "the planner's answer is not a plan") -> None:
        failure = Failure(
            code="INVALID_PLAN",
            message=message,
            at=world.clock.now(),
            retryable=False,
            step="PlanPosts",
            next_step="POST /campaigns/x/retry",
        )
        key, at = samples.KEY, world.clock.now()
        world.campaigns.update(key, expected=tuple(CampaignStatus), status=CampaignStatus.FAILED, error=failure, at=at)

    def look(self, world: World, times: int = 3, **ports: Any) -> list[Finding]:
        found = []
        for _ in range(times):
            entry = world.active.get(samples.KEY) or active(samples.KEY)
            found.append(look_after(entry, replaced(world, **ports), suspect=True))
            world.clock.advance(MINUTE)
        return found

    def test_each_failure_is_told_once_with_its_reason_and_what_to_do(self, world: World) -> None:
        world.queue()
        self.failed(world)
        self.look(world)
        (mail,) = news(world)
        assert (mail.to, mail.subject) == (MANAGER, 'The campaign "Spring launch" failed')
        assert "the planner's answer is not a plan" in mail.text
        assert "What you can do: POST /campaigns/x/retry" in mail.text
        self.failed(world, "the model is away")
        self.look(world)
        assert [("the model is away" in mail.text) for mail in news(world)] == [False, True]

    def test_one_that_was_not_accepted_brings_the_reconciler_back(self, world: World) -> None:
        world.queue()
        self.failed(world)
        mailer = Mailer(world, ThrottledError("later"))
        self.look(world, 1, mailer=mailer)
        assert world.active.get(samples.KEY) is not None
        self.look(world, 2, mailer=mailer)
        assert world.active.get(samples.KEY) is None
        assert (mailer.tried, len(news(world))) == (2, 1)

    def test_of_what_ended_otherwise_nothing_is_said_here(self, world: World) -> None:
        world.queue(status=CampaignStatus.REJECTED)
        self.look(world)
        assert news(world) == []
