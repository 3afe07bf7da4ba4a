"""The API on in-memory fakes, called the way API Gateway calls it."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.api.rest.app import Api
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.campaign import Campaign
from lambdas.ports.stores import Limits
from tests.fakes import MemoryCipher
from tests.support import samples
from tests.support.world import World as EveryPort

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
    march = {"timeZone": "Europe/Berlin", "start": "2026-03-02T09:00:00", "end": "2026-03-15T18:00:00"}
    own = {"keyMessages": ["Plan the week in ten minutes"], "brandId": "northwind", "personaIds": ["mara"]}
    return samples.plain_brief(**own, schedule=march) | changes


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


class World(EveryPort):
    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__()
        self.cipher, self.base_url = MemoryCipher(), ""
        self.limits = limits or self.limits
        self.api = Api(self)
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
