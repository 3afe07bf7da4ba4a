"""PlanPosts and GeneratePosts with agents that take no time, to measure everything else. Deployed by the bench only.

The steps themselves are the real ones; only what they ask is replaced. ``BENCH_LATENCY_MS`` lets each post wait, as
it would for a model.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.remembered_texts import RememberedTexts
from lambdas.adapters.aws.s3_manifests import S3Manifests
from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock, UlidSource
from lambdas.adapters.table.attempt import current_deadline
from lambdas.build.generate_posts.logic import BatchPorts, generate_batch
from lambdas.build.plan_posts.logic import plan_posts
from lambdas.domain.ids import CampaignId, post_id_for
from lambdas.domain.models.base import iso
from lambdas.domain.models.workflow import BatchResult, GenerateBatchEvent, PlanResult, StepEvent
from lambdas.services.saga import RecordedManifests

FIRST_POST_AT = datetime(2027, 4, 1, 9, tzinfo=UTC)
SENTENCE = "A post of an ordinary length, as the programs of the peers write it, and like no other one"


class PlanSettings(TableSettings):
    """``MANIFEST_BUCKET``, as the real functions have it."""

    manifest_bucket: str


@step("PlanPosts", StepEvent, PlanSettings, stores.checkpoints)
def plan(event: StepEvent, settings: PlanSettings) -> PlanResult:
    manifests = RecordedManifests(
        S3Manifests(client("s3"), settings.manifest_bucket), stores.effects(settings), event.attempt, SystemClock()
    )
    recent = S3RecentTexts(client("s3"), settings.manifest_bucket)
    return plan_posts(
        event, stores.campaigns(settings), stores.posts(settings), manifests, recent, instant_plan, SystemClock()
    )


@cache
def _recent(bucket: str) -> RememberedTexts:
    return RememberedTexts(S3RecentTexts(client("s3"), bucket))


@step("GeneratePosts", GenerateBatchEvent, PlanSettings, None)
def generate(event: GenerateBatchEvent, settings: PlanSettings) -> BatchResult:
    recent = _recent(settings.manifest_bucket)
    posts, campaigns = stores.posts(settings), stores.campaigns(settings)
    ports = BatchPorts(campaigns, posts, recent, instant_post, SystemClock(), UlidSource(), current_deadline())
    return generate_batch(event, ports)


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
