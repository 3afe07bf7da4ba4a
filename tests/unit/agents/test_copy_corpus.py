"""Thirty briefs of 24 posts each: every rule of good copy is counted over all of them, and none is broken."""

import re
from collections import Counter
from datetime import timedelta
from functools import cache
from itertools import pairwise

import pytest

from lambdas.agents.content_generator.told import copy_brief, statements_for
from lambdas.agents.inputs import disclaimers_for
from lambdas.agents.offline.phrases import phrases_for, sms_opt_out
from lambdas.domain.compliance.copy_rules import first_sentence
from lambdas.domain.limits import sms_segments
from lambdas.domain.models.key_message import MessageKind
from lambdas.domain.models.post import AssetRequirements
from lambdas.domain.platforms import Platform
from tests.support.briefs import GENERATED, WRITTEN, Written, brief, write

NAMES = [*WRITTEN, *map(str, range(GENERATED))]
WORD = re.compile(r"\w+(?:['’-]\w+)*")


@cache
def posts(name: str) -> tuple[Written, ...]:
    return tuple(write(brief(name)))


def statement(post: Written) -> str:
    """The one that the first sentence tells, without its full stop; the longest where one holds another."""
    first = plain(first_sentence(post.content.text))
    told = [plain(s.text) for s in all_statements(post)]
    whole = [s for s in told if s in plain(post.content.text.split("\n• ")[0].split("\n## ")[0])]
    return max((s for s in told if s in first), key=len, default=max(whole, key=len, default=""))


def all_statements(post: Written) -> list:  # type: ignore[type-arg]
    return statements_for(post.request)


_ACCENTS = str.maketrans("áíóúêâîôûëïç’ÁÍÓÚ", "aioueaioueic'AIOU")


def plain(text: str) -> str:
    return " ".join(text.translate(_ACCENTS).replace("–", "-").casefold().rstrip(".!").split())


def body(post: Written) -> list[str]:
    """What is said: sentences and lists, without calls, disclaimers, opt-out, greeting, signature and link."""
    brief_ = post.request.post.campaign
    persona = post.request.persona_config
    phrases = phrases_for(brief_.language, casual=persona.formality.value == "casual")
    text = post.content.text.replace(post.content.link or "\0", "")
    for sentence in (*disclaimers_for(post.request.brand_config, post.post.platform), sms_opt_out(brief_.language)):
        text = text.replace(sentence, "")
    units = []
    for paragraph in re.split(r"\n\n+", text):
        if paragraph.strip() in phrases.greetings or persona.name in paragraph.split("\n"):
            continue
        parts = [paragraph] if "\n" in paragraph else re.split(r"(?<=[.!?])(?<!\d\.)\s+", paragraph)
        units += [p.strip() for p in parts if WORD.search(p)]
    call = plain(brief_.call_to_action).strip("¡")
    return [u for u in units if not plain(u).strip("¡").startswith(call) or len(u) > len(call) + 45]


@pytest.mark.parametrize("name", NAMES)
class TestEachPost:
    def test_every_rule_holds_at_the_first_attempt(self, name: str) -> None:
        assert len(posts(name)) == 24
        broken = [(p.post.topic, r.rule, r.detail) for p in posts(name) for r in p.rules if not r.passed]
        assert broken == []
        assert [p.post.topic for p in posts(name) if p.attempts != 1] == []
        assert all({"copy.private", "copy.opening", "copy.hearsay"} <= {r.rule for r in p.rules} for p in posts(name))

    def test_audience_and_goal_are_not_printed(self, name: str) -> None:
        for post in posts(name):
            told = copy_brief(post.request)
            secret = {run for text in told.private for run in runs(text)} - {r for t in told.public for r in runs(t)}
            shown = (
                post.content.text,
                post.content.title or "",
                post.content.subject or "",
                post.content.preview or "",
            )
            assert not {run for text in shown for run in runs(text)} & secret

    def test_only_what_the_brief_says_is_said(self, name: str) -> None:
        """No unit of text but tells a statement, or is a call, a name, a heading over statements."""
        for post in posts(name):
            told = [plain(s.text) for s in all_statements(post)]
            names = plain(post.request.brand_config.name), plain(post.request.post.campaign.product.name)
            for unit in body(post):
                heading = unit.startswith("## ")
                assert heading or any(s in plain(unit) for s in told) or any(n in plain(unit) for n in names), unit

    def test_an_intent_has_a_message_of_its_kind(self, name: str) -> None:
        kinds = {"proof": MessageKind.PROOF, "offer": MessageKind.OFFER, "invite": MessageKind.INVITATION}
        kinds["story"] = MessageKind.STORY
        for post in posts(name):
            message = next(s for s in all_statements(post) if plain(s.text) == statement(post))
            assert message.kind is kinds.get(post.post.intent, message.kind)
            day = copy_brief(post.request).day
            if post.post.intent == "last_call":
                last = message.until or post.request.post.campaign.ends_on
                assert last is not None
                assert timedelta(0) <= last - day < timedelta(days=3)
            assert message.until is None or day <= message.until
            assert post.post.intent not in {"question", "objection", "behind_the_scenes"}

    def test_platforms_get_what_they_need(self, name: str) -> None:
        for post in posts(name):
            content, request = post.content, post.request
            assert content.alt_text is None
            if post.post.platform is Platform.SMS:
                url = request.post.campaign.product.url
                assert content.link == (str(url) if url else None)
                assert sms_segments(content.text.replace(content.link or "\0", "")).segments == 1
                assert "?" not in content.text.replace(content.link or "\0", "")
            if post.post.platform in (Platform.INSTAGRAM, Platform.TIKTOK):
                assert re.search(r"\b(profile?|perfil)\b", content.text, re.IGNORECASE)
                assert plain(request.post.campaign.call_to_action) in plain(content.text)


def runs(text: str) -> set[tuple[str, ...]]:
    words = WORD.findall(text.casefold())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


@pytest.mark.parametrize("name", NAMES)
class TestEachCampaign:
    def test_messages_take_turns(self, name: str) -> None:
        heads = [statement(p) for p in posts(name)]
        assert all(heads)
        messages = {plain(s.text) for p in posts(name) for s in all_statements(p)}
        most = -(-24 // len(messages))
        assert max(Counter(heads).values()) <= most
        for platform in Platform:
            row = [head for head, p in zip(heads, posts(name), strict=True) if p.post.platform is platform]
            assert len(messages) == 1 or all(a != b for a, b in pairwise(row))

    def test_no_sentence_comes_twice(self, name: str) -> None:
        said = Counter(plain(unit) for p in posts(name) for unit in body(p) if not unit.startswith("## "))
        assert {s: n for s, n in said.items() if n > 1} == {}

    def test_at_most_two_posts_start_alike(self, name: str) -> None:
        starts: Counter[tuple[str, ...]] = Counter()
        for post in posts(name):
            first = first_sentence(post.content.text).casefold()
            for n in (post.request.post.campaign.product.name, post.request.brand_config.name):
                first = first.replace(n.casefold(), "name")
            starts[tuple(WORD.findall(first)[:5])] += 1
        assert {s: n for s, n in starts.items() if n > 2} == {}

    def test_the_same_campaign_is_written_the_same(self, name: str) -> None:
        if name == NAMES[0]:
            assert [p.content.text for p in posts(name)] == [p.content.text for p in write(brief(name))]


def test_a_wish_for_a_picture_is_not_a_picture() -> None:
    wished = [p for p in posts("bakery") if p.post.asset_requirements != AssetRequirements()]
    assert wished
    assert all(p.content.alt_text is None for p in wished)
