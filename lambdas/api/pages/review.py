"""The page on which a reviewer reads the posts, marks and edits them, and decides.

Imported when a page is rendered, because jinja2 is cold-start time.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from lambdas.api.pages.edits import EditForm
from lambdas.api.pages.look import rendered
from lambdas.api.pages.marks import Draft, Wrong, ranges_of
from lambdas.api.pages.outcomes import others, people
from lambdas.api.pages.selection import POSTS_A_PAGE, Filter, Selection, select
from lambdas.api.pages.shown import Reading, shown_post
from lambdas.api.rest.answers import Answer
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import MAX_COMMENTS, PostVerdict
from lambdas.domain.models.campaign import Campaign, PostCounts
from lambdas.domain.models.post import Post
from lambdas.domain.platforms import LABELS
from lambdas.ports.stores import PostStore
from lambdas.services.approval_links import OpenLink
from lambdas.services.sentences import Words, words_of

if TYPE_CHECKING:
    from lambdas.agents.comments.foreseeing import Foreseen

_OF_THE_VIEW = ("page", "at", "platform", "attention", "confirmed")
"""Fields of the form that say which posts are shown, and nothing about them."""


class Notice(StrEnum):
    """What stands above the posts, by its key in the words."""

    NONE = ""
    CHANGED = "notice.changed"
    OUTDATED = "notice.outdated"
    EDITING = "notice.editing"
    WAIT = "notice.wait"
    NOT_RECORDED = "notice.not_recorded"
    BUSY = "notice.busy"


class State(NamedTuple):
    """What there is to show beside the request itself: what was filled in, what is wrong with it, what was done."""

    draft: Draft
    page: str = "1"
    chosen: Filter = Filter()
    notice: Notice = Notice.NONE
    wrongs: Sequence[Wrong] = ()
    editing: EditForm | None = None
    done: tuple[str, int] | None = None
    """A key of the words, and the number of the post it was done to."""
    foresee: int = 0
    """The number of the post whose comment is tried out."""

    @property
    def busy_with(self) -> int:
        """The post that the page has to show, or 0: what is wrong with one on another page would not be seen."""
        first = next((wrong.post for wrong in self.wrongs if wrong.post), 0)
        return first or (self.editing.number if self.editing else self.done[1] if self.done else self.foresee)


def total_of(link: OpenLink, campaign: Campaign) -> int:
    """How many posts there are, with those that failed and those that were dropped."""
    return campaign.counts.total or link.approval.summary.total_posts


def approval(link: OpenLink, campaign: Campaign, posts: PostStore, state: State, *, status: int = 200) -> Answer:
    """The campaign, one page of its posts, and the form, filled in with what was said before."""
    total, zone = total_of(link, campaign), ZoneInfo(campaign.brief.schedule.time_zone)
    words = words_of(campaign.brief.language)
    selection = select(posts, link.key, total, state.chosen, state.page, state.busy_with)
    configuration = campaign.configuration
    names = {persona.persona_id: persona.name for persona in configuration.personas} if configuration else {}
    reading = Reading(words, zone, names, people(link, words), campaign.revision)
    seen = state.draft.seen | selection.numbers
    return rendered(
        "approval.html",
        words,
        status=status,
        state=state,
        draft=state.draft,
        at_post=_at_post(state.wrongs, words),
        problems=[(wrong, _said(wrong, words)) for wrong in state.wrongs],
        elsewhere={n: said for n, said in state.draft.posts.items() if n not in selection.numbers},
        seen=",".join(f"{first}-{last}" for first, last in ranges_of(seen)),
        opened=len(seen),
        approval=link.approval,
        counts=_counts(link, campaign),
        others=others(link, words),
        brief=campaign.brief,
        brand=configuration.brand.name if configuration else campaign.brief.brand_id,
        platforms=[(platform, LABELS[platform]) for platform in link.approval.summary.platforms],
        posts=[shown_post(post, reading) for post in selection.posts],
        foreseen={state.foresee: _foreseen(state, campaign, selection.posts)},
        selection=selection,
        total=total,
        times=_times(link, campaign, posts, selection, words),
    )


def _foreseen(state: State, campaign: Campaign, posts: Sequence[Post]) -> "Sequence[Foreseen]":
    """What will be done about what is filled in for the post that it was asked of."""
    said, post = state.draft.posts.get(state.foresee), next((p for p in posts if p.index + 1 == state.foresee), None)
    if post is None:
        return ()
    # With it comes what the generator is made of: for those who ask.
    from lambdas.agents.comments.foreseeing import foreseen

    comment = "\n".join(filter(None, (said.comment if said else "", state.draft.comments)))[:MAX_COMMENTS]
    return foreseen(comment, campaign, post, fresh=said is not None and said.verdict == PostVerdict.REJECT)


def confirmation(link: OpenLink, campaign: Campaign, fields: Mapping[str, str], unopened: Sequence[int]) -> Answer:
    """Asks once, before an approval of posts that this reviewer never had on their screen. Records nothing."""
    words = words_of(campaign.brief.language)
    runs = [
        words("post", n=first) if first == last else words("confirm_range", first=first, last=last)
        for first, last in ranges_of(unopened)
    ]
    return rendered(
        "confirm.html",
        words,
        name=campaign.brief.name,
        fields={name: value for name, value in fields.items() if name not in _OF_THE_VIEW},
        count=len(unopened),
        runs=runs,
        first_unopened=(unopened[0] - 1) // POSTS_A_PAGE + 1,
        total=total_of(link, campaign),
    )


def notice_of(link: OpenLink, shown: str | None) -> Notice:
    """``shown``: the hash of what a form that was sent had shown; ``None`` when none was sent."""
    if not link.approval.content_hash:
        return Notice.EDITING
    if shown is not None and shown != link.approval.content_hash:
        return Notice.CHANGED
    # Whose answer counts does not get this page.
    return Notice.OUTDATED if link.approval.vote_of(link.reviewer.email) else Notice.NONE


def has_answered(link: OpenLink) -> bool:
    """Whether it is not this reviewer's turn (any more, or yet)."""
    return link.approval.has_answered(link.reviewer.email) or link.reviewer.stage != link.approval.stage


