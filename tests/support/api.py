"""The API on in-memory fakes, called the way API Gateway calls it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.table.active_store import TableActive
from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.adapters.table.checkpoint_store import TableCheckpoints
from lambdas.adapters.table.effect_store import TableEffects
from lambdas.adapters.table.post_store import TablePosts
from lambdas.adapters.table.promise_store import TablePromises
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.api.rest.app import Api
from lambdas.api.services import Services
from lambdas.domain.errors import CampaignError
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.campaign import Campaign
from lambdas.ports.stores import Limits
from lambdas.services.approval_links import LinkPorts
from lambdas.services.decisions import DecisionPorts
from lambdas.services.quota import Quota
from tests.fakes import (
    MemoryCipher,
    MemoryClock,
    MemoryEngine,
    MemoryExecutions,
    MemoryIds,
    MemoryKeys,
    MemorySenders,
    MemoryTable,
)

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
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
    table: MemoryTable = field(default_factory=MemoryTable)
    senders: MemorySenders = field(default_factory=MemorySenders)
    executions: MemoryExecutions = field(default_factory=MemoryExecutions)
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    cipher: MemoryCipher = field(default_factory=MemoryCipher)
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    log: RecordingLog = field(default_factory=RecordingLog)
    limits: Limits = field(default_factory=lambda: Limits(campaigns=1_000, model_calls=100_000))
    public_url: str = ""

    def __post_init__(self) -> None:
        self.ids = MemoryIds(self.clock)
        self.campaigns = TableCampaigns(self.table)
        self.posts = TablePosts(self.table)
        self.catalog = TableCatalog(self.table)
        self.checkpoints = TableCheckpoints(self.table)
        self.approvals = TableApprovals(self.table, self.clock)
        self.effects = TableEffects(self.table)
        self.active = TableActive(self.table)
        self.promises = TablePromises(self.table)
        self.services = Services(
            campaigns=self.campaigns,
            posts=self.posts,
            catalog=self.catalog,
            senders=self.senders,
            checkpoints=self.checkpoints,
            approvals=self.approvals,
            effects=self.effects,
            executions=self.executions,
            active=self.active,
            engine=self.engine,
            keys=self.keys,
            clock=self.clock,
            cipher=self.cipher,
            ids=self.ids,
            log=self.log,
            quota=Quota(self.promises, self.limits, lambda key: self.campaigns.get(key).status),
            public_url=lambda: self.public_url,
        )
        self.api = Api(self.services)
        self.link_ports = LinkPorts(self.approvals, self.keys, self.clock, self.log)
        self.decision_ports = DecisionPorts(
            self.approvals, self.campaigns, self.engine, self.clock, self.cipher, self.posts
        )
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
        repeated: Mapping[str, list[str]] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Reply:
        """``body`` goes as JSON unless it is text already; ``tenant=None`` is a route without authorizer.

        ``repeated``: each parameter with all its values, where one is there twice.
        """
        request_context: dict[str, Any] = {"stage": "prod", "path": f"/prod{path}", "httpMethod": method}
        if tenant is not None:
            request_context["authorizer"] = {"tenantId": tenant, "role": role, "subject": "robin"}
        single = {name: [value] for name, value in (query or {}).items()}
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": {"Content-Type": "application/json", **(headers or {})},
            "multiValueHeaders": {},
            "queryStringParameters": dict(query or {}) or None,
            "multiValueQueryStringParameters": repeated or single or None,
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
