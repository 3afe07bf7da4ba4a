"""All ports in memory, and watched: what was written, in which order."""

from typing import Any

from lambdas.adapters.table import keys
from lambdas.adapters.table.active_store import TableActive
from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.adapters.table.checkpoint_store import TableCheckpoints
from lambdas.adapters.table.due_store import TableDue
from lambdas.adapters.table.effect_store import TableEffects
from lambdas.adapters.table.news_store import TableNews
from lambdas.adapters.table.post_store import TablePosts
from lambdas.adapters.table.promise_store import TablePromises
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.agents.offline.offline_model import OfflineModel
from lambdas.domain.due_entry import SHARDS, DueEntry, Kind
from lambdas.domain.ids import CampaignId, CampaignKey, CorrelationId, PostId, TaskToken, TenantId
from lambdas.domain.models.base import iso
from lambdas.domain.models.brand import Configuration
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus
from lambdas.domain.models.post import Post
from lambdas.domain.models.workflow import BuildInput
from lambdas.ports.bundle import Deadline
from lambdas.ports.services import TextModel
from lambdas.ports.stores import DueIndex, Limits
from lambdas.ports.table import ItemKey, Table
from lambdas.services.due import Tick
from lambdas.services.validation import resolve_configuration
from tests.fakes import (
    MemoryAlerts,
    MemoryChat,
    MemoryCipher,
    MemoryClock,
    MemoryEngine,
    MemoryIds,
    MemoryKeys,
    MemoryLog,
    MemoryMailer,
    MemoryManifests,
    MemoryRecentTexts,
    MemorySenders,
    MemoryTable,
)
from tests.support import samples


class WatchedTable(MemoryTable):
    """``statuses``: every status each campaign was in, in order. ``versions``: each post as it was after every write;
    a version that was written twice is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: dict[CampaignKey, list[str]] = {}
        self.versions: dict[PostId, dict[int, Post]] = {}

    def wrote(self, key: ItemKey) -> None:
        if key.sk != "CAMPAIGN" and not key.sk.startswith(keys.POSTS):
            return
        record = self.get(key)
        assert record is not None
        if key.sk == "CAMPAIGN":
            campaign = CampaignKey(TenantId(record["tenantId"]), CampaignId(record["campaignId"]))
            statuses = self.statuses.setdefault(campaign, [])
            if record["status"] not in statuses[-1:]:
                statuses.append(record["status"])
        else:
            post = Post.from_record(record)
            known = self.versions.setdefault(post.post_id, {}).setdefault(post.version, post)
            assert known == post, f"version {post.version} of {post.post_id} was written twice"


def entries_of(index: DueIndex, kind: Kind) -> list[DueEntry]:
    """Whatever is in the index, oldest first."""
    found = [entry for shard in range(SHARDS) for entry in index.due(kind, shard, None)]
    return sorted(found, key=lambda entry: (iso(entry.at), entry.key, entry.item))


def stores_on(table: Table, clock: MemoryClock) -> dict[str, Any]:
    """The stores of a step, by their names in ``Ports``."""
    return {
        "campaigns": TableCampaigns(table),
        "posts": TablePosts(table),
        "catalog": TableCatalog(table),
        "approvals": TableApprovals(table, clock),
        "checkpoints": TableCheckpoints(table),
        "effects": TableEffects(table),
    }


class World:
    """The ports of one test (``Ports``), with the brand and personas of ``samples`` in the catalog."""

    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.ids = MemoryIds(self.clock)
        self.table = WatchedTable()
        self.due = TableDue(self.table)
        self.campaigns = TableCampaigns(self.table)
        self.posts = TablePosts(self.table)
        self.catalog = TableCatalog(self.table)
        self.approvals = TableApprovals(self.table, self.clock)
        self.checkpoints = TableCheckpoints(self.table)
        self.manifests = MemoryManifests()
        self.effects = TableEffects(self.table)
        self.news = TableNews(self.table)
        self.active = TableActive(self.table)
        self.alerts = MemoryAlerts()
        self.recent_texts = self.remembered_texts = MemoryRecentTexts()
        self.engine = MemoryEngine()
        self.mailer = MemoryMailer()
        self.chat = MemoryChat()
        self.keys = MemoryKeys()
        self.cipher = MemoryCipher(sealing=False)
        self.senders = MemorySenders()
        self.promises = TablePromises(self.table)
        self.limits = Limits(campaigns=1_000, model_calls=100_000)
        self.model: TextModel = OfflineModel()
        self.log = MemoryLog()
        self.base_url = "https://campaigns.example/prod"
        self.deadline: Deadline | None = None
        self.tokens: list[TaskToken] = []
        self.catalog.put_brand(samples.TENANT, samples.BRAND, samples.brand_config())
        for persona in samples.PERSONAS:
            self.catalog.put_persona(samples.TENANT, persona, samples.persona_config(persona.title()))

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
            self.campaigns.update(key, expected=[status], at=now, configuration=self.configuration(parsed))
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

    def tick(self, failed: list[Exception], *, everything: bool = True) -> Tick:
        """One run of what goes by the clock, over ``everything`` or what is due; errors go to ``failed``."""
        return Tick(self.due, self.clock, lambda: True, lambda _, error: failed.append(error), everything)

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
            "approved texts": self.recent_texts.of_tenant(key.tenant_id).to_wire(),
        }