def _said(wrong: Wrong, words: Words) -> str:
    numbers = {name: words.number(value) if isinstance(value, int) else value for name, value in wrong.values.items()}
    return words(wrong.said, **{"n": wrong.post, **numbers})


def _at_post(wrongs: Sequence[Wrong], words: Words) -> dict[str, list[str]]:
    """What is wrong, by the field it is shown at."""
    said: dict[str, list[str]] = {}
    for wrong in wrongs:
        said.setdefault(wrong.field, []).append(_said(wrong, words))
    return said


def _counts(link: OpenLink, campaign: Campaign) -> PostCounts:
    if campaign.counts.total:
        return campaign.counts
    summary = link.approval.summary
    return PostCounts(total=summary.total_posts, completed=summary.completed_posts, failed=summary.failed_posts)


def _times(link: OpenLink, campaign: Campaign, posts: PostStore, selection: Selection, words: Words) -> dict[str, str]:
    """Every moment that the page names, in the campaign's time zone."""
    schedule = campaign.brief.schedule
    zone, first = ZoneInfo(schedule.time_zone), link.approval.summary.first_at
    if first is None:
        first = min((post.scheduled_at for post in _first_posts(link, posts, selection)), default=None)
    start, end = schedule.start_utc(), schedule.end_utc()
    return {
        "first": words.moment(first, zone) if first else "",
        "starts": words.day(start, zone),
        "ends": words.day(end, zone),
        "start": words.moment(start, zone, named=True),
        "end": words.moment(end, zone, named=True),
        "expires": words.moment(link.approval.expires_at, zone),
        "min": f"{start.astimezone(zone):%Y-%m-%dT%H:%M}",
        "max": f"{end.astimezone(zone):%Y-%m-%dT%H:%M}",
    }


def _first_posts(link: OpenLink, posts: PostStore, selection: Selection) -> list[Post]:
    """The beginning of the plan, which is in the order of time."""
    ids = [post_id_for(link.key.campaign_id, index) for index in range(10)]
    found = selection.posts if 1 in selection.numbers else posts.get_many(link.key, ids)
    return [post for post in found if post.goes_out]
