"""What one post is made of: the sentences chosen for it, before a platform gives them their shape.

Among it the persona's manner, read from what it wrote before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.agents.intents import Intent
from lambdas.agents.offline.phrases import Frame, Phrases, phrases_for
from lambdas.agents.offline.planner import usable_frames
from lambdas.agents.seeding import derive_seed, pick
from lambdas.agents.statements import sentence, short_form, without_banned
from lambdas.domain.limits.measure import graphemes, is_emoji
from lambdas.domain.platforms import Platform


@dataclass(frozen=True)
class Voice:
    casual: bool
    first_person: bool
    exclaims: bool
    emoji: tuple[str, ...]
    """Emoji of its own posts, which are the only ones used."""


def voice_of(persona: Mapping[str, Any]) -> Voice:
    """From the wire form of a persona."""
    examples = tuple(persona["examples"])
    joined = " ".join(examples)
    return Voice(
        casual=persona.get("formality") == "casual",
        first_person=bool(persona.get("firstPerson", True)),
        exclaims=sum("!" in example for example in examples) * 3 >= len(examples),
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
    number: int
    """The post's place in the campaign, from 0."""
    seed: int
    language: str
    voice: Voice
    phrases: Phrases
    title: str
    """The statement after the product's name."""
    headline: str
    """The statement in its frame."""
    lead: str
    """The statement by itself."""
    others: tuple[str, ...]
    """The campaign's other statements, in an order of this post's own."""
    call_to_action: str
    product: str
    brand: str
    author: str
    role: str
    has_link: bool
    calm: bool

    def filled(self, line: str) -> str:
        return line.replace("{product}", self.product).replace("{brand}", self.brand)


def gather(payload: Mapping[str, Any], seed: int) -> Material:
    """Choose what one post is made of; nothing with a banned word is among it."""
    voice = voice_of(payload["persona"])
    phrases = phrases_for(payload["language"], casual=voice.casual)
    names = payload["product"]["name"], payload["brand"]["name"]
    statements = [str(statement["text"]) for statement in payload["statements"]]
    frame, lead = _read_topic(payload, phrases, statements)
    again = bool(payload.get("broken") or payload.get("revision"))
    if frame is None or again:
        usable = usable_frames(phrases, _intent(payload["intent"]), lead, names, payload["language"])
        frame = pick([f for f in usable if f != frame] or list(usable), seed, "frame")
    named = next(f for f in phrases.every_frame() if f.pattern.replace(" ", "") == "{product}:{message}")
    calm = bool(payload.get("sensitive"))
    number = int(payload.get("index", 0))
    at = statements.index(lead) if lead in statements else number
    return Material(
        platform=Platform(payload["platform"]),
        room=int(payload["room"]),
        number=(number + 1 + derive_seed(seed, "again")) % len(phrases.lists) if again else number,
        seed=seed,
        language=payload["language"],
        voice=voice,
        phrases=phrases,
        title=framed(named, lead, names, phrases).rstrip("."),
        headline=framed(frame, lead, names, phrases),
        lead=lead,
        others=tuple(s for s in [*statements[at + 1 :], *statements[:at]] if s != lead),
        call_to_action=_call(payload["callToAction"], payload["language"], exclaim=voice.exclaims and not calm),
        product=names[0],
        brand=names[1],
        author=payload["persona"]["name"],
        role=payload["persona"]["role"],
        has_link=bool(payload.get("hasLink", True)),
        calm=calm,
    )


def framed(frame: Frame, message: str, names: tuple[str, str], phrases: Phrases) -> str:
    """A sentence: the message in the frame, without its capital where that is no name's."""
    within = message[:-1] if message.endswith(".") else message
    first, _, rest = within.partition(" ")
    if not frame.message_first and rest and first.casefold() in phrases.lower:
        within = f"{first[0].lower()}{first[1:]} {rest}"
    text = frame.pattern.replace("{product}", names[0]).replace("{brand}", names[1]).replace("{message}", within)
    return sentence(text) if text[:1].isalpha() and not text.startswith(names) else closed(text)


def closed(text: str) -> str:
    """With a full stop where it has no end of its own; its first letter stays, which may be a name's."""
    return text if text.endswith((".", "!", "?", "…", "。", "！", "？", ":")) else text + "."


def _intent(name: str) -> Intent:
    """The intent of that name; one that a person made up is taken as one that explains."""
    return next((intent for intent in Intent if intent.value == name), Intent.EDUCATE)


def _call(text: str, language: str, *, exclaim: bool) -> str:
    line = sentence(text)
    if not exclaim or not line.endswith("."):
        return line
    before, after = {"es": ("¡", "!"), "fr": ("", " !")}.get(language.split("-")[0], ("", "!"))
    return f"{before}{line[:-1]}{after}"


def _read_topic(payload: Mapping[str, Any], phrases: Phrases, statements: list[str]) -> tuple[Frame | None, str]:
    """The frame and the statement a topic was made from; a topic from elsewhere is its own statement."""
    topic = payload["topic"]
    named = [frame for frame in phrases.every_frame() if topic.startswith(f"{frame.name}: ")]
    frame = max(named, key=lambda f: len(f.name), default=None)
    rest = (topic[len(frame.name) :] if frame else topic).strip(" :")
    start = rest.rstrip("….").casefold()
    for statement in statements:
        if start and short_form(statement).rstrip("….").casefold() == start:
            return frame, statement
    contained = [s for s in statements if s.rstrip(".").casefold() in topic.casefold()]
    if contained:
        return None, max(contained, key=len)
    own = without_banned([sentence(rest)] if rest else [], payload.get("bannedWords", ()))
    return None, own[0] if own else statements[0]
