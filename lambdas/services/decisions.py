"""Recording reviewers' answers and decisions, once each, and passing the decision to the workflow."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from lambdas.domain.approval import RESUME_GRACE as TELL_GRACE
from lambdas.domain.approval import Tally, asked_anew, flagged, tally, with_hashes
from lambdas.domain.errors import (
    ConcurrentUpdateError,
    ConflictError,
    FieldError,
    GoneError,
    InvalidInputError,
    PayloadTooLargeError,
)
from lambdas.domain.ids import PostId, post_id_for
from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause, MadeDecision, PostDecision, Vote
from lambdas.domain.models.base import iso
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.workflow import Decision
from lambdas.domain.record_size import fits, joined, record_bytes
from lambdas.ports.bundle import Ports
from lambdas.ports.paging import every
from lambdas.services.approval_links import OpenLink
from lambdas.services.lifecycle import BUILDING
from lambdas.services.open_requests import is_awaited, send_decision

RESUME_GRACE = timedelta(seconds=2)
"""How long it may take for a stored decision to reach the workflow. After that a repeated decision sends it again."""


class Choice(NamedTuple):
    """What a reviewer answers."""

    decision: Decision
    comments: str
    content_hash: str | None
    """Hash of the posts that were shown; ``None`` if the reviewer's request does not contain it."""
    posts: tuple[PostDecision, ...] = ()
    unopened: int = 0
    """Posts that were never on their screen."""


MAX_TRIES = 60
"""Attempts to record an answer while other reviewers record theirs: more than there can be reviewers."""
MAX_ANSWER_BYTES = 1_048_576
"""Maximum size of one reviewer's comments: about a hundred of the longest, or a short one on each of 10,000 posts."""
MAX_POSTS_BYTES = 100_000
"""Maximum size of the list of posts to revise on the request's own record; a longer list stays with the votes."""
MAX_JOINED_COMMENTS = 20_000
"""Maximum number of characters of all reviewers' comments together, as given to the writer of a revision."""


def decide(link: OpenLink, choice: Choice, ports: Ports) -> Approval:
    """Record the answer; if the quorum has reached a decision, resume the workflow with it.

    The answer, and the change ``PENDING → DECIDED`` that it may cause, are one conditional write, so exactly one of
    several concurrent decisions succeeds. Comments are stored before it, in separate items. If the process dies between
    the write and resuming the workflow, the same answer by the same reviewer resumes it, and so does
    ``ops/sweep_approvals``. ``link`` has just been opened, so its request is not read again before the first attempt.

    Raises ``ConflictError`` with ``details['reason']`` ``decided``, ``voted`` or ``changed``, ``InvalidInputError`` for
    an approval that sends posts back, ``PayloadTooLargeError``, and ``GoneError`` if the request is over or no task
    waits for its decision.
    """
    vote = _vote(link, choice, ports)
    _require_known_posts(vote, link.approval)
    _require_no_contradiction(vote)
    _require_room(vote)
    kept: Vote | None = None
    try:
        for tried in range(MAX_TRIES):
            link = _as_it_stands(link, ports, read=tried > 0)
            require_not_superseded(link.approval)
            if link.approval.status is ApprovalStatus.DECIDED:
                return _repeated(link, vote, ports)
            require_open(link, ports.campaigns.get(link.key), ports.clock.now())
            _require_same_content(link.approval, choice)
            _require_first_answer(link.approval, vote)
            kept = kept or ports.approvals.keep_words(link.approval, vote)
            try:
                answered = _record(link.approval, vote, kept, ports)
            except ConcurrentUpdateError:
                continue
            return answered if answered.decision is None else resume(answered, ports)
        raise ConcurrentUpdateError("others are answering as well; try again")
    except (ConflictError, ConcurrentUpdateError, GoneError):
        if kept and kept.words:
            counted = ports.approvals.get(link.key, link.approval.callback_id).votes
            if kept.words not in {vote.words for vote in counted}:
                ports.approvals.forget_words(link.approval, kept)
        raise


def _as_it_stands(link: OpenLink, ports: Ports, *, read: bool) -> OpenLink:
    """The request, with the content hash that each vote was given for; if the record lacks it, it is computed from the
    posts."""
    approval = ports.approvals.get(link.key, link.approval.callback_id) if read else link.approval
    hashed = with_hashes(approval, every(ports.posts, link.key))
    if approval.status is ApprovalStatus.PENDING and hashed != approval:
        approval = asked_anew(hashed, ports.campaigns.get(link.key).brief.approval)
    return link._replace(approval=approval)


