"""One post without a model: the sentences of ``material`` in the shape of its platform, changed as a reviewer's comment
says as far as that goes without understanding it."""

import re
from collections.abc import Mapping
from typing import Any

from lambdas.agents.offline.material import LINK, Material, gather
from lambdas.agents.offline.shapes import SHAPES, cut, fit
from lambdas.agents.seeding import derive_seed, pick, shuffled
from lambdas.domain.compliance import reading_grade
from lambdas.domain.limits import measure
from lambdas.domain.limits.measure import is_emoji
from lambdas.domain.platforms import Platform

_LIVELY = frozenset(
    {Platform.X, Platform.BLUESKY, Platform.THREADS, Platform.INSTAGRAM, Platform.FACEBOOK, Platform.TIKTOK}
)
_SUBJECT_CHARS = 60
_PREVIEW_CHARS = 100
_TITLE_CHARS = 95
_TRIES = 6


def write_draft(payload: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A draft in the wire form of ``content_generator.contract.Draft``; the same seed writes the same.

    Where the brand caps the reading grade, the first of a few drafts that keeps it, else the easiest of them.
    """
    first = _draft(payload, seed)
    highest = payload.get("maxReadingGrade")
    if highest is None or not payload["language"].startswith("en") or _grade(first) <= highest:
        return first
    others = [_draft(payload, derive_seed(seed, n)) for n in range(_TRIES)]
    return next((draft for draft in others if _grade(draft) <= highest), min([first, *others], key=_grade))


def _grade(draft: Mapping[str, Any]) -> float:
    return reading_grade(draft["text"]) or 0.0


def _draft(payload: Mapping[str, Any], seed: int) -> dict[str, Any]:
    material = gather(payload, seed)
    emoji = _emoji(material, payload)
    room = int(payload["room"]) - (5 if emoji else 0)  # a space, and at most four for the emoji on any platform
    text = fit(SHAPES[material.platform](material), material.platform, room)
    text = follow(text, payload, material.platform, room)
    return {
        "text": _with_emoji(text, emoji),
        "hashtags": _hashtags(material, payload),
        "mentions": _mentions(material, payload),
        "callToAction": payload["callToAction"],
        **_headers(material),
    }


def _headers(m: Material) -> dict[str, str]:
    if m.platform is Platform.EMAIL:
        preview = next((text for text in m.others if len(text.encode()) <= _PREVIEW_CHARS), m.call_to_action)
        return {"subject": _fitting(_SUBJECT_CHARS, m), "preview": _line(preview, _PREVIEW_CHARS)}
    if m.platform in (Platform.BLOG, Platform.YOUTUBE):
        return {"title": _fitting(_TITLE_CHARS, m)}
    return {}


def _fitting(longest: int, m: Material) -> str:
    """A line that is shown in full: the statement with its product, the statement, or the names alone."""
    lead = m.lead.rstrip(".")
    names = m.product if m.brand.casefold() in m.product.casefold() else f"{m.product} – {m.brand}"
    both = lead if m.product.casefold() in lead.casefold() else m.title
    return next((c for c in (both, lead, names) if len(c.encode()) <= longest), _line(m.product, longest))


def _line(text: str, longest: int) -> str:
    """One line of at most so many bytes, which is never more than as many characters."""
    return cut(" ".join(text.split()), Platform.BLOG, longest)


def _hashtags(m: Material, payload: Mapping[str, Any]) -> list[str]:
    """The brand's own, in turn, then one made of the product's name."""
    own = shuffled(payload.get("brandHashtags", ()), m.seed, "hashtags")
    words = "".join(word[:1].upper() + word[1:] for word in m.product.split())
    name = "".join(c for c in words if c.isalnum())
    made = [f"#{name}"] if 3 <= len(name) <= 30 and not name.isdigit() else []
    most = int(payload["maxHashtags"])
    return list(dict.fromkeys([*own[: max(most - 1, 1)], *made, *own]))[:most]


def _mentions(m: Material, payload: Mapping[str, Any]) -> list[str]:
    """A person who speaks for the brand names it now and then; the brand itself does not."""
    handle = payload.get("brandHandle")
    return [handle] if handle and m.voice.first_person and derive_seed(m.seed, "mention") % 3 == 0 else []


def _emoji(m: Material, payload: Mapping[str, Any]) -> str:
    if payload["emojiPolicy"] == "none" or m.platform not in _LIVELY or not m.voice.emoji or m.calm:
        return ""
    if derive_seed(m.seed, "emoji") % 3 == 0:
        return ""
    return "" if _has_emoji(m) else pick(m.voice.emoji, m.seed, "which")


def _has_emoji(m: Material) -> bool:
    """Whether the brief brings its own: one is all that ``sparing`` allows."""
    spoken = f"{m.lead}{m.call_to_action}{m.product}{m.brand}{''.join(m.others)}"
    return not spoken.isascii() and any(is_emoji(character) for character in spoken)


def _with_emoji(text: str, emoji: str) -> str:
    first, gap, rest = text.partition("\n\n")
    if not emoji or LINK in text or first.endswith(":"):
        return text
    return f"{first} {emoji}{gap}{rest}"


SHORTER = 0.6
"""Of the previous text's length, when it was to be shorter."""
_SHORTER = re.compile(r"\b(short(en|er)?|too long|brief(er)?|concise|trim|cut)\b", re.IGNORECASE)
_AVOID = re.compile(
    r"\b(?:avoid|without|drop|remove|do not (?:say|use|mention)|don['’]t (?:say|use|mention)|never (?:say|use|mention))"
    r"\s+(?:the words?\s+)?(?:[\"“'‘]([^\"”'’]+)[\"”'’]|([\w-]+))",
    re.IGNORECASE,
)
_MENTION = re.compile(
    r"(?<!not )(?<!n['’]t )(?<!never )\b(?:mention|include|add|say|talk about|point out)(?:\s+that)?\s+"
    r"(?:[\"“'‘]([^\"”'’]+)[\"”'’]|([^.;!\n]+))",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+|(?=\n)|$)|\n+")


def follow(text: str, payload: Mapping[str, Any], platform: Platform, room: int) -> str:
    """``text`` shortened, rid of words, with a sentence added, as ``payload['revision']`` says; within ``room``."""
    revision = payload.get("revision")
    if not revision:
        return text
    said = str(revision.get("instructions", ""))
    text = without(text, [first or second for first, second in _AVOID.findall(said)])
    wanted = [sentence(first or second) for first, second in _MENTION.findall(_AVOID.sub("", said))]
    missing = " ".join(s for s in wanted if s.rstrip(".").casefold() not in text.casefold())
    if _SHORTER.search(said):
        before = measure(platform, str(revision.get("previousText") or text))
        room = min(room, max(20, int(before * SHORTER)))
    if not missing:
        return cut(text, platform, room)
    left = room - measure(platform, missing) - 2
    return f"{missing} {cut(text, platform, left)}".strip() if left > 0 else cut(missing, platform, room)


def without(text: str, words: list[str]) -> str:
    """The text without the sentences that say one of the words, or without the words where nothing else is left."""
    for word in words:
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        kept = "".join(part for part in _SENTENCE.findall(text) if not pattern.search(part)).strip()
        text = kept or " ".join(pattern.sub("", text).split())
    return text


def sentence(wish: str) -> str:
    """What to mention, as a sentence of its own."""
    plain = " ".join(wish.split()).strip(" ,:-")
    return plain[:1].upper() + plain[1:] + ("" if plain.endswith((".", "!", "?")) else ".") if plain else ""
