"""Topics without a model: every angle an intent knows, on every subject the brief offers."""

from collections.abc import Mapping
from typing import Any

from lambdas.agents.intents import Intent
from lambdas.agents.offline.phrases import Phrases, phrases_for
from lambdas.agents.offline.subjects import short_form, subjects_of
from lambdas.agents.seeding import derive_seed, shuffled


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