def _vote(link: OpenLink, choice: Choice, ports: Ports) -> Vote:
    return Vote(
        email=link.reviewer.email,
        decision=choice.decision,
        comments=choice.comments,
        posts=choice.posts,
        unopened=choice.unopened,
        at=ports.clock.now(),
    )


def _require_known_posts(vote: Vote, approval: Approval) -> None:
    """Check that each post with a verdict belongs to this campaign and is named once."""
    total = approval.summary.total_posts if vote.posts else 0
    known = {post_id_for(approval.campaign_id, index) for index in range(total)}
    seen: set[PostId] = set()
    wrong: list[FieldError] = []
    for number, post in enumerate(vote.posts):
        if post.post_id in seen or post.post_id not in known:
            message = "the post is named twice" if post.post_id in seen else "the campaign has no such post"
            wrong.append(FieldError(f"posts[{number}].postId", message))
        seen.add(post.post_id)
    if wrong:
        raise InvalidInputError(f"{wrong[0].field}: {wrong[0].message}", errors=wrong)


def _require_no_contradiction(vote: Vote) -> None:
    if vote.decision is Decision.APPROVED and flagged([vote]):
        message = "posts are marked to go back; choose needs_revision, or unmark them"
        raise InvalidInputError(f"decision: {message}", errors=[FieldError("decision", message)])


def _require_room(vote: Vote) -> None:
    if _bytes(vote.posts) > MAX_ANSWER_BYTES:
        message = f"what is said about the posts is over {MAX_ANSWER_BYTES} bytes; shorten the comments"
        raise PayloadTooLargeError(message, errors=[FieldError("posts", message)])


def _bytes(posts: Sequence[PostDecision]) -> int:
    return sum(record_bytes(post.to_wire()) for post in posts)


def _record(approval: Approval, vote: Vote, kept: Vote, ports: Ports) -> Approval:
    """The request with one more answer, and with the decision if this answer completes one. ``kept`` is the vote as it
    is stored.

    Raises ``ConcurrentUpdateError``.
    """
    kept = kept.model_copy(update={"content_hash": approval.content_hash})
    replaced = approval.vote_of(vote.email)
    votes = (*(earlier for earlier in approval.votes if earlier != replaced), kept)
    result = tally(approval, votes)
    changes: dict[str, object] = {"votes": votes}
    due_at: datetime | None = vote.at if any(r.to_mail() for r in approval.silent()) else None
    if result.next_stage:
        changes |= {"stage": approval.stage + 1, "quorum": approval.next_quorum}
        due_at = vote.at
    if result.decision is not None:
        earlier = ports.approvals.votes(approval) if result.decision is Decision.NEEDS_REVISION else ()
        made = _made(result, (*earlier, vote), vote, whole=approval.layout == 0)
        changes |= {"status": ApprovalStatus.DECIDED, "decision": made}
        due_at = vote.at + TELL_GRACE
    answered = approval.model_copy(update=changes)
    if approval.layout == 0 and not fits(answered.to_record()):
        # An execution of an older version reads all comments from this one record.
        message = "together with what others said this is more than is kept; shorten the comments"
        raise PayloadTooLargeError(message, errors=[FieldError("posts", message)])
    amended = ports.approvals.amend(answered, due_at=due_at)
    if replaced:
        ports.approvals.forget_words(approval, replaced)
    return amended


def _made(result: Tally, votes: tuple[Vote, ...], last: Vote, *, whole: bool) -> MadeDecision:
    """``whole``: with all posts to revise, however large the list; otherwise a list that is too large stays with the
    votes."""
    decision = result.decision or last.decision
    back = flagged(votes) if decision is Decision.NEEDS_REVISION else ()
    on_record = whole or _bytes(back) <= MAX_POSTS_BYTES
    return MadeDecision(
        decision=decision,
        comments=_comments(votes, last, decision),
        decided_by=last.email,
        decided_at=last.at,
        posts=back if on_record else (),
        posts_in_votes=0 if on_record else len(back),
        reason=result.reason,
    )


def _comments(votes: tuple[Vote, ...], last: Vote, decision: Decision) -> str:
    """The writer of a revision gets the comments of all reviewers who asked for a revision."""
    if decision is not Decision.NEEDS_REVISION:
        return last.comments
    return joined((v.comments for v in votes if v.decision is Decision.NEEDS_REVISION), MAX_JOINED_COMMENTS)


