"""What a comment will come to, told to the reviewer before it is sent: carried out on a copy of the text and measured,
as it is after sending."""

from typing import NamedTuple

from lambdas.agents.comments.amending import Setting, edited
from lambdas.agents.comments.facts import facts_in
from lambdas.agents.comments.judging import achieved, settled
from lambdas.agents.comments.reading import Kind, Wish, read
from lambdas.agents.comments.wording import (
    done_in_words,
    left_in_words,
    person_has_to,
    will_be_done,
    will_be_written_anew,
)
from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.agents.content_generator.finish_draft import draft_of
from lambdas.agents.content_generator.model_payload import model_payload
from lambdas.agents.inputs import generator_input
from lambdas.domain.models.campaign import Campaign
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


def foreseen(comment: str, campaign: Campaign, post: Post, *, fresh: bool = False) -> tuple[Foreseen, ...]:
    """What will be done about the comment on a post; ``fresh`` where the reviewer wants another text in its place.

    Pure. ``campaign`` is one with its configuration (``CampaignStore.get_configured``). Of another text in place of
    this one only that is known which the brief can give.
    """
    language = campaign.brief.language
    anew = (Foreseen("", Followed.DONE, will_be_written_anew(language)),) if fresh else ()
    if post.content is None or campaign.configuration is None:
        return anew
    brand = campaign.configuration.brand
    request = GeneratorInput.from_internal(generator_input(campaign, campaign.configuration, post))
    payload = model_payload(request, post.content.generated_at)
    facts, old = facts_in(payload), draft_of(post.content, post.platform, language, brand)
    setting = Setting(post.platform, payload["room"], facts, language)
    wishes = read(comment)
    by_rule = [wish for wish in wishes if wish.kind not in _WRITTEN]
    new = settled(by_rule, old, lambda tried: edited(old, tried, setting), facts, post.platform)

    def told(wish: Wish) -> Foreseen:
        if wish.kind in _WRITTEN or achieved(wish, old, new, facts, post.platform):
            return Foreseen(wish.said, Followed.DONE, will_be_done(done_in_words(wish, facts, language), language))
        return Foreseen(wish.said, Followed.PERSON, person_has_to(left_in_words(wish, language), language))

    return (*anew, *(told(wish) for wish in wishes))
