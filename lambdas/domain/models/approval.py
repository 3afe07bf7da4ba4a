"""Approval: what a reviewer is asked, and what they answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from lambdas.domain.ids import CallbackIdField, CampaignIdField, CampaignKey, PostIdField, TaskToken, TenantIdField
from lambdas.domain.models.base import Email, Model, Moment
from lambdas.domain.models.campaign import Quorum
from lambdas.domain.models.workflow import Decision
from lambdas.domain.platforms import Platform


class ApprovalStatus(StrEnum):
    PENDING = "PENDING"
    DECIDED = "DECIDED"
    CLOSED = "CLOSED"  # the workflow went on without a decision


class PostVerdict(StrEnum):
    APPROVE = "approve"
    CHANGE = "change"  # written again, following the comment
    REJECT = "reject"  # thrown away, and another text written in its place


MAX_COMMENTS = 5_000
"""Characters of what is said about the campaign."""
MAX_COMMENT = 2_000
"""Characters of what is said about one post, by one reviewer and by all of them together."""
Comment = Annotated[str, StringConstraints(max_length=MAX_COMMENT)]


class PostDecision(Model):
    """What a reviewer says about one post. A change needs a comment that says what to change."""

    post_id: PostIdField
    verdict: PostVerdict
    comment: Comment = ""

    @model_validator(mode="after")
    def _says_what_to_change(self) -> Self:
        if self.verdict is PostVerdict.CHANGE and not self.comment:
            raise ValueError("a change needs a comment that says what to change")
        return self


class ClosedBecause(StrEnum):
    ENDED = "ended"  # the workflow went on without a decision
    SUPERSEDED = "superseded"  # a newer request asks about a newer version
    REVOKED = "revoked"  # a manager took the request's links back


class DecisionInput(Model):
    """Body of ``POST /campaigns/{id}/approve``; the page's form carries the same."""

    decision: Decision
    comments: Annotated[str, StringConstraints(max_length=MAX_COMMENTS)] = ""
    callback_id: CallbackIdField
    content_hash: str | None = None
    posts: Annotated[tuple[PostDecision, ...], Field(max_length=10_000)] = ()
    """Posts not named are approved, unless nothing is named and the decision is ``needs_revision``: then all change."""


class CampaignSummary(Model):
    """What is put before the reviewer."""

    name: str
    total_posts: int
    completed_posts: int
    failed_posts: int
    platforms: tuple[Platform, ...]
    personas: tuple[str, ...]


class MadeDecision(Model):
    """A decision as recorded: what the quorum came to, and whose answer settled it."""

    decision: Decision
    comments: str
    decided_by: str
    decided_at: Moment
    posts: tuple[PostDecision, ...] = ()
    """The posts that go back, with every reviewer's comment on them; empty where they are too large for the record."""
    posts_in_votes: Annotated[int, Field(ge=0)] = 0
    """How many posts go back, where ``posts`` could not hold them: ``sent_back`` reads them from the votes."""
    reason: str | None = None
    """Where it is not simply what that reviewer said: no revisions left, nobody answered in time."""
    expired: bool = False
    """Nobody decided in time, and the campaign's policy did."""


class Vote(Model):
    """One reviewer's answer.

    What was said lies in items of its own (``ApprovalStore.keep_words``), because twenty reviewers with a comment on
    each post say more than an item of the table holds. Records of before have it here.
    """

    email: Email
    decision: Decision
    comments: str = ""
    posts: tuple[PostDecision, ...] = ()
    at: Moment
    words: str | None = None
    """Under which the comments and posts are kept; ``None``: all that was said is here."""
    content_hash: str | None = None
    """Of the posts it was given for; ``None``: given to a version that did not note it, or noted by none yet; empty:
    for posts that were edited since, it is not known which."""


Owed = Literal["approval", "reminder"]
"""The mail that is to be sent to a reviewer, by its kind (``domain/models/mail.py``)."""


class MailState(StrEnum):
    """What became of the newest mail to a reviewer. It is noted before the mail is sent, so that none is sent twice."""

    CLAIMED = "claimed"  # somebody is sending it
    SENT = "sent"  # the mail service accepted it
    REFUSED = "refused"  # for good; ``unreachable`` says why
    NOT_ACCEPTED = "not accepted"  # the mail service had too much to do: it is tried again
    UNKNOWN = "unknown"  # whoever sent it died, or no answer came: it may have gone out, so it is not sent again


