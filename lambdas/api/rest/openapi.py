"""The OpenAPI 3.1 document. Imported when somebody asks for it: describing costs more than answering."""

import json
import re
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from lambdas.api.approvals.managing import Reassignment, ReviewerChoice
from lambdas.api.rest.retry import RetryInput
from lambdas.domain.models.approval import DecisionInput
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.tenant import TenantConfig
from lambdas.services.editing import PostPatch

TITLE = "Campaign orchestration"
VERSION = "1.0"
DESCRIPTION = (
    "From a brief to approved posts. Errors are problem details (RFC 9457). Every answer carries "
    "`X-Correlation-Id`, which a request may bring along."
)
_BODIES = (
    CampaignBrief,
    BrandConfig,
    PersonaConfig,
    TenantConfig,
    DecisionInput,
    RetryInput,
    PostPatch,
    ReviewerChoice,
    Reassignment,
)
_HEADERS = {
    "Idempotency-Key": {
        "description": "Makes a repeat harmless: the same key with the same body answers the same campaign.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
}
_REF = "#/components/schemas/{model}"


def describe(resolver: APIGatewayRestResolver) -> dict[str, Any]:
    """The document of every route of ``resolver``, without servers."""
    document: dict[str, Any] = json.loads(
        resolver.get_openapi_json_schema(
            title=TITLE,
            version=VERSION,
            description=DESCRIPTION,
            openapi_version="3.1.0",
            security_schemes={
                "bearer": HTTPBearer(bearerFormat="JWT", description="An API token of a tenant."),
                "approval": HTTPBearer(bearerFormat="JWT", description="The token of a reviewer's link."),
            },
        )
    )
    document["paths"] = {_camel_path(path): _operations(methods) for path, methods in document["paths"].items()}
    schemas = document["components"]["schemas"]
    schemas.update(_body_schemas())
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    return document


def _body_schemas() -> dict[str, Any]:
    _, definitions = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REF)
    found: dict[str, Any] = definitions["$defs"]
    return found


def _operations(methods: dict[str, Any]) -> dict[str, Any]:
    for operation in methods.values():
        # Powertools adds its own words for what our problem details say.
        for code, response in list(operation["responses"].items()):
            if "application/json" in response.get("content", {}) and int(code) >= 400:
                del operation["responses"][code]
        for parameter in operation.get("parameters", []):
            parameter["name"] = to_camel(parameter["name"])
            parameter["schema"].pop("title", None)
        for name in operation.pop("x-request-headers", []):
            operation.setdefault("parameters", []).append({"name": name, "in": "header", **_HEADERS[name]})
    return methods


def _camel_path(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda match: f"{{{to_camel(match.group(1))}}}", path)
