"""All of BUILD's outside, in memory, and watched: what was written, in which order."""

from collections.abc import Sequence
from typing import Any

from lambdas.domain.ids import CampaignId, CampaignKey, CorrelationId, PostId, TaskToken
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus, Configuration
from lambdas.domain.models.post import Batch, Post
from lambdas.domain.models.workflow import BuildInput
from lambdas.ports.stores import IdempotencyRecord
from lambdas.services.notify import Channels
from lambdas.services.validation import resolve_configuration
from tests.fakes import (
    MemoryActive,
    MemoryAlerts,
    MemoryApprovals,
    MemoryCampaigns,
    MemoryCatalog,
    MemoryChat,
    MemoryCheckpoints,
    MemoryCipher,
    MemoryClock,
    MemoryDue,
    MemoryEffects,
    MemoryEngine,
    MemoryExecutions,
    MemoryIds,
    MemoryKeys,
    MemoryMailer,
    MemoryManifests,
    MemoryPosts,
    MemoryRecentTexts,
)
from tests.support import samples


class WatchedCampaigns(MemoryCampaigns):
    """``statuses``: every status each campaign was in, in order."""

    def __init__(self, due: MemoryDue | None = None) -> None:
        super().__init__(due)
        self.statuses: dict[CampaignKey, list[CampaignStatus]] = {}

    def create(self, campaign: Campaign, idempotency: IdempotencyRecord | None = None) -> None:
        super().create(campaign, idempotency)
        self.statuses[campaign.key] = [campaign.status]

    def update(self, key: CampaignKey, **changes: Any) -> Campaign:
        updated = super().update(key, **changes)
        if updated.status != self.statuses[key][-1]:
            self.statuses[key].append(updated.status)
        return updated


class WatchedPosts(MemoryPosts):
    """``versions``: each post as it was after every write; a version that was written twice is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[PostId, dict[int, Post]] = {}

    def plan(self, key: CampaignKey, posts: Sequence[Post], batches: Sequence[Batch]) -> None:
        super().plan(key, posts, batches)
        self._watch(self.get_many(key, [post.post_id for post in posts]))

    def finish(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        return self._watch(super().finish(key, batch_id, posts))

    def revise(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        return self._watch(super().revise(key, batch_id, posts))

    def _watch(self, written: list[Post]) -> list[Post]:
        for post in written:
            known = self.versions.setdefault(post.post_id, {}).setdefault(post.version, post)
            assert known == post, f"version {post.version} of {post.post_id} was written twice"
        return written


class World:
    """The ports of one test, with the brand and personas of ``samples`` in the catalog."""

    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.ids = MemoryIds(self.clock)
        self.due = MemoryDue()
        self.campaigns = WatchedCampaigns(self.due)
        self.posts = WatchedPosts()
        self.catalog = MemoryCatalog()
        self.approvals = MemoryApprovals(self.due, self.clock)
        self.checkpoints = MemoryCheckpoints()
        self.manifests = MemoryManifests()
        self.effects = MemoryEffects()
        self.executions = MemoryExecutions()
        self.active = MemoryActive(self.due)
        self.alerts = MemoryAlerts()
        self.recent = MemoryRecentTexts()
        self.engine = MemoryEngine()
        self.mailer = MemoryMailer()
        self.chat = MemoryChat()
        self.keys = MemoryKeys()
        self.cipher = MemoryCipher(sealing=False)
        self.tokens: list[TaskToken] = []
        self.catalog.put_brand(samples.TENANT, samples.BRAND, samples.brand_config())
        for persona in samples.PERSONAS:
            self.catalog.put_persona(samples.TENANT, persona, samples.persona_config(persona.title()))

    @property
    def channels(self) -> Channels:
        return Channels(self.mailer, self.chat, self.catalog, self.keys)

    def queue(
        self,
        brief: dict[str, Any] | None = None,
        *,
        status: CampaignStatus = CampaignStatus.QUEUED,
        campaign_id: CampaignId = samples.CAMPAIGN_ID,
    ) -> BuildInput:
        """A stored campaign, and the input of its execution. Past ``queued`` it has its configuration."""
        parsed = CampaignBrief.from_wire(brief or samples.brief())
        now = self.clock.now()
        campaign = Campaign(
            tenant_id=samples.TENANT,
            campaign_id=campaign_id,
            status=status,
            brief=parsed,
            correlation_id=samples.CORRELATION,
            created_at=now,
            updated_at=now,
            created_by="manager@acme.example",
        )
        self.campaigns.create(campaign)
        if status is not CampaignStatus.QUEUED:
            key = CampaignKey(samples.TENANT, campaign_id)
            MemoryCampaigns.update(
                self.campaigns, key, expected=[status], at=now, configuration=self.configuration(parsed)
            )
        return BuildInput(
            tenant_id=samples.TENANT, campaign_id=campaign_id, correlation_id=CorrelationId(samples.CORRELATION)
        )

    def configuration(self, brief: CampaignBrief) -> Configuration:
        return resolve_configuration(samples.TENANT, brief, self.catalog, self.clock.now())

    def new_token(self) -> TaskToken:
        """A task token that the engine waits for."""
        token = TaskToken(f"task-token-{len(self.tokens)}-that-never-leaves")
        self.tokens.append(token)
        self.engine.wait_for(token)
        return token

    def everything(self, key: CampaignKey = samples.KEY) -> dict[str, Any]:
        """All that is stored of a campaign and all that was sent, to compare before and after."""
        return {
            "campaign": self.campaigns.get(key).to_wire(),
            "posts": [post.to_wire() for post in self.posts.page(key, 10_000).items],
            "approvals": [approval.to_wire() for approval in self.approvals.all(key)],
            "manifests": {name: list(items) for name, items in self.manifests.objects.items()},
            "mails": len(self.mailer.sent),
            "resumed": len(self.engine.resumed),
            "effects": [effect.to_wire() for effect in self.effects.all(key)],
            "alerts": len(self.alerts.sent),
        }
