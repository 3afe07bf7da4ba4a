"""The offline writer's stock of sentences, one JSON file for each language.

A sentence is ready to use but for its slots (``{product}``, ``{brand}``, ``{subject}``, ``{audience}``), a choice of
address (``[casual|otherwise]``) and a mark ``1|`` in front of those that only a first person can say.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any

from lambdas.agents.intents import Intent

LANGUAGES = ("de", "en", "es", "fr")
NEUTRAL = "neutral"
"""Used for every other language: the brief's own sentences with nothing around them."""

_CHOICE = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_FIRST_PERSON = "1|"
_NEUTRAL_ANGLES = 5


@dataclass(frozen=True)
class Angle:
    """A way to look at a subject: its name in a topic, and sentences that open a post which takes it."""

    name: str
    hooks: tuple[str, ...]


@dataclass(frozen=True)
class IntentPhrases:
    angles: tuple[Angle, ...]
    bridges: tuple[str, ...]
    closers: tuple[str, ...]


@dataclass(frozen=True)
class Phrases:
    intents: dict[Intent, IntentPhrases]
    connectors: tuple[str, ...]
    audience: tuple[str, ...]
    profile_link: tuple[str, ...]
    greetings: tuple[str, ...]
    signoffs: tuple[str, ...]
    postscripts: tuple[str, ...]
    headings: tuple[str, ...]
    transitions: tuple[str, ...]
    endings: tuple[str, ...]
    visuals: tuple[str, ...]


def language_of(tag: str) -> str:
    """The stock a language tag is served from: ``de`` for ``de-AT``, ``neutral`` for one that has none."""
    language = tag.split("-")[0]
    return language if language in LANGUAGES else NEUTRAL


@cache
def phrases_for(tag: str, *, casual: bool = False, first_person: bool = True) -> Phrases:
    """The stock for a language and a voice, with the address chosen and sentences the voice cannot say left out."""
    raw = _load(language_of(tag))

    def usable(lines: list[str]) -> tuple[str, ...]:
        said = (line for line in lines if first_person or not line.startswith(_FIRST_PERSON))
        return tuple(_CHOICE.sub(r"\1" if casual else r"\2", line.removeprefix(_FIRST_PERSON)) for line in said)

    def intent(block: dict[str, Any]) -> IntentPhrases:
        angles = tuple(Angle(name=angle[0], hooks=usable(angle[1:])) for angle in block["angles"])
        return IntentPhrases(angles=angles, bridges=usable(block["bridges"]), closers=usable(block["closers"]))

    return Phrases(
        intents={Intent(name): intent(block) for name, block in raw["intents"].items()},
        connectors=usable(raw["connectors"]),
        audience=usable(raw["audience"]),
        profile_link=usable(raw["profile_link"]),
        greetings=usable(raw["email"]["greetings"]),
        signoffs=usable(raw["email"]["signoffs"]),
        postscripts=usable(raw["email"]["postscripts"]),
        headings=usable(raw["blog"]["headings"]),
        transitions=usable(raw["blog"]["transitions"]),
        endings=usable(raw["blog"]["endings"]),
        visuals=usable(raw["visuals"]),
    )


def sms_opt_out(tag: str) -> str:
    """How to unsubscribe from messages, in the language of the campaign (English where the stock has none).

    Carriers and the CTIA Messaging Principles require it; STOP is the keyword that carriers act on themselves.
    """
    return str(_load(language_of(tag))["sms_opt_out"])


@cache
def _load(language: str) -> dict[str, Any]:
    if language == NEUTRAL:
        return _neutral()
    text = files("lambdas.agents").joinpath("offline", "phrases", f"{language}.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _neutral() -> dict[str, Any]:
    """A stock without words: numbers for angles, names for openings."""
    numbers = count(1)
    openings = ["{product}.", "{brand}: {product}."]
    return {
        "intents": {
            intent.value: {
                "angles": [[f"#{next(numbers)}", *openings] for _ in range(_NEUTRAL_ANGLES)],
                "bridges": [],
                "closers": [],
            }
            for intent in Intent
        },
        "connectors": [],
        "audience": [],
        "profile_link": [],
        "email": {"greetings": [], "signoffs": [], "postscripts": []},
        "sms_opt_out": "Reply STOP to opt out",
        "blog": {"headings": ["{product}", "{brand}", "{product}, {brand}"], "transitions": [], "endings": []},
        "visuals": ["{product}", "{subject}"],
    }
