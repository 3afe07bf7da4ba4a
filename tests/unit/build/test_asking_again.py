"""Whatever comes in place of a task that asked goes on with the same request, and mails nobody twice."""

from datetime import timedelta

import pytest

from lambdas.domain.errors import MailRefusedError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause, MailState, Vote
from lambdas.domain.models.campaign import CampaignStatus, Quorum
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.post import Post, PostContent, PostStatus
from lambdas.domain.models.workflow import Decision
from lambdas.ports.paging import every
from tests.support import samples
from tests.support.asked import FIRST, SECOND, Asked, decided, only_approval, ready_to_ask, request
from tests.support.faults import Crash, Fault, FaultPlan
from tests.support.world import World


@pytest.fixture
def ready(world: World) -> World:
    return ready_to_ask(world)


def test_a_retry_goes_on_with_the_same_request_and_mails_nobody_twice(ready: World) -> None:
    """The sender died with the first mail out: the first reviewer is not mailed again, the second is."""
    with pytest.raises(Crash):
        request(ready, mail_faults=FaultPlan({0: Fault.CRASH_AFTER}))
    asked = only_approval(ready)
    ready.clock.advance(timedelta(seconds=1))
    assert request(ready, SECOND, retry=1).status is CampaignStatus.AWAITING_APPROVAL
    renewed = only_approval(ready)
    assert (renewed.callback_id, renewed.status, renewed.task_token) == (asked.callback_id, asked.status, SECOND)
    assert (renewed.created_at, renewed.expires_at) == (asked.created_at, asked.expires_at)
    assert [mail.to for mail in ready.mailer.sent] == ["ada@example.com", "grace@example.com"]
    assert [reviewer.mail for reviewer in renewed.reviewers] == [MailState.CLAIMED, MailState.SENT]


