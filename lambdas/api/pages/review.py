"""The reviewers' pages. Imported when one is rendered, because jinja2 would lengthen the cold start."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lambdas.api.pages.marks import Draft as PostDraft
from lambdas.api.pages.shown import POSTS_A_PAGE, shown_post
from lambdas.api.rest.answers import Answer, html
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
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import Approval, Reviewer, Vote
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.workflow import Decision
from lambdas.ports.stores import PostStore
from lambdas.services.approval_links import OpenLink
from lambdas.services.decisions import decider, is_stuck

DECISIONS = {
    Decision.APPROVED: "Approved",
    Decision.REJECTED: "Rejected",
    Decision.NEEDS_REVISION: "Sent back for revision",
}


class Draft(NamedTuple):
    """What a reviewer has filled in, on this page and on others."""

    decision: str
    comments: str
    posts: Mapping[int, PostDraft]


class Notice(StrEnum):
    """What stands above the posts."""

    NONE = ""
    CHANGED = "The posts have changed since they were shown to you. What changed is marked: please look again."
    OUTDATED = (
        "The posts were changed after you had answered, so your answer does not count any more. "
        "What changed is marked: please look again and decide again."
    )
    EDITING = (
        "Somebody is changing a post at this moment, so nothing can be decided. Reload this page in a minute, "
        "and read the posts before you decide."
    )
    WAIT = (
        "Somebody is changing a post at this moment, so your decision was not recorded. What you filled in is kept "
        "below: send it again in a minute."
    )
    NOT_RECORDED = (
        "The posts have changed since they were shown to you, so your decision was not recorded. "
        "What changed is marked below. Please decide again."
    )


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
}


def approval(
    link: OpenLink,
    campaign: Campaign,
    posts: PostStore,
    page: str,
    draft: Draft,
    notice: str,
    *,
    status: int = HTTPStatus.OK,
) -> Answer:
    """The campaign, one page of its posts, and the form, filled in with what was said before; ``notice`` on top."""
    total = campaign.counts.total or link.approval.summary.total_posts
    pages = max(1, -(-total // POSTS_A_PAGE))
    number = min(pages, max(1, int(page))) if page.isascii() and page.isdecimal() and len(page) < 9 else 1
    first = (number - 1) * POSTS_A_PAGE
    ids = [post_id_for(campaign.campaign_id, index) for index in range(first, min(first + POSTS_A_PAGE, total))]
    zone = ZoneInfo(campaign.brief.schedule.time_zone)
    personas = {p.persona_id: p.name for p in campaign.configuration.personas} if campaign.configuration else {}
    shown = [shown_post(post, zone, personas, campaign.revision) for post in posts.get_many(link.key, ids)]
    return _page(
        "approval.html",
        status=status,
        notice=notice,
        draft=draft,
        elsewhere={n: said for n, said in draft.posts.items() if not first < n <= first + POSTS_A_PAGE},
        approval=link.approval,
        others=_others(link),
        brief=campaign.brief,
        brand=campaign.configuration.brand.name if campaign.configuration else campaign.brief.brand_id,
        posts=shown,
        page=number,
        pages=pages,
        first=first + 1,
        total=total,
        starts=_day(campaign.brief.schedule.start_utc(), zone),
        ends=_day(campaign.brief.schedule.end_utc(), zone),
        expires=_moment(link.approval.expires_at, zone),
    )


def notice_of(link: OpenLink, shown: str | None) -> Notice:
    """``shown``: the hash of what a form that was sent had shown; ``None`` when none was sent."""
    if not link.approval.content_hash:
        return Notice.EDITING
    if shown is not None and shown != link.approval.content_hash:
        return Notice.CHANGED
    # Whose answer counts does not get this page.
    return Notice.OUTDATED if link.approval.vote_of(link.reviewer.email) else Notice.NONE


def problem_of(error: InvalidInputError) -> tuple[str, str]:
    """What is wrong with a form, in a sentence for its page, and the page of the posts it is about."""
    field = error.errors[0].field if error.errors else ""
    number = field.partition("-")[2]
    page = str((int(number) - 1) // POSTS_A_PAGE + 1) if number.isdecimal() else "1"
    sentence = error.errors[0].message if error.errors else error.message
    if field == "decision":
        sentence = "Choose one of the three decisions, and Approve only when all posts are marked as fine"
    return f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}. Nothing was recorded; what you filled in is kept.", page


def has_answered(link: OpenLink) -> bool:
    """Whether it is not this reviewer's turn (any more, or yet)."""
    return link.approval.has_answered(link.reviewer.email) or link.reviewer.stage != link.approval.stage


