"""What one post is made of: the sentences chosen for it, before a platform gives them their shape.

Among it the persona's manner, read from what it wrote before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.agents.intents import Intent
from lambdas.agents.offline.phrases import Angle, IntentPhrases, Phrases, phrases_for
from lambdas.agents.offline.planner import sentence, short_audience, short_form, subjects_of, topic_line, without_banned
from lambdas.agents.seeding import derive_seed, pick, shuffled
from lambdas.domain.limits.measure import graphemes, is_emoji
from lambdas.domain.platforms import Platform

_SENTENCES = re.compile(r"[^.!?…]+[.!?…]+")
_SHORT_SENTENCE_WORDS = 9


@dataclass(frozen=True)
class Voice:
    casual: bool
    first_person: bool
    terse: bool
    """Writes short sentences: gets fewer of them."""
    exclaims: bool
    asks: bool
    """Likes to end on a question."""
    emoji: tuple[str, ...]
    """Emoji of its own posts, which are the only ones used."""


def voice_of(persona: Mapping[str, Any]) -> Voice:
    """From the wire form of a persona."""
    examples = tuple(persona["examples"])
    joined = " ".join(examples)
    sentences = _SENTENCES.findall(joined) or [joined]
    words = sum(len(s.split()) for s in sentences) / len(sentences)
    return Voice(
        casual=persona.get("formality") == "casual",
        first_person=bool(persona.get("firstPerson", True)),
        terse=words < _SHORT_SENTENCE_WORDS,
        exclaims=sum("!" in example for example in examples) * 3 >= len(examples),
        asks=sum("?" in example for example in examples) * 3 >= len(examples),
        emoji=_emoji(joined),
    )


def _emoji(text: str) -> tuple[str, ...]:
    if text.isascii():
        return ()
    return tuple(dict.fromkeys(g for g in graphemes(text) if is_emoji(g)))


LINK = "{link}"
"""Where the generator puts the link; it is not the model's to write."""


@dataclass(frozen=True)
class Material:
    platform: Platform
    room: int
    """What the text may measure, in the platform's unit."""
    seed: int
    lean: bool
    """Say only what must be said: the draft is a repair, or the persona is terse."""
    voice: Voice
    phrases: Phrases
    title: str
    """The topic as a headline."""
    angle: str
    """The headline without its subject; empty for a topic that no angle was found in."""
    hooks: tuple[str, ...]
    """Openings, the preferred one first."""
    lead: str
    """The subject of the post."""
    others: tuple[str, ...]
    """The brief's other subjects, in an order of this post's own."""
    bridges: tuple[str, ...]
    closers: tuple[str, ...]
    call_to_action: str
    product: str
    brand: str
    tagline: str
    author: str
    role: str
    audience: str
    """A line that says whom it is for; empty where the brief takes more than a line to say it."""

    @property
    def hook(self) -> str:
        return next(iter(self.hooks), "")

    @property
    def closer(self) -> str:
        return next(iter(self.closers), "")

    def chance(self, one_in: int, *what: str) -> bool:
        return derive_seed(self.seed, *what) % one_in == 0

    def choose(self, options: tuple[str, ...], *what: str) -> str:
        """One of the options, filled in; empty where the language's stock has none."""
        return self.filled(pick(options, self.seed, *what)) if options else ""

    def filled(self, line: str) -> str:
        return line.replace("{product}", self.product).replace("{brand}", self.brand)


def gather(payload: Mapping[str, Any], seed: int) -> Material:
    """Choose the sentences for one post; nothing with a banned word is among them."""
    voice = voice_of(payload["persona"])
    phrases = phrases_for(payload["language"], casual=voice.casual, first_person=voice.first_person)
    banned = payload.get("bannedWords", ())
    stock = phrases.intents[_intent(payload["intent"])]
    subjects = subjects_of(payload)
    angle, lead = _read_topic(payload["topic"], stock, subjects, banned)
    product, brand = payload["product"]["name"], payload["brand"]["name"]

    def choose(lines: tuple[str, ...], what: str) -> tuple[str, ...]:
        filled = (line.replace("{product}", product).replace("{brand}", brand) for line in shuffled(lines, seed, what))
        return tuple(without_banned(filled, banned))

    hooks = angle.hooks if angle else tuple(hook for a in stock.angles for hook in a.hooks)
    audience = short_audience(payload["audience"])
    lines = choose(phrases.audience, "audience") if audience else ()
    return Material(
        platform=Platform(payload["platform"]),
        room=int(payload["room"]),
        seed=seed,
        lean=voice.terse or bool(payload.get("broken")),
        voice=voice,
        phrases=phrases,
        title=topic_line(angle.name, lead) if angle and angle.name else short_form(lead),
        angle=angle.name if angle else "",
        hooks=choose(hooks, "hook"),
        lead=lead,
        others=tuple(s for s in shuffled(subjects, seed, "others") if s != lead),
        bridges=choose(stock.bridges, "bridge"),
        closers=choose(stock.closers, "closer"),
        call_to_action=_call(payload["callToAction"], exclaim=voice.exclaims),
        product=product,
        brand=brand,
        tagline=sentence(payload["brand"].get("tagline") or ""),
        author=payload["persona"]["name"],
        role=payload["persona"]["role"],
        audience=next(iter(without_banned((line.replace("{audience}", audience or "") for line in lines), banned)), ""),
    )


def _intent(name: str) -> Intent:
    """The intent of that name; one that a person made up is taken as an invitation to explain."""
    return next((intent for intent in Intent if intent.value == name), Intent.EDUCATE)


def _call(text: str, *, exclaim: bool) -> str:
    line = sentence(text)
    return line[:-1] + "!" if exclaim and line.endswith(".") else line


def _read_topic(topic: str, stock: IntentPhrases, subjects: list[str], banned: list[str]) -> tuple[Angle | None, str]:
    """The angle and the subject a topic was made from; a topic from elsewhere is its own subject."""
    angle = next((a for a in stock.angles if a.name and topic.startswith(a.name)), None)
    rest = (topic[len(angle.name) :] if angle else topic).strip(" :")
    start = rest.rstrip("….").casefold()
    for subject in subjects:
        if start and short_form(subject).rstrip("….").casefold() == start:
            return angle, subject
    contained = [s for s in subjects if s.rstrip(".").casefold() in topic.casefold()]
    if contained:
        return angle, max(contained, key=len)
    own = without_banned([sentence(rest)] if rest else [], banned)
    return angle, own[0] if own else subjects[0]
