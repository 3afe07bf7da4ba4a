"""The API on in-memory fakes, called the way API Gateway calls it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.memory import (
    MemoryActive,
    MemoryApprovals,
    MemoryCampaigns,
    MemoryCatalog,
    MemoryCheckpoints,
    MemoryClock,
    MemoryEngine,
    MemoryExecutions,
    MemoryIds,
    MemoryKeys,
    MemoryPosts,
)
from lambdas.api.approvals.decisions import DecisionPorts
from lambdas.api.approvals.links import LinkPorts
from lambdas.api.rest.app import Api
from lambdas.api.services import Services
from lambdas.core.content_hash import content_hash
from lambdas.core.errors import CampaignError
from lambdas.core.ids import (
    BrandId,
    CallbackId,
    CampaignId,
    CampaignKey,
    CorrelationId,
    PersonaId,
    TaskToken,
    TenantId,
    post_id_for,
)
from lambdas.core.links import approval_link, nonce_hash
from lambdas.core.models.approval import Approval, ApprovalStatus, CampaignSummary, Reviewer
from lambdas.core.models.brand import BrandConfig, PersonaConfig
from lambdas.core.models.campaign import Campaign, CampaignBrief, CampaignStatus, PostCounts
from lambdas.core.models.post import Batch, Post, PostContent, PostStatus
from lambdas.core.platforms import Platform

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
CAMPAIGN_ID = CampaignId("01JZ0000000000000000000CAM")
CALLBACK_ID = CallbackId("01JZ00000000000000000CA11B")
TASK_TOKEN = TaskToken("task-token-that-must-never-leave")
REVIEWERS = ("ada@example.com", "grace@example.com")

BRAND = {
    "name": "Northwind Tools",
    "tone": ["warm", "plain-spoken"],
    "voice": "We talk like a colleague who has done the job before.",
    "hashtags": ["#northwind"],
}
PERSONA = {
    "name": "Mara Lindqvist",
    "role": "Head of customer success",
    "style": "Short sentences, one concrete example.",
    "examples": ["We shipped it on a Tuesday. By Friday nobody remembered the old way."],
    "platforms": ["x", "linkedin", "email"],
}


def brief(**changes: Any) -> dict[str, Any]:
    """A brief that is fine, with ``changes``."""
    base: dict[str, Any] = {
        "name": "Spring launch",
        "product": {"name": "Northwind Planner", "description": "Plans the week of a small workshop."},
        "goal": "Two hundred sign-ups for the trial.",
        "audience": "Owners of workshops with five to fifty people.",
        "keyMessages": ["Plan the week in ten minutes"],
        "callToAction": "Start the trial",
        "brandId": "northwind",
        "personaIds": ["mara"],
        "platforms": ["x", "linkedin"],
        "schedule": {"timeZone": "Europe/Berlin", "start": "2026-03-02T09:00:00", "end": "2026-03-15T18:00:00"},
        "approval": {"reviewers": list(REVIEWERS)},
    }
    return base | changes


class RecordingLog:
    """Everything the API logs, and nothing printed."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, str]]] = []
        self.served_requests: list[tuple[str, str, int]] = []
        self.correlation_ids: list[str] = []
        self.errors: list[Exception] = []

    def begin(self, correlation_id: str) -> None:
        self.correlation_ids.append(correlation_id)

    def event(self, name: str, **fields: str) -> None:
        self.events.append((name, fields))

    def served(self, method: str, route: str, status: int) -> None:
        self.served_requests.append((method, route, status))

    def failed(self, error: Exception) -> None:
        self.errors.append(error)

    def started(self, tenant_id: str, campaign_id: str) -> None:
        self.events.append(("started", {"tenant_id": tenant_id, "campaign_id": campaign_id}))

    def refused(self, error: CampaignError) -> None:
        self.events.append(("refused", {"code": error.code}))


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.text))

    @property
    def fields(self) -> list[str]:
        """The field paths of a problem."""
        return [error["field"] for error in self.json["errors"]]


