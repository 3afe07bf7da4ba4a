"""The language model: its settings for functions, and exactly the permissions that calling it requires.

A foundation model is one resource. An inference profile is one as well; in addition it needs the model in each region
that the profile may route to, limited to calls through that profile
(docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html and
global-cross-region-inference.html).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from stacks.options import Bedrock, Options

INVOKE = "bedrock:InvokeModel"
"""The action for Converse too (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html)."""

DESTINATIONS: Mapping[str, Sequence[str]] = {
    "us": ("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    "us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "ca": ("ca-central-1", "ca-west-1"),
    "eu": (
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
    ),
    "apac": (
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
    ),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
}
"""Regions of a geography. A profile uses a subset of them; the condition on the profile makes the others useless.
``bedrockRegions`` names others (2026-11,
docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html)."""
_GLOBAL = "global"


class Invocation(NamedTuple):
    """Models, by ARN, that may be called; with ``profile``, only through that inference profile."""

    resources: tuple[str, ...]
    profile: str | None = None


def model_environment(options: Options) -> dict[str, str]:
    """Which model an agent's function uses."""
    if options.provider == "openai":
        openai = options.openai
        chosen = {"OPENAI_BASE_URL": openai.base_url, "OPENAI_MODEL": openai.model}
        return {"AGENT_PROVIDER": options.provider, **chosen} | (
            {"OPENAI_KEY_SECRET": openai.key_secret} if openai.key_secret else {}
        )
    if options.provider != "bedrock":
        return {"AGENT_PROVIDER": options.provider}
    bedrock = options.bedrock
    environment = {"AGENT_PROVIDER": options.provider, "BEDROCK_MODEL_ID": bedrock.model_id}
    if bedrock.guardrail_id:
        environment |= {
            "BEDROCK_GUARDRAIL_ID": bedrock.guardrail_id,
            "BEDROCK_GUARDRAIL_VERSION": bedrock.guardrail_version,
        }
    return environment


def grant_model(function: lambda_.Function, options: Options) -> None:
    """Call the configured model, and apply the configured guardrail; nothing for the offline one. Of a server that
    speaks OpenAI's API it is the right to read its key. The secret is the operator's own: one that is encrypted with
    AWS's key for secrets needs no other right in its account
    (docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html)."""
    if options.provider == "openai" and options.openai.key_secret:
        arn = Stack.of(function).format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{options.openai.key_secret}-??????",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        statement = iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn])
        function.add_to_role_policy(statement)
    if options.provider != "bedrock":
        return
    stack = Stack.of(function)
    for resources, profile in invocations(options.bedrock, stack):
        conditions = {"StringEquals": {"bedrock:InferenceProfileArn": profile}} if profile else None
        statement = iam.PolicyStatement(actions=[INVOKE], resources=list(resources), conditions=conditions)
        function.add_to_role_policy(statement)
    if options.bedrock.guardrail_id:
        applied = guardrails(options.bedrock, stack)
        function.add_to_role_policy(iam.PolicyStatement(actions=["bedrock:ApplyGuardrail"], resources=applied))


def invocations(bedrock: Bedrock, stack: Stack) -> list[Invocation]:
    """The permissions that calling ``bedrock.model_id`` requires. Raises ``ValueError`` if the model behind it cannot
    be derived."""
    kind, name = _parts(bedrock.model_id)
    itself = bedrock.model_id if bedrock.model_id.startswith("arn:") else _arn(stack, kind, name)
    if kind == "inference-profile":
        return [Invocation((itself,)), Invocation(_destinations(bedrock, stack, name), itself)]
    if kind == "application-inference-profile":
        if not bedrock.profile_model:
            raise ValueError(
                "context bedrockProfileModel=… is needed: the model, or the profile like us.…, that the application"
                f" inference profile {name} was made from"
            )
        return [Invocation((itself,)), Invocation(_destinations(bedrock, stack, bedrock.profile_model), itself)]
    # A foundation model, or a resource of the account: provisioned throughput, a custom or an imported model.
    return [Invocation((itself,))]


def guardrails(bedrock: Bedrock, stack: Stack) -> list[str]:
    """The guardrail; for one that works across regions also its profile in each region
    (docs.aws.amazon.com/bedrock/latest/userguide/guardrail-profiles-permissions.html)."""
    identifier = bedrock.guardrail_id
    found = [identifier if identifier.startswith("arn:") else _arn(stack, "guardrail", identifier)]
    if bedrock.guardrail_profile:
        regions = bedrock.regions or DESTINATIONS.get(bedrock.guardrail_profile.partition(".")[0], ())
        if not regions:
            raise ValueError("context bedrockRegions=… is needed: the regions of bedrockGuardrailProfile")
        found += [_arn(stack, "guardrail-profile", bedrock.guardrail_profile, region) for region in regions]
    return found


def _parts(model_id: str) -> tuple[str, str]:
    """Kind and name: ``("foundation-model", "amazon.nova-lite-v1:0")``."""
    if model_id.startswith("arn:"):
        kind, _, name = model_id.split(":", 5)[5].partition("/")
        return kind, name
    geography = model_id.partition(".")[0]
    return ("inference-profile" if geography in (*DESTINATIONS, _GLOBAL) else "foundation-model"), model_id


def _destinations(bedrock: Bedrock, stack: Stack, profile: str) -> tuple[str, ...]:
    """The model in each region that a profile of this name routes to."""
    geography, _, model = profile.partition(".")
    if bedrock.regions:
        model = model if geography in (*DESTINATIONS, _GLOBAL) else profile
        return tuple(_arn(stack, "foundation-model", model, region) for region in bedrock.regions)
    if geography == _GLOBAL:
        # The model in the calling region, and once more without a region, for wherever Bedrock routes the call.
        return (_arn(stack, "foundation-model", model), _arn(stack, "foundation-model", model, ""))
    if geography in DESTINATIONS:
        return tuple(_arn(stack, "foundation-model", model, region) for region in DESTINATIONS[geography])
    # An application profile of a single model stays in its region.
    return (_arn(stack, "foundation-model", profile),)


def _arn(stack: Stack, kind: str, name: str, region: str | None = None) -> str:
    """Foundation models belong to no account."""
    account = "" if kind == "foundation-model" else None
    return stack.format_arn(service="bedrock", region=region, account=account, resource=kind, resource_name=name)
