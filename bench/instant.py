"""PlanPosts and GeneratePosts with agents that take no time, to measure everything else. Deployed by the bench only.

The steps themselves are the real ones; only what they ask is replaced. ``BENCH_LATENCY_MS`` lets each post wait, as
it would for a model.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.bootstrap import step
from lambdas.build.generate_posts import generate_batch
from lambdas.build.plan_posts import plan_posts
from lambdas.domain.ids import CampaignId, post_id_for
from lambdas.domain.models.base import iso
from lambdas.domain.models.workflow import GenerateBatchEvent, StepEvent
from lambdas.settings import BucketSettings, TableSettings

FIRST_POST_AT = datetime(2027, 4, 1, 9, tzinfo=UTC)
SENTENCE = "A post of an ordinary length, as the programs of the peers write it, and like no other one"


class InstantSettings(TableSettings, BucketSettings):
    """As the real functions have them."""


def instant_plan(data: Mapping[str, Any]) -> dict[str, Any]:
    campaign = data["campaign"]
    posts = [
        {
            "postId": post_id_for(CampaignId(data["campaignId"]), index),
            "personaId": campaign["personaIds"][index % len(campaign["personaIds"])],
            "platform": campaign["platforms"][index % len(campaign["platforms"])],
            "scheduledAt": iso(FIRST_POST_AT + timedelta(minutes=index)),
            "topic": f"Topic {index}",
            "intent": "educate",
        }
        for index in range(campaign["postCount"])
    ]
    return {"success": True, "result": {"posts": posts}, "error": None}


def instant_post(data: Mapping[str, Any]) -> dict[str, Any]:
    latency = float(os.environ.get("BENCH_LATENCY_MS") or 0) / 1000
    if latency:
        time.sleep(latency)
    # Posts of a real campaign differ; the same words with other numbers would all be marked as duplicates.
    text = " ".join(f"{word}{data['postId'][-5:]}" for word in (SENTENCE + ". " + SENTENCE).split())
    content = {"text": text, "hashtags": ["#bench"], "generatedAt": iso(datetime.now(UTC))}
    provenance = {
        "provider": "bench",
        "modelId": "instant-1",
        "promptVersion": "1",
        "promptHash": "0" * 64,
        "brandVersion": data["brandConfig"]["version"],
        "personaVersion": data["personaConfig"]["version"],
    }
    return {"success": True, "result": {"content": content, "provenance": provenance}, "error": None}


plan = step("PlanPosts", StepEvent, InstantSettings, lambda event, ports: plan_posts(event, ports, instant_plan))
generate = step(
    "GeneratePosts",
    GenerateBatchEvent,
    InstantSettings,
    lambda event, ports: generate_batch(event, ports, instant_post),
    checkpoint=False,
)
