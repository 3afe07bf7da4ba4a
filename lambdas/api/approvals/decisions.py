"""Deciding: once, whoever asks and however often, and the workflow hears of it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from lambdas.api.approvals.links import OpenLink
from lambdas.core.errors import ConcurrentUpdateError, ConflictError, GoneError, InvalidInputError
from lambdas.core.models.approval import (
    Approval,
    ApprovalStatus,
    ClosedBecause,
    Decision,
    MadeDecision,
    PostDecision,
    Vote,
)
from lambdas.core.models.base import iso
from lambdas.core.ports import ApprovalStore, CampaignStore, Cipher, Clock, Engine
from lambdas.core.progression import BUILDING
from lambdas.core.quorum import flagged, tally
from lambdas.core.resuming import send_decision

RESUME_GRACE = timedelta(seconds=2)
"""How long a decision may be on its way from the table to the workflow before a repeat of it sends it again."""


class DecisionPorts(NamedTuple):
    approvals: ApprovalStore
    campaigns: CampaignStore
    engine: Engine
    clock: Clock
    cipher: Cipher


class Choice(NamedTuple):
    """What a reviewer answers."""

    decision: Decision
    comments: str
    content_hash: str | None
    """Of the content that was shown; ``None`` when the reviewer does not say."""
    posts: tuple[PostDecision, ...] = ()


MAX_TRIES = 60
"""Of recording an answer while others record theirs: more than there can be reviewers."""


def decide(link: OpenLink, choice: Choice, ports: DecisionPorts) -> Approval:
    """Record the answer; when the quorum has come to a decision, resume the workflow with it.

    An answer, and the ``PENDING → DECIDED`` that it may bring, is one conditional write, so exactly one of any number
    of decisions gets through. When the process dies between the write and the resuming, the same answer by the same
    reviewer resumes it, and so does ``ops/tend_approvals``.

    Raises ``ConflictError`` with ``details['reason']`` ``decided``, ``voted`` or ``changed``, ``InvalidInputError``
    for an approval that sends posts back, and ``GoneError`` when the request is over or nobody waits for its decision.
    """
    if choice.decision is Decision.APPROVED and flagged([_vote(link, choice, ports)]):
        raise InvalidInputError("decision: posts are marked to go back; choose needs_revision, or unmark them")
    for _ in range(MAX_TRIES):
        link = link._replace(approval=ports.approvals.get(link.key, link.approval.callback_id))
        vote = _vote(link, choice, ports)
        require_not_superseded(link.approval)
        if link.approval.status is ApprovalStatus.DECIDED:
            return _repeated(link, vote, ports)
        require_open(link, ports)
        _require_same_content(link.approval, choice)
        _require_first_answer(link.approval, vote)
        try:
            answered = ports.approvals.amend(_with_vote(link.approval, vote))
        except ConcurrentUpdateError:
            continue
        if answered.decision is None:
            return answered
        return resume(answered, ports)
    raise ConcurrentUpdateError("others are answering as well; try again")


def _vote(link: OpenLink, choice: Choice, ports: DecisionPorts) -> Vote:
    return Vote(
        email=link.reviewer.email,
        decision=choice.decision,
        comments=choice.comments,
        posts=choice.posts,
        at=ports.clock.now(),
    )


def _with_vote(approval: Approval, vote: Vote) -> Approval:
    """The request with one more answer, and with the decision if that makes one."""
    votes = (*approval.votes, vote)
    result = tally(approval, votes)
    changes: dict[str, object] = {"votes": votes}
    if result.next_stage:
        changes |= {"stage": approval.stage + 1, "quorum": approval.next_quorum}
    if result.decision is not None:
        back = flagged(votes) if result.decision is Decision.NEEDS_REVISION else ()
        made = MadeDecision(
            decision=result.decision,
            comments=_comments(votes, vote, result.decision),
            decided_by=vote.email,
            decided_at=vote.at,
            posts=back,
            reason=result.reason,
        )
        changes |= {"status": ApprovalStatus.DECIDED, "decision": made}
    return approval.model_copy(update=changes)


def _comments(votes: tuple[Vote, ...], last: Vote, decision: Decision) -> str:
    """What goes to the writer of a revision is what all of those said who asked for one."""
    if decision is not Decision.NEEDS_REVISION:
        return last.comments
    said = [vote.comments for vote in votes if vote.decision is Decision.NEEDS_REVISION and vote.comments]
    return "\n".join(dict.fromkeys(said))


def _require_same_content(approval: Approval, choice: Choice) -> None:
    if approval.content_hash and choice.content_hash in (None, approval.content_hash):
        return
    changed = "the posts have changed since they were shown; look at them again and then decide"
    raise ConflictError(changed, details={"reason": "changed"})


def _require_first_answer(approval: Approval, vote: Vote) -> None:
    reviewer = next((r for r in approval.reviewers if r.email == vote.email), None)
    if reviewer is None or reviewer.stage != approval.stage or approval.vote_of(vote.email):
        message = "you have answered already; what you said counts, and others are still to answer"
        raise ConflictError(message, details={"reason": "voted"})


def require_not_superseded(approval: Approval) -> None:
    """Raises ``GoneError`` with ``details['reason']``: ``superseded`` or ``revoked``."""
    if approval.closed_because is ClosedBecause.SUPERSEDED:
        raise GoneError(
            "superseded: there is a newer request for approval of this campaign", details={"reason": "superseded"}
        )
    if approval.closed_because is ClosedBecause.REVOKED:
        raise GoneError("this request for approval was taken back", details={"reason": "revoked"})


def is_stuck(approval: Approval, now: datetime) -> bool:
    """Whether a decision was recorded and the workflow never heard of it."""
    made = approval.decision
    return made is not None and approval.resumed_at is None and now - made.decided_at >= RESUME_GRACE


def require_open(link: OpenLink, ports: DecisionPorts) -> None:
    """Raises ``GoneError`` when nothing can be decided through ``link`` any more."""
    if link.approval.status is ApprovalStatus.CLOSED or ports.clock.now() >= link.approval.expires_at:
        raise GoneError("this request for approval is over")
    if ports.campaigns.get(link.key).status not in BUILDING:
        raise GoneError("the campaign no longer waits for an approval")


def _repeated(link: OpenLink, vote: Vote, ports: DecisionPorts) -> Approval:
    """What to say to a decision that came second: resume if it is the first one again and that got stuck."""
    first = link.approval.decision
    if first is None:
        raise GoneError("this request for approval is over")
    same = (first.decision, first.comments, first.decided_by) == (vote.decision, vote.comments, vote.email)
    if same and is_stuck(link.approval, ports.clock.now()):
        return resume(link.approval, ports)
    message = f"this was decided by {decider(link)} at {iso(first.decided_at)}: {first.decision.value}"
    details = {"reason": "decided", "decision": first.decision.value, "decidedAt": iso(first.decided_at)}
    raise ConflictError(message, details=details)


def decider(link: OpenLink) -> str:
    """Who decided, as this reviewer may know it: an address is nobody else's to read."""
    made = link.approval.decision
    if made is None or made.expired:
        return "the campaign's rule for silence"
    if made.decided_by == link.reviewer.email:
        return "you"
    emails = [reviewer.email for reviewer in link.approval.reviewers]
    return f"reviewer {emails.index(made.decided_by) + 1}" if made.decided_by in emails else "another reviewer"


def resume(approval: Approval, ports: DecisionPorts) -> Approval:
    """Tell the workflow what was decided. Raises ``GoneError`` when it does not wait for it."""
    try:
        send_decision(approval, ports.engine, ports.cipher)
    except GoneError:
        if ports.approvals.get(approval.key, approval.callback_id).resumed_at is None:
            raise GoneError("the campaign no longer waits for an approval") from None
    else:
        ports.approvals.mark_resumed(approval.key, approval.callback_id, ports.clock.now())
    return ports.approvals.get(approval.key, approval.callback_id)
