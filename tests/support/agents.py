"""Agents that do as they are told and keep count: stand-ins that break when, and as, a test says."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Any

from lambdas.domain.ids import CampaignId, post_id_for
from lambdas.domain.models.base import iso

FIRST_POST_AT = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


class Act(StrEnum):
    """What an agent does when it is called."""

    WRITE = "write"
    TEMPORARY = "temporary"
    THROTTLED = "throttled"
    PERMANENT = "permanent"
    RAISE = "raise"
    NONSENSE = "nonsense"


Script = Mapping[int, Act | Sequence[Act]]
"""By post index: one act for every call, or acts call by call and then ``WRITE``."""


class Planner:
    """Plans ``postCount`` posts, personas and platforms in turn. ``calls`` counts."""

    def __init__(self, acts: Sequence[Act] = (), spoil: Callable[[list[dict[str, Any]]], Any] | None = None) -> None:
        self._acts = acts
        self._spoil = spoil
        self.calls = 0

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        call, self.calls = self.calls, self.calls + 1
        act = self._acts[call] if call < len(self._acts) else Act.WRITE
        if act is not Act.WRITE:
            return _failing(act)
        campaign, campaign_id = data["campaign"], CampaignId(data["campaignId"])
        posts = [
            {
                "postId": post_id_for(campaign_id, index),
                "personaId": campaign["personaIds"][index % len(campaign["personaIds"])],
                "platform": campaign["platforms"][index % len(campaign["platforms"])],
                "scheduledAt": iso(FIRST_POST_AT + timedelta(hours=index)),
                "topic": f"Topic {index} of plan {self.calls}",
                "intent": "educate",
            }
            for index in range(campaign["postCount"])
        ]
        planned = self._spoil(posts) if self._spoil else posts
        return {"success": True, "result": {"posts": planned}, "error": None}


class Generator:
    """Writes a text that no other call writes. ``calls`` by post index; ``peak`` is the most posts at once.

    ``seconds`` is how long a post takes, so that posts that may overlap do; ``during`` is called meanwhile;
    ``texts`` by post index are written as they are.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        seconds: float = 0.0,
        during: Callable[[int], None] | None = None,
        texts: Mapping[int, str] | None = None,
    ) -> None:
        self._script = script or {}
        self._seconds = seconds
        self._during = during
        self._texts = texts or {}
        self._lock = Lock()
        self._in_flight = 0
        self.calls: Counter[int] = Counter()
        self.peak = 0
        self.inputs: list[Mapping[str, Any]] = []

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        index = data["post"]["index"]
        with self._lock:
            number = self.calls[index]
            self.calls[index] += 1
            self.inputs.append(data)
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
            text = self._texts.get(index) or f"Post {index}, text {self.calls.total()}"
        try:
            if self._seconds:
                time.sleep(self._seconds)
            if self._during:
                self._during(index)
            act = self._act(index, number)
            return _failing(act) if act is not Act.WRITE else _written(text, data)
        finally:
            with self._lock:
                self._in_flight -= 1

    def _act(self, index: int, number: int) -> Act:
        acts = self._script.get(index, ())
        if isinstance(acts, Act):
            return acts
        return acts[number] if number < len(acts) else Act.WRITE


def _written(text: str, data: Mapping[str, Any]) -> dict[str, Any]:
    content = {"text": text, "hashtags": ["#tea"], "generatedAt": "2026-01-05T09:00:00.000Z"}
    provenance = {
        "provider": "test",
        "modelId": "test-1",
        "promptVersion": "1",
        "promptHash": "0" * 64,
        "brandVersion": data["brandConfig"]["version"],
        "personaVersion": data["personaConfig"]["version"],
    }
    return {"success": True, "result": {"content": content, "provenance": provenance}, "error": None}


def _failing(act: Act) -> dict[str, Any]:
    if act is Act.RAISE:
        raise RuntimeError("the agent broke its promise never to raise")
    if act is Act.NONSENSE:
        return {"success": True, "result": {"content": {"text": 7}}, "error": None}
    code = {Act.TEMPORARY: "PROVIDER_UNAVAILABLE", Act.THROTTLED: "PROVIDER_THROTTLED"}.get(act, "BRAND_RULE_BROKEN")
    retryable = code != "BRAND_RULE_BROKEN"
    details = {"word": "cheap", "code": "an agent's own detail"}
    error = {"code": code, "message": "as the test wants it", "retryable": retryable, "details": details}
    return {"success": False, "result": None, "error": error}
