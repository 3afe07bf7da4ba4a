"""What a reviewer is told before a comment is sent is what is done after it."""

import pytest

from lambdas.agents.comments.foreseeing import foreseen
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.post import Followed, Post, PostContent
from lambdas.domain.platforms import Platform
from tests.support.agent_inputs import campaign, configuration, launch
from tests.unit.agents.test_comments import BRIEFS, COMMENTS, sent_back, written


def shown(language: str, platform: Platform) -> tuple[Campaign, Post]:
    data, content = written(language, platform)
    planned = {name: value for name, value in data["post"].items() if name not in ("campaign", "index")}
    post = Post.from_internal({**planned, "index": 2, "batchId": 0})
    made = campaign(launch(**BRIEFS[language], language=language))
    made = made.model_copy(update={"configuration": configuration(made.brief)})
    return made, post.model_copy(update={"content": PostContent.from_wire(content)})


@pytest.mark.parametrize("platform", [Platform.LINKEDIN, Platform.SMS, Platform.EMAIL, Platform.X])
def test_what_was_foreseen_is_what_comes_of_it(platform: Platform) -> None:
    wrong = []
    for said in COMMENTS:
        made, post = shown(said["language"], platform)
        before = foreseen(said["comment"], made, post)
        after = sent_back(written(said["language"], platform), said["comment"])["outcomes"]
        assert [each.comment for each in before] == [each["comment"] for each in after]
        wrong += [(b, a) for b, a in zip(before, after, strict=True) if b.outcome.value != a["outcome"]]
    assert not wrong, (len(wrong), wrong[:3])


def test_it_is_said_in_the_campaigns_language() -> None:
    made, post = shown("de", Platform.LINKEDIN)
    told = foreseen("Kürzer bitte. Und für wen ist das?", made, post)
    assert [each.sentence for each in told] == [
        "Wird gemacht: kürzer.",
        "Das muss ein Mensch tun: für wen es ist, schreibt der Texter nie in den Text.",
    ]
    assert [each.outcome for each in told] == [Followed.DONE, Followed.PERSON]
    (anew,) = foreseen("", made, post, fresh=True)
    assert anew.sentence == "Wird gemacht: ein anderer Text, mit anderem Blickwinkel und anderer Botschaft."


def test_a_post_without_a_text_promises_nothing() -> None:
    made, post = shown("en", Platform.X)
    assert foreseen("Shorter", made, post.model_copy(update={"content": None})) == ()
