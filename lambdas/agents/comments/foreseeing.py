"""What a comment will come to, told to the reviewer before it is sent: carried out on a copy of the text and measured,
as it is after sending."""

from typing import NamedTuple

from lambdas.agents.comments.editing import Setting, edited
from lambdas.agents.comments.facts import facts_of_brief
from lambdas.agents.comments.judging import achieved, settled
from lambdas.agents.comments.reading import Kind, Wish, read
from lambdas.agents.comments.wording import (
    done_in_words,
    left_in_words,
    person_has_to,
    will_be_done,
    will_be_written_anew,
)
from lambdas.agents.content_generator.finish_draft import draft_of
from lambdas.domain.limits import LIMITS, measure, text_as_published
from lambdas.domain.models.brand import Brand
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.post import Followed, Post

_WRITTEN = (Kind.OPENING, Kind.ANOTHER)
"""What a writer does, and no rule can try out."""


class Foreseen(NamedTuple):
    """One wish of a comment, and what will come of it."""

    comment: str
    """The part of the comment it is about."""
    outcome: Followed
    sentence: str
    """In the campaign's language: "Will be done: shorter.", "A person has to do this: …"."""


def foreseen(
    comment: str, brief: CampaignBrief, post: Post, brand: Brand | None = None, *, fresh: bool = False
) -> tuple[Foreseen, ...]:
    """What will be done about the comment on a post; ``fresh`` where the reviewer wants another text in its place.

    Pure. With the campaign's brand its disclaimers are known to be code's, without it they are sentences like others.
    A text that will be written anew cannot be foreseen: of it, what the brief can give is said.
    """
    language = brief.language
    anew = (Foreseen("", Followed.DONE, will_be_written_anew(language)),) if fresh else ()
    if post.content is None:
        return anew
    facts = facts_of_brief(brief)
    old = draft_of(post.content, post.platform, language, brand)
    added = measure(post.platform, text_as_published(post.platform, post.content)) - measure(post.platform, old.text)
    setting = Setting(post.platform, LIMITS[post.platform].max_length - max(added, 0), facts)
    wishes = read(comment)
    by_rule = [wish for wish in wishes if wish.kind not in _WRITTEN]
    new = settled(by_rule, old, lambda tried: edited(old, tried, setting), facts, post.platform)

    def told(wish: Wish) -> Foreseen:
        if wish.kind in _WRITTEN or achieved(wish, old, new, facts, post.platform):
            return Foreseen(wish.said, Followed.DONE, will_be_done(done_in_words(wish, facts, language), language))
        return Foreseen(wish.said, Followed.PERSON, person_has_to(left_in_words(wish, language), language))

    return (*anew, *(told(wish) for wish in wishes))
