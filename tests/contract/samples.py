"""Records to store, as small as their models allow."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.domain.ids import CallbackId, CampaignId, CampaignKey, TenantId, post_id_for
from lambdas.domain.models.approval import Approval, MadeDecision
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.checkpoint import Checkpoint
from lambdas.domain.models.post import Batch, Claim, Post, PostContent, PostError, PostStatus, Provenance
from lambdas.domain.models.workflow import Decision
from tests.support.samples import plain_brief

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_000, tzinfo=UTC)
ACME = TenantId("acme")
GLOBEX = TenantId("globex")
KEY = CampaignKey(ACME, CampaignId("01KJQ0000000000000000000A1"))


def campaign(key: CampaignKey = KEY, **changes: Any) -> Campaign:
    brief = plain_brief(
        personaIds=["ann"],
        generation={"toleratedFailurePercentage": 2.5},
        approval={"reviewers": ["ann@example.com"]},
    )
    record = {
        "tenantId": key.tenant_id,
        "campaignId": key.campaign_id,
        "status": "queued",
        "brief": brief,
        "correlationId": "corr-1",
        "createdAt": NOW,
        "updatedAt": NOW,
        "createdBy": "manager@acme.example",
    }
    return Campaign.model_validate(record | changes)


def numbered(tenant_id: TenantId, number: int) -> CampaignKey:
    """Keys that sort by their number."""
    return CampaignKey(tenant_id, CampaignId(f"01KJQ00000000000000000{number:04d}"))


def plan(key: CampaignKey = KEY, *, posts: int = 4, batch: int = 2) -> tuple[list[Post], list[Batch]]:
    planned = [
        Post.model_validate(
            {
                "postId": post_id_for(key.campaign_id, index),
                "personaId": "ann",
                "platform": "x",
                "scheduledAt": NOW + timedelta(hours=index),
                "topic": f"Topic {index}",
                "intent": "educate",
                "assetRequirements": {"kind": "image", "width": 1_200, "height": 675} if index % 2 else {},
                "index": index,
                "batchId": index // batch,
            }
        )
        for index in range(posts)
    ]
    starts = range(0, posts, batch)
    batches = [
        Batch(batch_id=start // batch, post_ids=tuple(post.post_id for post in planned[start : start + batch]))
        for start in starts
    ]
    return planned, batches


def claim(owner: str = "child-1", attempt: int = 0, later: timedelta = timedelta(0)) -> Claim:
    at = NOW + later
    return Claim(owner=owner, attempt=attempt, nonce="n", claimed_at=at, expires_at=at + timedelta(minutes=5))


def written(post: Post, *, at: datetime = NOW) -> Post:
    content = PostContent(text="Boil faster.", hashtags=("#tea",), generated_at=at)
    provenance = Provenance(
        provider="offline",
        model_id="m",
        prompt_version="1",
        prompt_hash="h",
        brand_version=1,
        persona_version=2,
        cost_usd=0.000_1,
    )
    update = {"status": PostStatus.COMPLETED, "content": content, "provenance": provenance, "completed_at": at}
    return post.model_copy(update=update)


def broken(post: Post) -> Post:
    error = PostError(code="BANNED_WORD", message="It says cheap.", details={"word": "cheap", "score": 0.75})
    return post.model_copy(update={"status": PostStatus.FAILED, "error": error, "completed_at": NOW})


def brand_config(**changes: Any) -> BrandConfig:
    return BrandConfig.model_validate({"name": "Kettles", "tone": ["warm"], "voice": "Plain."} | changes)


def persona_config(**changes: Any) -> PersonaConfig:
    fields = {"name": "Ann", "role": "Founder", "style": "Short.", "examples": ["We boil water."]}
    return PersonaConfig.model_validate(fields | changes)


def checkpoint(**changes: Any) -> Checkpoint:
    fields = {
        "stepName": "PlanPosts",
        "attempt": 0,
        "outcome": "succeeded",
        "executionArn": f"arn:aws:states:us-east-1:000000000000:execution:Build:{KEY.campaign_id}",
        "correlationId": "corr-1",
        "startedAt": NOW,
        "endedAt": NOW + timedelta(seconds=1),
        "durationMs": 1_000.5,
        "result": {"totalPosts": 4, "share": 0.25, "empty": {}, "names": ["a", "b"], "done": True},
    }
    return Checkpoint.model_validate(fields | changes)


def approval(callback_id: str = "01KJQ0000000000000000000C1", **changes: Any) -> Approval:
    fields = {
        "callbackId": callback_id,
        "tenantId": KEY.tenant_id,
        "campaignId": KEY.campaign_id,
        "executionId": "arn:aws:states:us-east-1:000000000000:execution:Build:x",
        "status": "PENDING",
        "taskToken": "task-token",
        "reviewers": [{"email": "ann@example.com", "nonceHash": "abc"}],
        "summary": {
            "name": "Spring launch",
            "totalPosts": 4,
            "completedPosts": 3,
            "failedPosts": 1,
            "platforms": ["x"],
            "personas": ["Ann"],
        },
        "contentHash": "hash",
        "createdAt": NOW,
        "expiresAt": NOW + timedelta(days=7),
        "layout": 1,
    }
    return Approval.model_validate(fields | changes)


def decision(by: str = "ann@example.com") -> MadeDecision:
    return MadeDecision(decision=Decision.APPROVED, comments="Go.", decided_by=by, decided_at=NOW)


CALLBACK = CallbackId("01KJQ0000000000000000000C1")