def answered(link: OpenLink, campaign: Campaign, votes: Sequence[Vote], *, status: int = 200) -> Answer:
    """Your answer counts, and others are still to answer. ``votes`` are the request's, with what was said."""
    vote = next((vote for vote in votes if vote.email == link.reviewer.email), None)
    return _page(
        "answered.html",
        status=status,
        name=campaign.brief.name,
        title=DECISIONS[vote.decision] if vote else "Somebody else's turn",
        decision=vote.decision.value if vote else "",
        comments=vote.comments if vote else "",
        others=_others(link),
        expires=_moment(link.approval.expires_at, ZoneInfo(campaign.brief.schedule.time_zone)),
        late=status != HTTPStatus.OK,
    )


def _others(link: OpenLink) -> list[tuple[str, str]]:
    """What the other reviewers have said so far; an address is nobody else's to read."""
    return [
        (
            f"Reviewer {number}" + (" (you)" if reviewer.email == link.reviewer.email else ""),
            _said(reviewer, link.approval),
        )
        for number, reviewer in enumerate(link.approval.reviewers, 1)
    ]


def _said(reviewer: Reviewer, approval: Approval) -> str:
    vote = approval.vote_of(reviewer.email)
    if vote and not approval.counts(vote):
        return f"{DECISIONS[vote.decision]}; answered before the posts were changed"
    if vote:
        return DECISIONS[vote.decision]
    if reviewer.revoked:
        return "is not asked any more"
    return "could not be reached by mail" if reviewer.unreachable else "has not answered yet"


def decided(link: OpenLink, campaign: Campaign, *, now: datetime, status: int) -> Answer:
    """What was decided, when and by whom; a decision the workflow never heard of can be sent again."""
    made = link.approval.decision
    if made is None:
        return refusal(GoneError("this request for approval is over"))
    by_you = made.decided_by == link.reviewer.email
    return _page(
        "decided.html",
        status=status,
        name=campaign.brief.name,
        decision=made.decision.value,
        title=DECISIONS[made.decision],
        comments=made.comments,
        reason=made.reason or ("Nobody decided in time, so the campaign's rule for that did." if made.expired else ""),
        sent_back=made.posts_in_votes or len(made.posts),
        by=decider(link),
        content_hash=link.approval.content_hash,
        when=_moment(made.decided_at, ZoneInfo(campaign.brief.schedule.time_zone)),
        stuck=by_you and is_stuck(link.approval, now),
        late=status != HTTPStatus.OK,
    )


def refusal(error: CampaignError) -> Answer:
    """The page of an error. It tells nothing that only a reviewer may know."""
    if isinstance(error, GoneError) and error.details.get("reason") in _CLOSED:
        return _page("refusal.html", status=error.status, refusal=_CLOSED[error.details["reason"]], problems=())
    problems = []
    if isinstance(error, InvalidInputError):
        problems = [field.message for field in error.errors] or [error.message]
    known = next(_REFUSALS[cls] for cls in type(error).__mro__ if cls in _REFUSALS)
    return _page("refusal.html", status=error.status, refusal=known, problems=problems)


def _page(template: str, *, status: int = 200, **values: Any) -> Answer:
    environment, style, policy = _look()
    return html(environment.get_template(template).render(style=style, **values), policy, status=status)


@cache
def _look() -> tuple[Environment, Markup, str]:
    """Templates, style sheet, and a policy that lets nothing in but this style sheet."""
    loader = PackageLoader("lambdas.api.pages", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = loader.get_source(environment, "style.css")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return environment, Markup(style), policy  # noqa: S704 - our own file


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%A, %d %B %Y, %H:%M} ({zone.key})"


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d %B %Y}"
