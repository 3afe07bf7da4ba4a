"""Mailing whoever runs a campaign what becomes of it: what the reviewers decided, that nobody did, and that it failed.

Each mail is an item of its own, which is claimed before the mail is sent and then says what became of it (ADR 44). Who
dies in between leaves the claim: the mail may have gone out, and is not sent again. Only one that the mail service did
not accept is tried again, by whoever looks at the request or at the campaign next.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import Approval, MadeDecision, MailState, Vote
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.domain.models.mail import Kind, Mail, News
from lambdas.domain.models.tenant import TenantSettings
from lambdas.domain.models.workflow import Decision
from lambdas.ports.bundle import Ports
from lambdas.services.news_words import words_of
from lambdas.services.notify import Wording, have_time, letter, one_line, people_of, send_once

FACTS = 40
"""Comments in one mail; what is more is told by ``GET …/approvals``."""
COMMENT_CHARS = 500


class _Told(NamedTuple):
    """What there is to say, whoever it is said to."""

    kind: Kind
    about: str
    """Of what it is the news: it is told once."""
    wording: Wording
    subject: str


def tell_decided(approval: Approval, campaign: Campaign, ports: Ports) -> list[MailState]:
    """What was decided about the request; answers what became of the mails that were sent now.

    Of a campaign that was cancelled since, nothing is said: whoever cancelled it knows better than "approved".
    """
    made = approval.decision
    if made is None or campaign.status is CampaignStatus.STOPPED:
        return []
    settings = ports.catalog.get_settings(campaign.tenant_id)
    if not _owed(campaign, settings, approval.callback_id, ports):
        return []
    return _tell(_decided(approval, made, campaign, ports.approvals.votes(approval)), campaign, settings, ports)


def tell_failed(campaign: Campaign, ports: Ports) -> list[MailState]:
    """Why the campaign failed, once for each of its failures; answers what became of the mails that were sent now."""
    failure = campaign.error
    if campaign.status is not CampaignStatus.FAILED or failure is None:
        return []
    settings, about = ports.catalog.get_settings(campaign.tenant_id), f"failed-{failure.at:%Y%m%dT%H%M%S%f}"
    if not _owed(campaign, settings, about, ports):
        return []
    words, name = words_of(campaign.brief.language), one_line(campaign.brief.name)
    wording = Wording(
        label=words["label"],
        title=words["failed"].format(name=name),
        paragraphs=(words["failed_because"].format(name=name), failure.message),
        facts=((words["next"], failure.next_step),) if failure.next_step else (),
        button=None,
        closing=words["see_campaign"].format(id=campaign.campaign_id),
        language=campaign.brief.language,
    )
    return _tell(_Told(Kind.FAILED, about, wording, words["failed"].format(name=name)), campaign, settings, ports)


def _owed(campaign: Campaign, settings: TenantSettings, about: str, ports: Ports) -> bool:
    """Whether somebody is still to be told, as far as that can be seen before it is claimed."""
    known = {news.to: news.mail for news in ports.news.all(campaign.key) if news.about == about}
    return any(known.get(to, MailState.NOT_ACCEPTED) is MailState.NOT_ACCEPTED for to in people_of(settings, campaign))


def _tell(told: _Told, campaign: Campaign, settings: TenantSettings, ports: Ports) -> list[MailState]:
    states = []
    for to in people_of(settings, campaign):
        # By the address and not by its place in a list that somebody may change between two looks.
        number = crc32(to.lower().encode())
        claim = News(
            about=told.about, number=number, kind=told.kind, to=to, at=ports.clock.now(), mail=MailState.CLAIMED
        )
        if not have_time(ports):
            states.append(MailState.NOT_ACCEPTED)
        elif ports.news.claim(campaign.key, claim):
            state, reason = send_once(ports.mailer, _mail(told, to, campaign, settings))
            ports.news.note(campaign.key, claim.model_copy(update={"mail": state, "reason": reason}))
            states.append(state)
    return states


def _mail(told: _Told, to: str, campaign: Campaign, settings: TenantSettings) -> Mail:
    tags = {"tenantId": campaign.tenant_id, "campaignId": campaign.campaign_id, "kind": told.kind.value}
    return letter(to, told.subject, told.wording, tags, settings.sender)


def _decided(approval: Approval, made: MadeDecision, campaign: Campaign, votes: Sequence[Vote]) -> _Told:
    words, name = words_of(campaign.brief.language), one_line(campaign.brief.name)
    silence = made.expired and made.decision is not Decision.APPROVED
    title = words["expired" if silence else made.decision].format(name=name)
    by = words["by_policy"] if made.expired else words["by"].format(who=made.decided_by)
    facts = list(_said(approval, votes, words["post"]))
    wording = Wording(
        label=words["label"],
        title=title,
        paragraphs=(
            f"{title}. {by} {words['at'].format(when=_when(campaign, made.decided_at))}",
            *([made.reason] if made.reason else []),
        ),
        facts=tuple(facts[:FACTS]),
        button=None,
        closing=words["see_approvals"].format(id=campaign.campaign_id),
        language=campaign.brief.language,
    )
    return _Told(Kind.DECIDED, approval.callback_id, wording, title)


def _when(campaign: Campaign, moment: datetime) -> str:
    """Without names of days or months, which have a language: ``2026-03-02 10:30 CET``."""
    return f"{campaign.brief.schedule.local(moment):%Y-%m-%d %H:%M %Z}"


def _said(approval: Approval, votes: Sequence[Vote], post_word: str) -> Iterator[tuple[str, str]]:
    """Who said what, about the whole and about single posts, which people count from 1."""
    total = approval.summary.total_posts
    numbers = {post_id_for(approval.campaign_id, index): index + 1 for index in range(total)}
    for vote in votes:
        if vote.comments:
            yield vote.email, vote.comments[:COMMENT_CHARS]
        for post in vote.posts:
            if post.comment:
                yield f"{vote.email}, {post_word} {numbers.get(post.post_id, '?')}", post.comment[:COMMENT_CHARS]