def _require_same_content(approval: Approval, choice: Choice) -> None:
    if approval.content_hash and choice.content_hash in (None, approval.content_hash):
        return
    changed = "the posts have changed since they were shown; look at them again and then decide"
    raise ConflictError(changed, details={"reason": "changed"})


def _require_first_answer(approval: Approval, vote: Vote) -> None:
    reviewer = next((r for r in approval.reviewers if r.email == vote.email), None)
    if reviewer is None or reviewer.stage != approval.stage or approval.has_answered(vote.email):
        message = "you have answered already; what you said counts, and others are still to answer"
        raise ConflictError(message, details={"reason": "voted"})


def require_not_superseded(approval: Approval) -> None:
    """Raises ``GoneError`` with ``details['reason']``: ``superseded``, ``revoked`` or ``cancelled``."""
    if approval.closed_because is ClosedBecause.SUPERSEDED:
        raise GoneError(
            "superseded: there is a newer request for approval of this campaign", details={"reason": "superseded"}
        )
    if approval.closed_because is ClosedBecause.REVOKED:
        raise GoneError("this request for approval was taken back", details={"reason": "revoked"})
    if approval.closed_because is ClosedBecause.CANCELLED:
        raise GoneError("the campaign was cancelled", details={"reason": "cancelled"})


def is_stuck(approval: Approval, now: datetime) -> bool:
    """Whether a decision was recorded and never reached the workflow."""
    made = approval.decision
    return made is not None and approval.resumed_at is None and now - made.decided_at >= RESUME_GRACE


def require_open(link: OpenLink, campaign: Campaign, now: datetime) -> None:
    """Raises ``GoneError`` if nothing can be decided through ``link`` any more."""
    if link.approval.status is ApprovalStatus.CLOSED or now >= link.approval.expires_at:
        raise GoneError("this request for approval is over")
    if campaign.status not in BUILDING:
        raise GoneError("the campaign no longer waits for an approval")


def _repeated(link: OpenLink, vote: Vote, ports: Ports) -> Approval:
    """The reaction to a second decision: if it repeats the first one and that never reached the workflow, resume the
    workflow."""
    first = link.approval.decision
    if first is None:
        raise GoneError("this request for approval is over")
    if _is_said_again(link, first, vote, ports) and is_stuck(link.approval, ports.clock.now()):
        return resume(link.approval, ports)
    message = f"this was decided by {decider(link)} at {iso(first.decided_at)}: {first.decision.value}"
    details = {"reason": "decided", "decision": first.decision.value, "decidedAt": iso(first.decided_at)}
    raise ConflictError(message, details=details)


def _is_said_again(link: OpenLink, first: MadeDecision, vote: Vote, ports: Ports) -> bool:
    """Whether the reviewer whose answer settled the request sends it again: the same answer, or the decision as the
    page shows it, with the comments of all who answered."""
    if first.decided_by != vote.email:
        return False
    own = [(said.decision, said.comments) for said in ports.approvals.votes(link.approval) if said.email == vote.email]
    return (vote.decision, vote.comments) in [*own, (first.decision, first.comments)]


def decider(link: OpenLink) -> str:
    """Who decided, as far as this reviewer may know: other reviewers' addresses are not shown."""
    made = link.approval.decision
    if made is None or made.expired:
        return "the campaign's rule for silence"
    if made.decided_by == link.reviewer.email:
        return "you"
    emails = [reviewer.email for reviewer in link.approval.reviewers]
    return f"reviewer {emails.index(made.decided_by) + 1}" if made.decided_by in emails else "another reviewer"


def resume(approval: Approval, ports: Ports) -> Approval:
    """Pass the decision to the workflow.

    Where the execution that asked was lost, the decision stays on record for the next one, which gets it from
    ``request_approval`` or the sweep. Raises ``GoneError`` if the campaign does not wait for it any more.
    """
    try:
        send_decision(approval, ports.engine, ports.cipher)
    except GoneError:
        told = ports.approvals.get(approval.key, approval.callback_id)
        if told.resumed_at is None and not is_awaited(told, ports.campaigns):
            raise GoneError("the campaign no longer waits for an approval") from None
        return told
    return ports.approvals.mark_resumed(approval.key, approval.callback_id, ports.clock.now())