@pytest.mark.parametrize("crash", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("number", [0, 1])
def test_whoever_dies_over_a_mail_leaves_it_noted_and_never_a_second_one(
    ready: World, number: int, crash: Fault
) -> None:
    with pytest.raises(Crash):
        request(ready, mail_faults=FaultPlan({number: crash}))
    request(ready, SECOND, retry=1)
    mailed = [mail.to for mail in ready.mailer.sent]
    assert len(mailed) == len(set(mailed)) >= 1
    assert only_approval(ready).reviewers[number].mail is MailState.CLAIMED


@pytest.mark.parametrize(
    ("fault", "state"), [(Fault.THROTTLED, MailState.NOT_ACCEPTED), (Fault.ANSWER_LOST, MailState.UNKNOWN)]
)
def test_what_the_mail_service_fails_with_is_an_outcome_and_the_others_are_asked(
    ready: World, fault: Fault, state: MailState
) -> None:
    assert request(ready, mail_faults=FaultPlan({0: fault})).status is CampaignStatus.AWAITING_APPROVAL
    ada, grace = only_approval(ready).reviewers
    assert (ada.mail, grace.mail) == (state, MailState.SENT)
    # Only what was refused is to be sent again.
    assert ada.to_mail() == ("approval" if fault is Fault.THROTTLED else None)


def test_another_execution_goes_on_with_the_request_that_was_closed_meanwhile(ready: World) -> None:
    """What a retry by hand does: it closes the open question, and the content is the same. Answers stay."""
    request(ready)
    asked = only_approval(ready)
    voted = Vote(email="ada@example.com", decision=Decision.APPROVED, at=ready.clock.now())
    ready.approvals.amend(asked.model_copy(update={"votes": (voted,), "quorum": Quorum.ALL}))
    ready.approvals.close(samples.KEY, asked.callback_id)
    back = CampaignStatus.GENERATING
    ready.campaigns.update(samples.KEY, expected=tuple(CampaignStatus), status=back, at=ready.clock.now())
    ready.clock.advance(timedelta(hours=3))
    request(ready, SECOND)
    renewed = only_approval(ready)
    assert (renewed.status, renewed.closed_because) == (ApprovalStatus.PENDING, None)
    assert [(vote.email, vote.decision) for vote in renewed.votes] == [("ada@example.com", Decision.APPROVED)]
    assert renewed.expires_at == asked.expires_at + timedelta(hours=3)
    assert [mail.to for mail in ready.mailer.sent[2:]] == ["grace@example.com"]


class Refusing:
    def send(self, _mail: Mail) -> None:
        raise MailRefusedError("MessageRejected: the sender is not verified")


def failed_and_retried(world: World) -> None:
    """RecordFailure closes what is open; a person retries, and the next execution comes to RequestApproval."""
    world.campaigns.update(
        samples.KEY, expected=tuple(CampaignStatus), status=CampaignStatus.FAILED, at=world.clock.now()
    )
    for approval in world.approvals.all(samples.KEY):
        world.approvals.close(samples.KEY, approval.callback_id)
    world.campaigns.update(
        samples.KEY, expected=[CampaignStatus.FAILED], status=CampaignStatus.GENERATING, at=world.clock.now()
    )


@pytest.mark.parametrize("policy", ["approve", "reject"])
def test_a_retry_after_the_deadline_asks_again_before_silence_counts(world: World, policy: str) -> None:
    asked = Asked(world, onTimeout=policy, timeoutHours=48, remindAfterHours=[24])
    before = len(world.mailer.sent)
    world.clock.advance(timedelta(hours=30))
    asked.tend(everything=False)
    failed_and_retried(world)
    world.clock.advance(timedelta(hours=42))
    request(world, SECOND)
    world.clock.advance(timedelta(minutes=1))
    asked.tend(everything=False)
    assert asked.approval.decision is None
    assert len(world.mailer.sent) == before + 4  # two reminders, and two invitations
    world.clock.advance(timedelta(hours=24))
    asked.tend(everything=False)
    assert len(world.mailer.sent) == before + 6
    world.clock.advance(timedelta(hours=24))
    asked.tend(everything=False)
    assert asked.approval.decision
    assert asked.approval.decision.expired


def test_a_lost_execution_s_request_keeps_its_links_and_its_deadline(world: World) -> None:
    """The sweep found that nobody waits, and closed it; the reconciler put another execution in its place."""
    asked = Asked(world, timeoutHours=48, remindAfterHours=[])
    before = asked.approval
    world.approvals.close(samples.KEY, before.callback_id)
    world.clock.advance(timedelta(hours=3))
    request(world, SECOND)
    assert (asked.approval.status, asked.approval.expires_at) == (ApprovalStatus.PENDING, before.expires_at)
    assert asked.approval.reviewers == before.reviewers


def test_who_was_asked_for_lack_of_an_answer_is_not_asked_first_after_a_retry(world: World) -> None:
    boss = "boss@example.com"
    asked = Asked(world, onTimeout="escalate", escalateTo=[boss], quorum="all", timeoutHours=48, remindAfterHours=[])
    world.clock.advance(timedelta(hours=48))
    asked.tend(everything=False)
    asked.tend(everything=False)
    theirs = asked.open(asked.links()[boss]).reviewer
    failed_and_retried(world)
    request(world, SECOND)
    assert (boss in [r.email for r in asked.approval.reviewers], asked.approval.quorum) == (False, Quorum.ALL)
    assert theirs.nonce_hash in asked.approval.revoked_hashes
    for _ in range(2):
        world.clock.advance(timedelta(hours=48))
        asked.tend(everything=False)
    assert [r.email for r in asked.approval.reviewers][-1] == boss


def test_a_retry_mails_whom_the_mail_service_had_refused(ready: World) -> None:
    """The typical first deployment: the sender is not verified yet."""
    with pytest.raises(MailRefusedError, match="none of the reviewers"):
        request(ready, mailer=Refusing())
    failed_and_retried(ready)
    request(ready, SECOND)
    assert [mail.to for mail in ready.mailer.sent] == ["ada@example.com", "grace@example.com"]
    assert [reviewer.unreachable for reviewer in only_approval(ready).reviewers] == [None, None]


def test_what_was_refused_is_tried_by_the_next_attempt_too(ready: World) -> None:
    for retry, token in enumerate((FIRST, SECOND)):
        with pytest.raises(MailRefusedError):
            request(ready, token, retry=retry, mailer=Refusing())
    request(ready, TaskToken("task-token-of-the-third-attempt"), retry=2)
    assert len(ready.mailer.sent) == 2


def test_what_was_written_anew_is_asked_about_anew(ready: World) -> None:
    request(ready)
    asked = only_approval(ready)
    ready.posts.finish(samples.KEY, 0, [written(ready)])
    request(ready, SECOND)
    old, new = sorted(ready.approvals.all(samples.KEY), key=lambda approval: approval.callback_id != asked.callback_id)
    assert (old.closed_because, new.status) == (ClosedBecause.SUPERSEDED, ApprovalStatus.PENDING)
    assert len(ready.mailer.sent) == 4


def test_a_late_delivery_for_which_nobody_waits_asks_nobody(ready: World) -> None:
    assert request(ready, waiting=False).status is CampaignStatus.GENERATING
    assert ready.approvals.all(samples.KEY) == []
    assert ready.mailer.sent == []


def test_two_attempts_at_once_make_one_request(ready: World) -> None:
    """The second comes by between the first one's look at what was asked and its own request."""
    create = ready.approvals.create

    def slow(approval: Approval) -> bool:
        ready.approvals.create = create  # type: ignore[method-assign]  # only the first call is overtaken
        request(ready, SECOND, retry=1)
        return create(approval)

    ready.approvals.create = slow  # type: ignore[method-assign]  # see above
    request(ready)
    assert only_approval(ready).task_token == SECOND
    assert len(ready.mailer.sent) == 2


def test_a_missed_heartbeat_renews_the_task_and_people_are_told_once(ready: World) -> None:
    request(ready)
    asked = only_approval(ready)
    ready.clock.advance(timedelta(hours=24))
    request(ready, SECOND, retry=1)
    renewed = only_approval(ready)
    assert (renewed.callback_id, renewed.task_token) == (asked.callback_id, SECOND)
    assert len(ready.mailer.sent) == 2
    (alert,) = ready.alerts.sent
    assert alert.failure.code == "APPROVALS_NOT_TENDED"
    assert "@" not in alert.model_dump_json()


@pytest.mark.parametrize(
    ("decision", "expired", "told"),
    [
        (Decision.APPROVED, False, "approved"),
        (Decision.NEEDS_REVISION, False, "needs_revision"),
        (Decision.REJECTED, False, "rejected"),
        (Decision.REJECTED, True, "expired"),
    ],
)
def test_a_decision_already_made_is_handed_to_the_next_execution(
    ready: World, decision: Decision, expired: bool, told: str
) -> None:
    request(ready)
    asked = decided(ready, decision, expired=expired)
    mails = len(ready.mailer.sent)
    ready.engine.wait_for(SECOND)
    assert request(ready, SECOND).status is CampaignStatus.AWAITING_APPROVAL
    assert ready.engine.resumed == [(SECOND, {"callbackId": asked.callback_id, "decision": told})]
    assert len(ready.mailer.sent) == mails
    assert [approval.callback_id for approval in ready.approvals.all(samples.KEY)] == [asked.callback_id]


def test_a_decision_about_other_content_is_asked_for_again(ready: World) -> None:
    request(ready)
    asked = decided(ready, Decision.APPROVED)
    ready.posts.finish(samples.KEY, 0, [written(ready)])
    ready.engine.wait_for(SECOND)
    request(ready, SECOND)
    assert ready.engine.resumed == []
    assert ready.approvals.all(samples.KEY)[-1].callback_id != asked.callback_id


def written(world: World) -> Post:
    post = next(every(world.posts, samples.KEY))
    return post.model_copy(
        update={
            "status": PostStatus.COMPLETED,
            "content": PostContent(text="Another text.", generated_at=post.scheduled_at),
        }
    )
