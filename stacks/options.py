"""What whoever deploys may choose, read once from the CDK context."""

import re
from typing import Literal, NamedTuple

from aws_cdk import App
from aws_cdk import aws_lambda as lambda_
from constructs import Node

_LOCAL_SENDER = "campaigns@example.com"
"""Nobody can verify an address of example.com, so it serves only where nothing is sent."""
_ROLE = re.compile(r"(arn:[a-z-]+:iam::\d{12}:role/)?[\w+=.@-][\w+=.@/-]{0,575}", re.ASCII)
"""An ARN, or a path and a name (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""


class Options(NamedTuple):
    target: Literal["aws", "local"]
    prefix: str
    sender: str
    tracing: bool
    provider: Literal["offline", "bedrock"]
    bedrock_model_id: str
    internal_roles: tuple[str, ...]
    """Who may start campaigns by invoking ``build-campaign``: role ARNs, or names of roles of the same account."""

    @classmethod
    def of(cls, app: App) -> "Options":
        """Raises ``ValueError`` naming the context value that is missing or not one of those allowed."""
        node = app.node
        target: Literal["aws", "local"] = "local" if _one_of(node, "target", ("aws", "local")) == "local" else "aws"
        sender = _text(node, "sender", _LOCAL_SENDER if target == "local" else "")
        if "@" not in sender:
            raise ValueError("context sender=… is needed: the SES address that mails come from")
        return cls(
            target=target,
            prefix=_text(node, "prefix", ""),
            sender=sender,
            tracing=_one_of(node, "tracing", ("false", "true")) == "true",
            provider="bedrock" if _one_of(node, "provider", ("offline", "bedrock")) == "bedrock" else "offline",
            bedrock_model_id=_text(node, "bedrockModelId", "amazon.nova-lite-v1:0"),
            internal_roles=_roles(node),
        )

    @property
    def architecture(self) -> lambda_.Architecture:
        return lambda_.Architecture.ARM_64 if self.target == "aws" else lambda_.Architecture.X86_64


def _text(node: Node, name: str, default: str) -> str:
    value = node.try_get_context(name)
    return default if value is None else str(value)


def _roles(node: Node) -> tuple[str, ...]:
    """``internalRoles``: a list in cdk.json, or names with commas between them on a command line."""
    value = node.try_get_context("internalRoles") or ()
    roles = tuple(role.strip() for role in value.split(",")) if isinstance(value, str) else tuple(map(str, value))
    for role in roles:
        if not _ROLE.fullmatch(role):
            raise ValueError(f"context internalRoles: {role!r} is neither a role's ARN nor a role's name")
    return roles


def _one_of(node: Node, name: str, allowed: tuple[str, ...]) -> str:
    """The first of ``allowed`` is the default."""
    value = _text(node, name, allowed[0]).lower()
    if value not in allowed:
        raise ValueError(f"context {name}={value!r} is not one of {', '.join(allowed)}")
    return value
