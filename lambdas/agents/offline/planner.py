"""Topics without a model: every angle that an intent knows, on every subject that the brief offers.

A subject is one sentence of the brief: a key message, or a sentence of the product's description.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from lambdas.agents.intents import Intent
from lambdas.agents.offline.phrases import Phrases, phrases_for
from lambdas.agents.seeding import derive_seed, shuffled
from lambdas.domain.compliance.words import phrases_in

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_CLOSED = (".", "!", "?", "…", "。", "！", "？", ":")
_LONGEST = 240
_SHORT_WORDS = 16
_SHORT_CHARS = 110


def subjects_of(payload: Mapping[str, Any]) -> list[str]:
    """Key messages first, then the sentences of the product's description; never empty, none with a banned word."""
    product = payload["product"]
    facts = _SENTENCE_END.split(product.get("description", ""))
    usable = without_banned([*payload["keyMessages"], *facts], payload.get("bannedWords", ()))
    seen: dict[str, str] = {}
    for line in usable:
        text = sentence(line)
        if any(c.isalnum() for c in text) and len(text) <= _LONGEST:
            seen.setdefault(short_form(text).casefold(), text)
    return list(seen.values()) or [sentence(product["name"])]


def without_banned(lines: Iterable[str], banned: Sequence[str]) -> list[str]:
    """The lines that say none of the banned words, judged as the brand's rule judges them."""
    words = tuple(banned)
    return [line for line in lines if not words or not _says_any(line, words)]


@lru_cache(maxsize=8_192)
def _says_any(line: str, words: tuple[str, ...]) -> bool:
    return bool(phrases_in([line], words))


def sentence(text: str) -> str:
    """One line that starts with a capital and ends with a full stop where it has no end of its own."""
    line = " ".join(text.split())
    if not line:
        return ""
    line = line[0].upper() + line[1:]
    return line if line.endswith(_CLOSED) else line + "."


def short_form(text: str) -> str:
    """The start of a subject, as it stands in a topic: at most 16 words and 110 characters."""
    words = text.rstrip(".").split()
    short = " ".join(words[:_SHORT_WORDS])
    if len(short) > _SHORT_CHARS:
        short = short[:_SHORT_CHARS].rsplit(" ", 1)[0]
    return short if short == text.rstrip(".") else short.rstrip(",;:-– ") + "…"


def short_audience(text: str) -> str | None:
    """The audience in a few words, or ``None`` where the brief describes it at length."""
    first = re.split(r"[.;:(\n]", text.strip(), maxsplit=1)[0].strip().rstrip(",")
    return first if 3 <= len(first) <= 90 else None


def propose_topics(payload: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """``{topics: [{intent, topic, visual}]}``: as many for each intent as ``wanted`` says, or as many as there are.

    Neighbours in the list differ in angle and in subject. The same seed proposes the same topics.
    """
    phrases = phrases_for(payload["language"])
    subjects = shuffled(subjects_of(payload), seed, "subjects")
    taken = set(payload.get("taken", ()))
    topics: list[dict[str, Any]] = []
    for number, (name, wanted) in enumerate(payload["wanted"].items()):
        fresh = (t for t in _of_intent(Intent(name), phrases, subjects, seed, number) if t["topic"] not in taken)
        topics += [topic for topic, _ in zip(fresh, range(wanted), strict=False)]
    product = payload["product"]["name"]
    return {"topics": [{**t, "visual": t["visual"].replace("{product}", product)} for t in topics]}


def topic_line(angle: str, subject: str) -> str:
    """``angle: subject``; an angle that is a question needs no colon."""
    return (
        f"{angle} {short_form(subject)}"
        if angle.endswith(("?", '?"', "?»", "? »", "?“"))
        else (f"{angle}: {short_form(subject)}")
    )


def _of_intent(intent: Intent, phrases: Phrases, subjects: list[str], seed: int, number: int) -> list[dict[str, str]]:
    angles = shuffled(phrases.intents[intent].angles, seed, intent.value)
    found = []
    for k in range(len(angles) * len(subjects)):
        angle = angles[k % len(angles)]
        # Each angle meets each subject once, and both change from one topic to the next.
        subject = subjects[(k // len(angles) + k % len(angles) + number) % len(subjects)]
        visual = phrases.visuals[derive_seed(seed, intent.value, k) % len(phrases.visuals)]
        found.append(
            {
                "intent": intent.value,
                "topic": topic_line(angle.name, subject),
                "visual": visual.replace("{subject}", short_form(subject)),
            }
        )
    return found
