"""The OpenAPI 3.1 document. Imported when it is requested, because that takes longer than most requests.

Its examples can be sent unchanged, for a tenant with the brand and persona named here.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from lambdas.api.problems import CONTENT_TYPE
from lambdas.api.rest.campaigns import DuplicateInput, RetryInput
from lambdas.api.rest.resolver import Resolver, camel_path
from lambdas.domain.models.approval import DecisionInput
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.tenant import TenantConfig
from lambdas.services.editing import PostPatch
from lambdas.services.open_requests import Reassignment, ReviewerChoice

IDS: Final = {
    "campaign_id": "01JZ0000000000000000000CAM",
    "post_id": "01JZ000000V9J1DEFPE0QG0000",
    "callback_id": "01JZ00000000000000000CA11B",
    "brand_id": "northwind",
    "persona_id": "mara",
}
"""Examples of ids, by path parameter."""

BODIES: Final[dict[str, Any]] = {
    "BrandConfig": {
        "name": "Northwind Tools",
        "tone": ["warm", "plain-spoken"],
        "voice": "We talk like a colleague who has done the job before.",
        "hashtags": ["#northwind"],
        "bannedWords": ["revolutionary"],
        "links": {"allowedDomains": ["example.com"]},
    },
    "PersonaConfig": {
        "name": "Mara Lindqvist",
        "role": "Head of customer success",
        "style": "Short sentences, one concrete example.",
        "examples": ["We shipped it on a Tuesday. By Friday nobody remembered the old way."],
        "platforms": ["x", "linkedin", "email"],
    },
    "TenantConfig": {"notify": ["campaigns@example.com"]},
    "CampaignBrief": {
        "name": "Spring launch",
        "product": {"name": "Northwind Planner", "description": "Plans the week of a small workshop."},
        "goal": "Two hundred sign-ups for the trial.",
        "audience": "Owners of workshops with five to fifty people.",
        "keyMessages": ["Plan the week in ten minutes"],
        "callToAction": "Start the trial",
        "brandId": "northwind",
        "personaIds": ["mara"],
        "platforms": ["x", "linkedin"],
        "schedule": {"timeZone": "Europe/Berlin", "start": "2040-03-05T09:00:00", "end": "2040-03-16T18:00:00"},
        "approval": {"reviewers": ["ada@example.com"]},
    },
    "RetryInput": {"mode": "failed_posts"},
    "DuplicateInput": {
        "changes": {
            "name": "Autumn launch",
            "schedule": {"start": "2040-09-03T09:00:00", "end": "2040-09-14T18:00:00"},
        }
    },
    "PostPatch": {
        "text": "Plan the week in ten minutes, and keep Friday afternoon for the workshop.",
        "dropped": False,
    },
    "ReviewerChoice": {"reviewer": "ada@example.com"},
    "Reassignment": {"from": "ada@example.com", "to": "lin@example.com"},
    "DecisionInput": {
        "callbackId": "01JZ00000000000000000CA11B",
        "decision": "needs_revision",
        "comments": "Good, but for the first post.",
        "posts": [{"postId": "01JZ000000V9J1DEFPE0QG0000", "verdict": "change", "comment": "Name the price."}],
    },
}
"""Examples of bodies, by the name of the schema."""


TITLE = "Campaign orchestration"
VERSION = "1.0"
DESCRIPTION = (
    "From a brief to approved posts. Errors are problem details (RFC 9457). Every answer has a header "
    "`X-Correlation-Id`; a request may set its value."
)
_BODIES = (
    CampaignBrief,
    BrandConfig,
    PersonaConfig,
    TenantConfig,
    DecisionInput,
    RetryInput,
    DuplicateInput,
    PostPatch,
    ReviewerChoice,
    Reassignment,
)
_READ_ONLY = {
    "BrandConfig": ("brandId", "version"),
    "PersonaConfig": ("personaId", "version"),
    "TenantConfig": ("version",),
}
"""Fields that responses have and bodies may omit; a response can be sent back (``catalog.as_sent``)."""
_ANYWHERE = {
    401: "There is no token, or it does not verify or has expired: the detail says which.",
    403: "The caller's role does not allow it, or the data names another tenant.",
    422: "A field, or a query parameter that the route does not take: `errors` names each.",
    429: "Too many requests, or campaigns, at once.",
    500: "Something went wrong on our side.",
    503: "Something is temporarily unavailable.",
    504: "The request took too long.",
}
"""Responses that every operation may have, from the application, the authorizer or the gateway."""
_WITH_BODY = {400: "The body is not valid JSON.", 413: "The body is too large."}
_WITH_ID = {404: "There is nothing with this id."}
_TEXT = {"type": "string"}
_CORRELATION = {"description": "Identifies the request in the logs.", "required": True, "schema": _TEXT}
_HEADERS_OF: dict[int, dict[str, Any]] = {
    202: {"Location": {"description": "The campaign.", "required": True, "schema": _TEXT}},
    401: {"WWW-Authenticate": {"required": True, "schema": _TEXT}},
    429: {"Retry-After": {"description": "Seconds; missing if the gateway answers.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}},
}
_NO_SUCH = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
"""Powertools' own schemas, which our problem details replace."""
_HEADERS = {
    "Idempotency-Key": {
        "description": "Makes repeating the request safe: the same key and the same body return the same campaign.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
}
_REF = "#/components/schemas/{model}"


def describe(resolver: Resolver) -> dict[str, Any]:
    """The document of every route of ``resolver``, without servers."""
    resolver.import_answers()
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
    document["paths"] = {
        camel_path(path): {method: _completed(path, operation) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    schemas = document["components"]["schemas"]
    schemas.update(_body_schemas())
    for unused in _NO_SUCH:
        schemas.pop(unused, None)
    return document


def _body_schemas() -> dict[str, Any]:
    _, definitions = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REF)
    found: dict[str, Any] = definitions["$defs"]
    for model, names in _READ_ONLY.items():
        kinds = {name: "integer" if name == "version" else "string" for name in names}
        found[model]["properties"] |= {name: {"type": kind, "readOnly": True} for name, kind in kinds.items()}
    return found


def _completed(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with the responses that follow from its path and body, and with those that every operation has."""
    responses = {int(code): response for code, response in operation["responses"].items()}
    body = operation.get("requestBody")
    is_page = "text/html" in responses.get(200, {}).get("content", {})
    puts = path.endswith("_id}") and "put" in operation["operationId"]
    follow = _ANYWHERE | (_WITH_BODY if body else {}) | (_WITH_ID if "{" in path and not puts else {})
    operation["responses"] = {
        str(code): _response(code, responses.get(code, {}), follow.get(code), is_page)
        for code in sorted(responses.keys() | follow.keys())
    }
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["example"] = IDS[parameter["name"]]
        parameter["name"] = to_camel(parameter["name"])
        parameter["schema"].pop("title", None)
    for name in operation.pop("x-request-headers", []):
        operation.setdefault("parameters", []).append({"name": name, "in": "header", **_HEADERS[name]})
    for content in (body or {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
        if name in BODIES:
            content["example"] = BODIES[name]
    return operation


def _response(code: int, told: Mapping[str, Any], description: str | None, is_page: bool) -> dict[str, Any]:
    content = dict(told.get("content", {}))
    if code >= HTTPStatus.BAD_REQUEST:
        content.pop("application/json", None)
        if not content or (is_page and code in _ANYWHERE):
            content[CONTENT_TYPE] = {"schema": {"$ref": _REF.format(model="Problem")}}
    if code == HTTPStatus.NO_CONTENT:
        content = {}
    headers = {"X-Correlation-Id": _CORRELATION, **({} if is_page else _HEADERS_OF.get(code, {}))}
    found = {"description": description or told["description"], "headers": headers}
    return found | ({"content": content} if content else {})
