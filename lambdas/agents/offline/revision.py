"""Doing what a reviewer's comment says, as far as that goes without understanding it."""

import re
from collections.abc import Mapping
from typing import Any

from lambdas.agents.offline.fitting import cut
from lambdas.domain.limits import measure
from lambdas.domain.platforms import Platform

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