@dataclass
class World:
    clock: MemoryClock = field(default_factory=MemoryClock)
    campaigns: MemoryCampaigns = field(default_factory=MemoryCampaigns)
    posts: MemoryPosts = field(default_factory=MemoryPosts)
    catalog: MemoryCatalog = field(default_factory=MemoryCatalog)
    checkpoints: MemoryCheckpoints = field(default_factory=MemoryCheckpoints)
    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    executions: MemoryExecutions = field(default_factory=MemoryExecutions)
    active: MemoryActive = field(default_factory=MemoryActive)
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    log: RecordingLog = field(default_factory=RecordingLog)
    public_url: str = ""

    def __post_init__(self) -> None:
        self.ids = MemoryIds(self.clock)
        self.services = Services(
            campaigns=self.campaigns,
            posts=self.posts,
            catalog=self.catalog,
            checkpoints=self.checkpoints,
            approvals=self.approvals,
            executions=self.executions,
            active=self.active,
            engine=self.engine,
            keys=self.keys,
            clock=self.clock,
            ids=self.ids,
            log=self.log,
            public_url=lambda: self.public_url,
        )
        self.api = Api(self.services)
        self.link_ports = LinkPorts(self.approvals, self.keys, self.clock, self.log)
        self.decision_ports = DecisionPorts(self.approvals, self.campaigns, self.engine, self.clock)
        self.catalog.put_brand(ACME, BrandId("northwind"), BrandConfig.from_wire(BRAND))
        self.catalog.put_persona(ACME, PersonaId("mara"), PersonaConfig.from_wire(PERSONA))

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        tenant: str | None = ACME,
        role: str = "manager",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Reply:
        """``body`` goes as JSON unless it is text already; ``tenant=None`` is a route without authorizer."""
        request_context: dict[str, Any] = {"stage": "prod", "path": f"/prod{path}", "httpMethod": method}
        if tenant is not None:
            request_context["authorizer"] = {"tenantId": tenant, "role": role, "subject": "robin"}
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": {"Content-Type": "application/json", **(headers or {})},
            "multiValueHeaders": {},
            "queryStringParameters": dict(query or {}) or None,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": request_context | dict(context or {}),
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        raw = self.api.handle(event, cast(LambdaContext, SimpleNamespace()))
        reply_headers = {name: values[0] for name, values in raw["multiValueHeaders"].items()}
        return Reply(raw["statusCode"], reply_headers, raw["body"] or "")

    def written(self) -> list[Campaign]:
        """Campaigns of both tenants."""
        return [*self.campaigns.page(ACME, 100).items, *self.campaigns.page(GLOBEX, 100).items]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_brief() -> Callable[..., dict[str, Any]]:
    return brief


@dataclass
class Waiting:
    """A campaign that waits for its reviewers, with a link for each."""

    world: World
    key: CampaignKey
    approval: Approval
    links: dict[str, str]

    def query(self, reviewer: str = REVIEWERS[0]) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.links[reviewer]).query).items()}

    @property
    def path(self) -> str:
        return f"/approve/{self.approval.callback_id}"

    def open(self, method: str = "GET", **changes: str) -> Reply:
        return self.world.call(method, self.path, tenant=None, query=self.query() | changes)

    def send(self, form: Mapping[str, str], reviewer: str = REVIEWERS[0]) -> Reply:
        return self.world.call(
            "POST",
            self.path,
            urlencode(form),
            tenant=None,
            query=self.query(reviewer),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    def stored(self) -> Approval:
        return self.world.approvals.get(self.key, self.approval.callback_id)


def waiting_campaign(world: World, *, posts: int = 3) -> Waiting:
    now = world.clock.now()
    key = CampaignKey(ACME, CAMPAIGN_ID)
    written = [_post(world, index) for index in range(posts)]
    world.posts.plan(key, written, [Batch(batch_id=0, post_ids=tuple(post.post_id for post in written))])
    world.campaigns.create(
        Campaign(
            tenant_id=ACME,
            campaign_id=CAMPAIGN_ID,
            status=CampaignStatus.AWAITING_APPROVAL,
            brief=CampaignBrief.from_wire(brief()),
            correlation_id=CorrelationId("test"),
            created_at=now,
            updated_at=now,
            created_by="robin",
            counts=PostCounts(total=posts, completed=posts),
        )
    )
    nonces = {email: world.ids.nonce() for email in REVIEWERS}
    approval = Approval(
        callback_id=CALLBACK_ID,
        tenant_id=ACME,
        campaign_id=CAMPAIGN_ID,
        execution_id="arn:aws:states:us-east-1:000000000000:execution:Build:x",
        status=ApprovalStatus.PENDING,
        task_token=TASK_TOKEN,
        reviewers=tuple(Reviewer(email=email, nonce_hash=nonce_hash(nonce)) for email, nonce in nonces.items()),
        summary=CampaignSummary(
            name="Spring launch",
            total_posts=posts,
            completed_posts=posts,
            failed_posts=0,
            platforms=(Platform.X, Platform.LINKEDIN),
            personas=("Mara Lindqvist",),
        ),
        content_hash=content_hash(written),
        created_at=now,
        expires_at=now + timedelta(days=7),
    )
    world.approvals.create(approval)
    world.engine.wait_for(TASK_TOKEN)
    links = {
        email: approval_link(
            "https://api.example.com/prod",
            world.keys.approval(),
            key,
            CALLBACK_ID,
            nonce,
            now=now,
            expires=approval.expires_at,
        )
        for email, nonce in nonces.items()
    }
    return Waiting(world, key, approval, links)


def _post(world: World, index: int) -> Post:
    now = world.clock.now()
    return Post(
        post_id=post_id_for(CAMPAIGN_ID, index),
        persona_id=PersonaId("mara"),
        platform=Platform.X if index % 2 else Platform.LINKEDIN,
        scheduled_at=now + timedelta(hours=index),
        topic=f"Topic {index + 1}",
        intent="educate",
        index=index,
        batch_id=0,
        status=PostStatus.COMPLETED,
        completed_at=now,
        content=PostContent(
            text=f"Post number {index + 1} <b>with markup</b> & an ampersand.",
            hashtags=("#northwind",),
            link="https://example.com/planner",
            generated_at=now,
        ),
    )


@pytest.fixture
def waiting(world: World) -> Waiting:
    return waiting_campaign(world)


@pytest.fixture
def make_waiting(world: World) -> Callable[[int], Waiting]:
    return lambda posts: waiting_campaign(world, posts=posts)
