"""Topics without a model: for each statement that a post is to be about, a frame that is not used up.

A topic is ``frame: statement``. No statement comes in one frame twice, none starts more than two posts with its own
first words, and frames are used evenly.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from lambdas.agents.intents import Intent
from lambdas.agents.offline.phrases import Frame, Phrases, phrases_for
from lambdas.agents.seeding import pick, shuffled
from lambdas.agents.statements import short_form
from lambdas.domain.compliance.copy_rules import refers_back

_EARLY_IT = re.compile(r"\w+(?: \w+)? (?:it|them)\b")
SAME_START = 2
"""So many posts may start with the first words of a statement."""


def propose_topics(payload: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """``{topics: [{intent, message, topic, visual}]}`` for ``wanted``, or as many as there are. The same seed proposes
    the same topics."""
    phrases = phrases_for(payload["language"])
    statements = {int(s["number"]): str(s["text"]) for s in payload["statements"]}
    choice = _Choice(phrases, payload, seed)
    topics = []
    for wanted in payload["wanted"]:
        text = statements[int(wanted["message"])]
        for _ in range(int(wanted["number"])):
            frame = choice.frame(Intent(wanted["intent"]), text)
            if frame is None:
                break
            visual = pick(phrases.visuals, seed, frame.name, text).replace("{subject}", short_form(text))
            topics.append(
                {
                    "intent": wanted["intent"],
                    "message": wanted["message"],
                    "topic": topic_line(frame.name, text),
                    "visual": visual.replace("{product}", payload["product"]["name"]),
                }
            )
    return {"topics": topics}


class _Choice:
    """Which frames are used up, and by which statement."""

    def __init__(self, phrases: Phrases, payload: Mapping[str, Any], seed: int) -> None:
        self._phrases, self._seed = phrases, seed
        self._language = payload["language"]
        self._names = payload["product"]["name"], payload["brand"]["name"]
        self._taken = set(payload.get("taken", ()))
        self._uses = Counter(
            frame.name
            for frame in phrases.every_frame()
            for topic in self._taken
            if topic.startswith(f"{frame.name}: ")
        )

    def frame(self, intent: Intent, text: str) -> Frame | None:
        frames = usable_frames(self._phrases, intent, text, self._names, self._language)
        started = sum(self._is_taken(frame, text) for frame in frames if frame.message_first)
        order = {frame: place for place, frame in enumerate(shuffled(frames, self._seed, "frames"))}
        fresh = [
            frame
            for frame in frames
            if not self._is_taken(frame, text) and not (frame.message_first and started >= SAME_START)
        ]
        if not fresh:
            return None
        # The message by itself is the best copy there is; after that the frame that was used least.
        best = min(fresh, key=lambda frame: (not frame.bare, self._uses[frame.name], order[frame]))
        self._uses[best.name] += 1
        self._taken.add(topic_line(best.name, text))
        return best

    def _is_taken(self, frame: Frame, text: str) -> bool:
        return topic_line(frame.name, text) in self._taken


def usable_frames(
    phrases: Phrases, intent: Intent, text: str, names: tuple[str, str], language: str
) -> tuple[Frame, ...]:
    """The frames of an intent that a statement may stand in. One that refers to something never comes first."""
    refers = refers_to_product(text, language) and names[0].casefold() not in text.casefold()
    frames = phrases.frames_for(intent)
    fitting = tuple(frame for frame in frames if frame.fits(text.rstrip("."), *names, refers=refers))
    return fitting or tuple(frame for frame in frames if frame.pattern.endswith("{message}"))


def refers_to_product(text: str, language: str) -> bool:
    """Whether a statement says "it" before anything that this could be: "Setting it up takes an afternoon"."""
    return refers_back(text, language) or bool(_EARLY_IT.match(text)) or len(text.split()) < _FULL


_FULL = 4
"""Words: of a shorter statement the reader does not know what it is about ("Tarda un día")."""


def topic_line(frame: str, text: str) -> str:
    return f"{frame}: {short_form(text)}"
