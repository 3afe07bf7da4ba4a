"""The offline writer's stock, one JSON file for each language.

A frame is what is said around a message of the brief: it is true of any product and is right for any message, be it a
noun phrase, a sentence or an imperative. Slots are ``{message}``, ``{product}``, ``{brand}``; ``[casual|otherwise]``
is a choice of address.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lambdas.agents.intents import Intent

LANGUAGES = ("de", "en", "es", "fr")
NEUTRAL = "neutral"
"""Used for every other language: the brief's own sentences, with only names around them."""

_CHOICE = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_SLOT = "{message}"
_ANY = "any"


@dataclass(frozen=True)
class Frame:
    name: str
    """Stands in front of the message in a topic, so that the writer knows the frame from the topic."""
    pattern: str

    @property
    def bare(self) -> bool:
        return self.pattern == _SLOT

    @property
    def message_first(self) -> bool:
        return self.pattern.startswith(_SLOT)

    def fits(self, message: str, product: str, brand: str, *, refers: bool) -> bool:
        """Whether the frame neither says a name twice nor goes on after a message that ends loudly.

        Before a message that ``refers`` to the product the frame has to name it.
        """
        if refers and not 0 <= self.pattern.find("{product}") < self.pattern.find(_SLOT):
            return False
        if not self.pattern.endswith(_SLOT) and message.endswith(("!", "?", "…", ":")):
            return False
        said, names = message.casefold(), (product.casefold(), brand.casefold())
        used = [name for slot, name in zip(("{product}", "{brand}"), names, strict=True) if slot in self.pattern]
        twice = len(used) == 2 and (names[0] in names[1] or names[1] in names[0])
        return not twice and not any(name in said for name in used)


@dataclass(frozen=True)
class Phrases:
    frames: dict[str, tuple[Frame, ...]]
    """By intent, and those of every intent under ``any``."""
    lists: tuple[str, ...]
    """Headings of a list of messages."""
    lower: frozenset[str]
    """Words that lose their capital within a sentence, whatever they mean."""
    profile: tuple[str, str]
    """A call to action that points to the profile, with a link there and without."""
    colon: str
    greetings: tuple[str, ...]
    signoffs: tuple[str, ...]
    visuals: tuple[str, ...]

    def frames_for(self, intent: Intent) -> tuple[Frame, ...]:
        """Those of the intent, then those of every intent; a story is told and not summed up."""
        own, others = self.frames.get(intent.value, ()), self.frames[_ANY]
        if own and intent is Intent.STORY:
            others = tuple(frame for frame in others if frame.message_first)
        return (*own, *others)

    def every_frame(self) -> tuple[Frame, ...]:
        return tuple(frame for frames in self.frames.values() for frame in frames)


def language_of(tag: str) -> str:
    """The stock a language tag is served from: ``de`` for ``de-AT``, ``neutral`` for one that has none."""
    language = tag.split("-")[0]
    return language if language in LANGUAGES else NEUTRAL


@cache
def phrases_for(tag: str, *, casual: bool = False) -> Phrases:
    """The stock for a language, with the address chosen."""
    raw = _load(language_of(tag))

    def said(line: str) -> str:
        return _CHOICE.sub(r"\1" if casual else r"\2", line)

    return Phrases(
        frames={intent: tuple(Frame(name, said(p)) for name, p in frames) for intent, frames in raw["frames"].items()},
        lists=tuple(said(line) for line in raw["lists"]),
        lower=frozenset(raw["lower"].split()),
        profile=(raw["profile"][0], raw["profile"][1]),
        colon=raw["colon"],
        greetings=tuple(said(line) for line in raw["email"]["greetings"]),
        signoffs=tuple(said(line) for line in raw["email"]["signoffs"]),
        visuals=tuple(said(line) for line in raw["visuals"]),
    )


def sms_opt_out(tag: str) -> str:
    """How to unsubscribe from messages, in the language of the campaign (English where the stock has none).

    Carriers and the CTIA Messaging Principles require it; STOP is the keyword that carriers act on themselves.
    """
    return str(_load(language_of(tag))["sms_opt_out"])


@cache
def _load(language: str) -> dict[str, Any]:
    if language == NEUTRAL:
        return _NEUTRAL
    text = files("lambdas.agents").joinpath("offline", "phrases", f"{language}.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


_PATTERNS = (
    "{message}",
    "{message} – {product}",
    "{product}: {message}",
    "{brand}: {message}",
    "{product} – {message}",
    "{brand} – {message}",
    "{brand}, {product}: {message}",
    "{product}, {brand}: {message}",
    "{product} | {message}",
    "{brand} | {message}",
    "{brand} | {product}: {message}",
    "{message} | {product}",
)
_NEUTRAL: dict[str, Any] = {
    "frames": {_ANY: [[f"#{number}", pattern] for number, pattern in enumerate(_PATTERNS, 11)]},
    "lists": ["{product}", "{brand}", "{brand}, {product}", "{product}, {brand}"],
    "lower": "",
    "profile": ["{call}", "{call}"],
    "colon": ":",
    "email": {"greetings": [], "signoffs": []},
    "sms_opt_out": "Reply STOP to opt out",
    "visuals": ["{product}", "{subject}"],
}
"""A stock without words: numbers for names."""
