"""The pages of a link through which there is nothing to decide (any more, or yet): decided, answered, refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.api.pages.look import rendered
from lambdas.api.rest.answers import Answer
from lambdas.domain.errors import (
    CampaignError,
    ConflictError,
    GoneError,
    InvalidInputError,
    NotFoundError,
    RetryableError,
    TokenExpiredError,
    UnauthenticatedError,
)
from lambdas.domain.models.approval import Reviewer, Vote
from lambdas.domain.models.campaign import Campaign
from lambdas.services.approval_links import OpenLink
from lambdas.services.decisions import is_stuck
from lambdas.services.sentences import Words, words_of


class Refusal(NamedTuple):
    """What a page says when there is nothing to decide: what happened, and what to do next."""

    title: str
    happened: str
    next: str


_REFUSALS: Mapping[type[CampaignError], Refusal] = {
    TokenExpiredError: Refusal(
        "This link has expired",
        "The time to decide through this link is over, and nothing was changed.",
        "Ask the person who runs the campaign to send you a new one.",
    ),
    UnauthenticatedError: Refusal(
        "This link does not work",
        "It is incomplete, or it was not made by us. Nothing was changed.",
        "Open it again from the newest mail you received. If it was copied by hand, copy all of it, to its very end.",
    ),
    NotFoundError: Refusal(
        "There is nothing to decide here",
        "The request for approval that this link belongs to no longer exists.",
        "If you expected one, ask the person who runs the campaign to send you a new link.",
    ),
    GoneError: Refusal(
        "This request is closed",
        "The campaign went on without a decision through this link, or was ended. Nothing was changed.",
        "If there is a newer mail about this campaign, use the link in that one; else ask the person who runs it.",
    ),
    ConflictError: Refusal(
        "The posts have changed",
        "Somebody edited the posts after they were shown to you, so your decision was not recorded.",
        "Go back, reload the page, look at the posts as they are now, and decide again.",
    ),
    RetryableError: Refusal(
        "One moment, please",
        "We could not finish this just now.",
        "Go back and try again in a minute. Sending the same decision twice does no harm.",
    ),
    CampaignError: Refusal(
        "The decision could not be read",
        "The form is not the one of this page, or not all of it arrived. Nothing was changed.",
        "Open the link from the mail again, and decide there.",
    ),
}


_CLOSED: Mapping[str, Refusal] = {
    "superseded": Refusal(
        "There is a newer version",
        "This link was superseded: posts were written anew since, and the reviewers are asked about those. "
        "Nothing was changed.",
        "Use the link in the newest mail about this campaign.",
    ),
    "revoked": Refusal(
        "This link was taken back",
        "The person who runs the campaign revoked it, or asked somebody else. Nothing was changed.",
        "If you expected to decide, ask the person who runs the campaign for a new link.",
    ),
    "cancelled": Refusal(
        "The campaign was cancelled",
        "The person who runs it cancelled the campaign, so there is nothing left to decide. Nothing was changed.",
        "You need not do anything.",
    ),
}


def refusal(error: CampaignError) -> Answer:
    """The page of an error, in English, since whose campaign it is may not be known. It tells nothing that only a
    reviewer may know."""
    english = words_of("en")
    if isinstance(error, GoneError) and error.details.get("reason") in _CLOSED:
        closed = _CLOSED[error.details["reason"]]
        return rendered("refusal.html", english, status=error.status, refusal=closed, problems=())
    problems = []
    if isinstance(error, InvalidInputError):
        problems = [field.message for field in error.errors] or [error.message]
    known = next(_REFUSALS[cls] for cls in type(error).__mro__ if cls in _REFUSALS)
    return rendered("refusal.html", english, status=error.status, refusal=known, problems=problems)


def answered(link: OpenLink, campaign: Campaign, votes: Sequence[Vote], *, status: int = 200) -> Answer:
    """Your answer counts, and others are still to answer. ``votes`` are the request's, with what was said."""
    words = words_of(campaign.brief.language)
    vote = next((vote for vote in votes if vote.email == link.reviewer.email), None)
    return rendered(
        "answered.html",
        words,
        status=status,
        name=campaign.brief.name,
        title=words(f"decision.{vote.decision}") if vote else words("someone_elses_turn"),
        decision=vote.decision.value if vote else "",
        comments=vote.comments if vote else "",
        others=others(link, words),
        expires=words.moment(link.approval.expires_at, ZoneInfo(campaign.brief.schedule.time_zone)),
        late=status != 200,
    )


def decided(link: OpenLink, campaign: Campaign, *, now: datetime, status: int = 200) -> Answer:
    """What was decided, when and by whom; a decision the workflow never heard of can be sent again."""
    made, words = link.approval.decision, words_of(campaign.brief.language)
    if made is None:
        return refusal(GoneError("this request for approval is over"))
    by = people(link, words).get(made.decided_by, words("another_reviewer"))
    return rendered(
        "decided.html",
        words,
        status=status,
        name=campaign.brief.name,
        decision=made.decision.value,
        title=words(f"decision.{made.decision}"),
        comments=made.comments,
        reason=made.reason or (words("nobody_decided") if made.expired else ""),
        sent_back=made.posts_in_votes or len(made.posts),
        by=words("by_rule") if made.expired else by,
        content_hash=link.approval.content_hash,
        when=words.moment(made.decided_at, ZoneInfo(campaign.brief.schedule.time_zone)),
        stuck=made.decided_by == link.reviewer.email and is_stuck(link.approval, now),
        late=status != 200,
    )


def people(link: OpenLink, words: Words) -> dict[str, str]:
    """Reviewers by their address, as this one may know them: an address is nobody else's to read."""
    numbered = enumerate(link.approval.reviewers, 1)
    named = {reviewer.email: words("reviewer", n=number) for number, reviewer in numbered}
    return named | {link.reviewer.email: words("you")}


def others(link: OpenLink, words: Words) -> list[tuple[str, str]]:
    """What the reviewers have said so far."""
    return [
        (
            words("reviewer", n=number) + (f" ({words('you')})" if reviewer.email == link.reviewer.email else ""),
            _said(reviewer, link, words),
        )
        for number, reviewer in enumerate(link.approval.reviewers, 1)
    ]


def _said(reviewer: Reviewer, link: OpenLink, words: Words) -> str:
    vote = link.approval.vote_of(reviewer.email)
    if vote:
        answer = words(f"decision.{vote.decision}")
        return answer if link.approval.counts(vote) else words("answered_before", answer=answer)
    if reviewer.revoked:
        return words("not_asked")
    return words("not_reached") if reviewer.unreachable else words("no_answer")