class Reviewer(Model):
    """One reviewer and the hash of the nonce of their link."""

    email: Email
    nonce_hash: str
    earlier_hashes: tuple[str, ...] = ()
    """Of links mailed before the newest one, which open the same request."""
    stage: Annotated[int, Field(ge=1, le=2)] = 1
    invited_at: Moment | None = None
    """When the newest link was about to be mailed; ``None``: it still has to be."""
    mail: MailState | None = None
    """``None``: nothing was mailed yet, or by a version that did not note it."""
    owed: Owed | None = None
    """A mail that is due beside the first one, which ``invited_at`` stands for."""
    mail_tries: Annotated[int, Field(ge=0)] = 0
    """How often the mail service has not accepted the mail that is owed."""
    mail_after: Moment | None = None
    """Before which it is not tried again."""
    escalated: bool = False
    """Asked by the policy for silence, and not from the beginning."""
    revoked: bool = False
    """A manager took the links back: nothing is mailed until a manager asks for it, or names somebody else."""
    unreachable: str | None = None
    """Why the newest mail did not reach them: refused, bounced, or complained about. Never holds an address."""
    unreachable_told: bool = False
    """Whoever runs the campaign has been told."""
    slack: str | None = None
    """What became of the newest message in Slack: ``sent``, ``not configured``, ``failed: reason``, ``claimed``."""

    def to_mail(self) -> Owed | None:
        """The mail that this reviewer is to get."""
        if self.revoked:
            return None
        return "approval" if self.invited_at is None else self.owed


class Editing(Model):
    """An edit of a post that is under way."""

    edit_id: str
    since: Moment


class Approval(Model, defer_build=False):
    """The record of a request for approval (``SK = APPROVAL#<callbackId>``).

    ``task_token`` resumes the workflow. It is stored sealed (``services/open_requests.py``), and never leaves the
    server.
    """

    callback_id: CallbackIdField
    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    execution_id: str
    status: ApprovalStatus
    task_token: TaskToken
    token_hash: str | None = None
    reviewers: Annotated[tuple[Reviewer, ...], Field(min_length=1)]
    summary: CampaignSummary
    content_hash: str
    """Of what is shown. Empty while somebody edits a post: nothing can be decided on half an edit."""
    editing: tuple[Editing, ...] = ()
    """Edits under way. The last one to end puts ``content_hash`` back; nothing is decided before that."""
    created_at: Moment
    asked_again_at: Moment | None = None
    """When it was opened again after it had ended: its time and its reminders count from here."""
    expires_at: Moment
    decision: MadeDecision | None = None
    resumed_at: Moment | None = None
    """When the engine accepted the decision."""
    round: Annotated[int, Field(ge=1)] = 1
    """1, and one more with each revision."""
    revisions_left: Annotated[int, Field(ge=0)] = 0
    stage: Annotated[int, Field(ge=1, le=2)] = 1
    """Whose turn it is."""
    quorum: Quorum | int = Quorum.ONE
    """Of the stage whose turn it is."""
    next_quorum: Quorum | int = Quorum.ONE
    """Of the second stage, where there is one."""
    votes: tuple[Vote, ...] = ()
    closed_because: ClosedBecause | None = None
    heartbeat_at: Moment | None = None
    """When the waiting task was last told that somebody still looks after it."""
    due_at: Moment | None = None
    """When it is to be looked at next (``domain/approval.py``), as its entry in the due index says."""
    reminders: Annotated[int, Field(ge=0)] = 0
    """How many have been mailed."""
    announced_stage: Annotated[int, Field(ge=0, le=2)] = 0
    """The stage whose beginning the tenant's channel in Slack has been told."""
    extended: bool = False
    """The policy for silence has given it more time already."""
    revoked_hashes: tuple[str, ...] = ()
    """Of links that a manager took back."""
    version: Annotated[int, Field(ge=0)] = 0
    """Grows by 1 with each amendment."""
    layout: Annotated[int, Field(ge=0)] = 0
    """0: the execution that asked is of a version that refuses fields it does not know (ADR 48), so that the request is
    stored without any. 1: with all that there is here."""

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)

    @property
    def asked_at(self) -> datetime:
        return self.asked_again_at or self.created_at

    def staged(self) -> tuple[Reviewer, ...]:
        """The reviewers whose turn it is."""
        return tuple(reviewer for reviewer in self.reviewers if reviewer.stage == self.stage)

    def silent(self) -> tuple[Reviewer, ...]:
        """Those of ``staged`` who have given no answer that counts."""
        answered = {vote.email for vote in self.votes if self.counts(vote)}
        return tuple(reviewer for reviewer in self.staged() if reviewer.email not in answered)

    def with_reviewer(self, email: str, **changes: Any) -> Self:
        """The same request with that one reviewer changed; without them it stays as it is."""
        changed = tuple(r.model_copy(update=changes) if r.email == email else r for r in self.reviewers)
        return self.model_copy(update={"reviewers": changed})

    def vote_of(self, email: str) -> Vote | None:
        """Their answer, whether it counts or not."""
        return next((vote for vote in self.votes if vote.email == email), None)

    def counts(self, vote: Vote) -> bool:
        """Whether a vote was given for the posts as they are shown now. While somebody edits that is not known, and
        nothing is decided."""
        return vote.content_hash is None or self.content_hash in ("", vote.content_hash)

    def has_answered(self, email: str) -> bool:
        """Whether they have given an answer that counts."""
        vote = self.vote_of(email)
        return vote is not None and self.counts(vote)
