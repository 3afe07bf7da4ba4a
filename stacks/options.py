"""The options of a deployment, read once from the CDK context."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from aws_cdk import App
from aws_cdk import aws_lambda as lambda_
from constructs import Node

from statemachine.tasks import Retries, Retry

_LOCAL_SENDER = "campaigns@example.com"
"""Nobody can verify an address of example.com, so it is only used where nothing is sent."""
_ROLE = re.compile(r"(arn:[a-z-]+:iam::\d{12}:role/)?[\w+=.@-][\w+=.@/-]{0,575}", re.ASCII)
"""An ARN, or a path and a name (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_MODEL = re.compile(r"arn:[a-z-]+:bedrock:[a-z0-9-]*:(\d{12})?:[a-z-]+/[\w./:-]+|(?!arn:)[\w.:-]+", re.ASCII)
_SECRET = re.compile(r"[\w/+=.@-]{1,512}", re.ASCII)
"""docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html"""
RESERVED = "authorizer=20,api=60,generate-posts=400"
"""Out of an account's usual 1,000 concurrent executions, of which AWS keeps 100 unreserved. The API also serves the
reviewers' pages. Reserved concurrency is also a maximum: generation never uses more than 400."""


class Bedrock(NamedTuple):
    """The model on Bedrock: see ``stacks.models``."""

    model_id: str
    regions: tuple[str, ...]
    profile_model: str
    guardrail_id: str
    guardrail_version: str
    guardrail_profile: str


class OpenAi(NamedTuple):
    """A server that speaks OpenAI's chat completions."""

    base_url: str
    model: str
    key_secret: str
    """Name of the secret with its key; empty: it asks for none."""


class Options(NamedTuple):
    target: Literal["aws", "local"]
    prefix: str
    sender: str
    owns_sender: bool
    """Whether this stage creates the sender's SES identity; an account can have only one for each address."""
    tracing: bool
    provider: Literal["offline", "bedrock", "openai"]
    bedrock: Bedrock
    openai: OpenAi
    internal_roles: tuple[str, ...]
    """Who may start campaigns by invoking ``build-campaign``: role ARNs, or names of roles of the same account."""
    reserved: Mapping[str, int]
    """Reserved concurrency by the Lambda's name; it is also that Lambda's maximum."""
    retries: Retries
    tenant_campaigns: int
    """How many campaigns of one tenant may be built at once."""
    tenant_model_calls: int
    """How many model calls the campaigns of one tenant, together, may have in flight."""

    @classmethod
    def of(cls, app: App) -> "Options":
        """Raises ``ValueError`` naming the context value that is missing or not allowed."""
        node = app.node
        target: Literal["aws", "local"] = "local" if _one_of(node, "target", ("aws", "local")) == "local" else "aws"
        sender = _text(node, "sender", _LOCAL_SENDER if target == "local" else "")
        if "@" not in sender:
            raise ValueError("context sender=… is needed: the SES address that mails come from")
        return cls(
            target=target,
            prefix=_text(node, "prefix", ""),
            sender=sender,
            owns_sender=_one_of(node, "senderIdentity", ("create", "existing")) == "create",
            tracing=_one_of(node, "tracing", ("false", "true")) == "true",
            provider=_provider(node),
            bedrock=_bedrock(node),
            openai=_openai(node, target),
            internal_roles=_matching(node, "internalRoles", _ROLE, "neither a role's ARN nor a role's name"),
            reserved=_numbers(node, "reserved", RESERVED if target == "aws" else "off"),
            retries=Retries(
                unknown=_retry(node, "retry", Retries().unknown),
                temporary=_retry(node, "retryTemporary", Retries().temporary),
                throttled=_retry(node, "retryThrottled", Retries().throttled),
            ),
            # High on the local stack, because the measurements run a thousand at once.
            tenant_campaigns=_positive(node, "tenantCampaigns", "200" if target == "aws" else "2000"),
            tenant_model_calls=_positive(node, "tenantModelCalls", "4000" if target == "aws" else "100000"),
        )

    @property
    def quota(self) -> dict[str, str]:
        """A tenant's limits, as settings for the functions that accept campaigns."""
        calls = str(self.tenant_model_calls)
        return {"TENANT_CAMPAIGNS": str(self.tenant_campaigns), "TENANT_MODEL_CALLS": calls}

    @property
    def architecture(self) -> lambda_.Architecture:
        return lambda_.Architecture.ARM_64 if self.target == "aws" else lambda_.Architecture.X86_64


def _provider(node: Node) -> Literal["offline", "bedrock", "openai"]:
    named = _one_of(node, "provider", ("offline", "bedrock", "openai"))
    return "bedrock" if named == "bedrock" else "openai" if named == "openai" else "offline"


def _openai(node: Node, target: str) -> OpenAi:
    given = OpenAi(
        base_url=_text(node, "openaiBaseUrl", "https://api.openai.com/v1"),
        model=_text(node, "openaiModel", ""),
        key_secret=_text(node, "openaiKeySecret", ""),
    )
    if not given.base_url.startswith("https://" if target == "aws" else ("http://", "https://")):
        raise ValueError(
            f"context openaiBaseUrl: {given.base_url!r} must begin with https:// (http:// on this machine)"
        )
    if given.key_secret and not _SECRET.fullmatch(given.key_secret):
        raise ValueError(f"context openaiKeySecret: {given.key_secret!r} is not the name of a secret")
    if _provider(node) == "openai" and not given.model:
        raise ValueError("context openaiModel=… is needed: the model, as the server calls it")
    return given


def _bedrock(node: Node) -> Bedrock:
    model_id = _text(node, "bedrockModelId", "amazon.nova-lite-v1:0")
    if not _MODEL.fullmatch(model_id):
        raise ValueError(f"context bedrockModelId: {model_id!r} is neither the id nor the ARN of a model or profile")
    return Bedrock(
        model_id=model_id,
        regions=_matching(node, "bedrockRegions", _REGION, "no region"),
        profile_model=_text(node, "bedrockProfileModel", ""),
        guardrail_id=_text(node, "bedrockGuardrailId", ""),
        guardrail_version=_text(node, "bedrockGuardrailVersion", "DRAFT"),
        guardrail_profile=_text(node, "bedrockGuardrailProfile", ""),
    )


def _text(node: Node, name: str, default: str) -> str:
    value = node.try_get_context(name)
    return default if value is None else str(value)


def _listed(node: Node, name: str) -> tuple[str, ...]:
    """A list in cdk.json, or comma-separated values on a command line."""
    value = node.try_get_context(name) or ()
    every: Iterable[object] = value.split(",") if isinstance(value, str) else value
    return tuple(str(each).strip() for each in every)


def _matching(node: Node, name: str, pattern: re.Pattern[str], wrong: str) -> tuple[str, ...]:
    values = _listed(node, name)
    for value in values:
        if not pattern.fullmatch(value):
            raise ValueError(f"context {name}: {value!r} is {wrong}")
    return values


def _numbers(node: Node, name: str, default: str) -> dict[str, int]:
    """Comma-separated ``name=number``; ``off`` means none."""
    text = _text(node, name, default)
    if text == "off":
        return {}
    found = {}
    for part in text.split(","):
        key, _, number = part.strip().partition("=")
        if not key or not number.isdecimal() or int(number) < 1:
            raise ValueError(f"context {name}: {part!r} is not a name, an equals sign and a number; 'off' is nothing")
        found[key] = int(number)
    return found


def _positive(node: Node, name: str, default: str) -> int:
    text = _text(node, name, default)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"context {name}: {text!r} is not a number from 1")
    return int(text)


def _retry(node: Node, name: str, default: Retry) -> Retry:
    text = _text(node, name, "")
    try:
        return Retry.parse(text, default) if text else default
    except ValueError as error:
        raise ValueError(f"context {name}: {error}") from None


def _one_of(node: Node, name: str, allowed: tuple[str, ...]) -> str:
    """The first of ``allowed`` is the default."""
    value = _text(node, name, allowed[0]).lower()
    if value not in allowed:
        raise ValueError(f"context {name}={value!r} is not one of {', '.join(allowed)}")
    return value
