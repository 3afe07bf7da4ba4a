"""Checks of an AWS account before a deployment: what is missing, and what to do about it.

What is needed is read from the synthesised templates: names, sender, reserved concurrency, model. Every check is made,
whatever the others find; a check that is not permitted is a finding as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property, partial
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.table import Table

from local.aws import Clients, log_role
from local.wanted import LEAVING, LOOKS, TODO, Wanted, found


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    """The deployment will work, but the operator should know this."""
    UNKNOWN = "cannot check"
    MISSING = "missing"


class Finding(NamedTuple):
    subject: str
    verdict: Verdict
    says: str
    todo: str = ""


_COLOURS = {Verdict.OK: "green", Verdict.NOTE: "cyan", Verdict.UNKNOWN: "yellow", Verdict.MISSING: "red"}


def table(findings: Iterable[Finding]) -> Table:
    """A table with one line for each finding."""
    shown = Table("", "", "", "what to do", box=None, padding=(0, 2, 0, 0))
    for subject, verdict, says, todo in findings:
        shown.add_row(f"[{_COLOURS[verdict]}]{verdict}[/]", escape(subject), escape(says), escape(todo))
    return shown


UNRESERVED = 100
"""Concurrent executions that Lambda keeps for functions without reserved concurrency
(docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html)."""
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})


class Preflight:
    """``client`` makes the clients of the account and region that would be deployed to."""

    def __init__(self, wanted: Wanted, client: Clients) -> None:
        self._wanted = wanted
        self._client = client

    def run(self) -> list[Finding]:
        checks: dict[str, tuple[str, Callable[[], Iterable[Finding]]]] = {
            "credentials": ("sts:GetCallerIdentity", self._credentials),
            "CDK bootstrap": ("ssm:GetParameter", self._bootstrap),
            "API Gateway's log role": ("apigateway:GET", self._log_role),
            "mail": ("ses:GetAccount", self._mail),
            "sender": ("ses:GetEmailIdentity", self._sender),
            "Lambda concurrency": ("lambda:GetAccountSettings", self._concurrency),
            "IAM roles": ("iam:GetAccountSummary", self._roles),
            "stacks": ("cloudformation:DescribeAccountLimits", self._stacks),
            **{
                f"names of {kind.rpartition(':')[2]}s": (look.action, partial(self._names, kind))
                for kind, look in LOOKS.items()
                if self._wanted.properties(kind)
            },
        }
        if self._wanted.environment("BEDROCK_MODEL_ID"):
            checks["model"] = ("bedrock:GetFoundationModelAvailability, bedrock:GetInferenceProfile", self._model)
        return [
            finding for subject, (action, check) in checks.items() for finding in self._tried(subject, action, check)
        ]

    def _tried(self, subject: str, action: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
        try:
            return list(check())
        except ClientError as error:
            if error.response["Error"]["Code"] in _DENIED:
                todo = f"allow {action} for these credentials, or check it yourself"
                return [Finding(subject, Verdict.UNKNOWN, "these credentials are not allowed to check this", todo)]
            return [Finding(subject, Verdict.UNKNOWN, str(error))]
        except BotoCoreError as error:
            return [Finding(subject, Verdict.UNKNOWN, str(error))]

    def _credentials(self) -> Iterator[Finding]:
        try:
            who = self._client("sts").get_caller_identity()
        except BotoCoreError as error:
            todo = "`aws configure`, or AWS_PROFILE and AWS_REGION"
            yield Finding("credentials", Verdict.MISSING, str(error), todo)
            return
        except ClientError as error:
            yield Finding("credentials", Verdict.MISSING, str(error), "get new credentials")
            return
        yield Finding("credentials", Verdict.OK, f"account {who['Account']}, {who['Arn']}")

    def _bootstrap(self) -> Iterator[Finding]:
        name, needed = self._wanted.bootstrap
        version = found(lambda: self._client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        if version is None or int(version) < needed:
            unprepared = "the CDK is not bootstrapped in this region"
            says = unprepared if version is None else f"version {version}, {needed} is needed"
            yield Finding("CDK bootstrap", Verdict.MISSING, says, "`make bootstrap`")
        else:
            yield Finding("CDK bootstrap", Verdict.OK, f"version {version}")

    def _log_role(self) -> Iterator[Finding]:
        role = log_role(self._client)
        if role:
            yield Finding("API Gateway's log role", Verdict.OK, role)
        else:
            says = "none is set in this region; an API with access logs cannot be deployed without it"
            yield Finding("API Gateway's log role", Verdict.MISSING, says, "`make bootstrap`")

    def _mail(self) -> Iterator[Finding]:
        account = self._client("sesv2").get_account()
        quota = account.get("SendQuota", {})
        rates = f"{quota.get('Max24HourSend', 0):g} mails a day, {quota.get('MaxSendRate', 0):g} a second"
        if not account.get("SendingEnabled", True):
            yield Finding("mail", Verdict.MISSING, "sending is switched off for this account", "ask AWS Support why")
        elif not account.get("ProductionAccessEnabled"):
            todo = "verify the reviewers' addresses in SES as well, or request production access"
            yield Finding("mail", Verdict.NOTE, f"SES sandbox: only verified addresses can receive mail; {rates}", todo)
        else:
            yield Finding("mail", Verdict.OK, rates)

    def _sender(self) -> Iterator[Finding]:
        address = str(self._wanted.environment("SENDER_EMAIL"))
        own = found(lambda: self._client("sesv2").get_email_identity(EmailIdentity=address))
        makes = bool(self._wanted.properties("AWS::SES::EmailIdentity"))
        if makes and own and not self._is_ours("AWS::SES::EmailIdentity", address):
            says = f"the account already has an SES identity {address}, of another stage or created by hand"
            yield Finding("sender", Verdict.MISSING, says, "deploy with CONTEXT='senderIdentity=existing'")
        elif makes and not own:
            yield Finding("sender", Verdict.NOTE, f"SES will mail {address} a confirmation link", "open it before use")
        else:
            domain = address.rpartition("@")[2]
            identity = own or found(lambda: self._client("sesv2").get_email_identity(EmailIdentity=domain))
            if identity is None:
                todo = "deploy without senderIdentity=existing, or create the identity"
                yield Finding("sender", Verdict.MISSING, f"neither {address} nor {domain} is an SES identity", todo)
            elif not identity.get("VerifiedForSendingStatus"):
                todo = "open the link in the mail from SES, or publish the domain's DNS records"
                yield Finding("sender", Verdict.MISSING, f"{address} is not verified yet", todo)
            else:
                yield Finding("sender", Verdict.OK, f"{address} is verified")

    def _concurrency(self) -> Iterator[Finding]:
        functions = self._wanted.properties("AWS::Lambda::Function")
        wanted = {f["FunctionName"]: f.get("ReservedConcurrentExecutions", 0) for f in functions}
        limit = self._client("lambda").get_account_settings()["AccountLimit"]
        ours = sum(self._reserved(name) for name, number in wanted.items() if number)
        total, reserved = limit["ConcurrentExecutions"], sum(wanted.values())
        left = limit["UnreservedConcurrentExecutions"] + ours - reserved
        says = f"{total} in the account, {reserved} reserved by this deployment, {left} left for everything else"
        todo = "request a higher quota (Service Quotas, Lambda, Concurrent executions)"
        if reserved and left < UNRESERVED:
            todo = f"deploy with CONTEXT='reserved=off' or smaller numbers for now; {todo}"
            yield Finding("Lambda concurrency", Verdict.MISSING, f"{says}; Lambda requires {UNRESERVED}", todo)
        elif left < UNRESERVED:
            yield Finding("Lambda concurrency", Verdict.NOTE, f"{says}: campaigns will often be throttled", todo)
        else:
            yield Finding("Lambda concurrency", Verdict.OK, says)

    def _reserved(self, name: str) -> int:
        """The concurrency that is currently reserved for a function of that name."""
        setting = found(lambda: self._client("lambda").get_function_concurrency(FunctionName=name))
        return int((setting or {}).get("ReservedConcurrentExecutions", 0))

    def _roles(self) -> Iterator[Finding]:
        summary = self._client("iam").get_account_summary()["SummaryMap"]
        # Existing roles are not checked for whether they belong to this stage: a deployment may create new ones before
        # deleting them.
        needed = len(self._wanted.properties("AWS::IAM::Role")) if not any(self._owned.values()) else 0
        yield _quota("IAM roles", summary["Roles"], needed, summary["RolesQuota"])

    def _stacks(self) -> Iterator[Finding]:
        pages = self._client("cloudformation").get_paginator("describe_account_limits").paginate()
        limits = {limit["Name"]: limit["Value"] for page in pages for limit in page["AccountLimits"]}
        pages = self._client("cloudformation").get_paginator("describe_stacks").paginate()
        used = sum(len(page["Stacks"]) for page in pages)
        new = sum(not owned for owned in self._owned.values())
        yield _quota("stacks", used, new, limits["StackLimit"])

    def _names(self, kind: str) -> Iterator[Finding]:
        look = LOOKS[kind]
        subject, taken = f"names of {kind.rpartition(':')[2]}s", 0
        names = [str(properties[look.field]) for properties in self._wanted.properties(kind)]
        for name in names:
            state = look.find(self._client, name)
            if state and (state == LEAVING or not self._is_ours(kind, name)):
                taken += 1
                yield Finding(subject, Verdict.MISSING, f"{name} {state}", TODO[state])
        if not taken:
            yield Finding(subject, Verdict.OK, f"{len(names)} are free or belong to this stage")

    @cached_property
    def _owned(self) -> dict[str, list[tuple[str, str]]]:
        """By stack: type and physical id of its resources; empty for a stack that does not exist."""
        return {stack: self._resources(stack) for stack in self._wanted.templates}

    def _resources(self, stack: str) -> list[tuple[str, str]]:
        pages = self._client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        resources = found(lambda: [each for page in pages for each in page["StackResourceSummaries"]])
        return [(each["ResourceType"], each.get("PhysicalResourceId", "")) for each in resources or []]

    def _is_ours(self, kind: str, name: str) -> bool:
        """Some physical ids are names and some are ARNs; that of a secret has six more characters."""
        return any(
            kind == own and (physical == name or physical.endswith(f":{name}") or f":secret:{name}-" in physical)
            for owned in self._owned.values()
            for own, physical in owned
        )

    def _model(self) -> Iterator[Finding]:
        model = str(self._wanted.environment("BEDROCK_MODEL_ID"))
        bedrock = self._client("bedrock")
        if ":provisioned-model/" in model or ":imported-model/" in model or ":custom-model-deployment/" in model:
            yield Finding("model", Verdict.NOTE, f"{model} is a model of your own; its status was not checked")
            return
        granted = _granted_models(self._wanted)
        if granted:
            profile = found(lambda: bedrock.get_inference_profile(inferenceProfileIdentifier=model))
            if profile is None:
                yield Finding("model", Verdict.MISSING, f"there is no inference profile {model} in this region")
                return
            routed = {each["modelArn"] for each in profile["models"]}
            closed = sorted({arn.split(":")[3] for arn in routed if not _covers(granted, arn)} - {""})
            if closed:
                regions = ",".join(sorted({arn.split(":")[3] for arn in routed} - {""}))
                says = f"{model} also routes to {', '.join(closed)}, which the template does not allow"
                yield Finding("model", Verdict.MISSING, says, f"deploy with CONTEXT='bedrockRegions={regions}'")
            model = next(iter(sorted(routed))).rpartition("/")[2]
        yield _access(bedrock.get_foundation_model_availability(modelId=model.rpartition("/")[2]))


def _access(availability: Mapping[str, Any]) -> Finding:
    """docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModelAvailability.html"""
    states = {
        "agreement": availability["agreementAvailability"]["status"],
        "authorization": availability["authorizationStatus"],
        "entitlement": availability["entitlementAvailability"],
        "region": availability["regionAvailability"],
    }
    wrong = [f"{name} {state}" for name, state in states.items() if state not in ("AVAILABLE", "AUTHORIZED")]
    model = availability["modelId"]
    if wrong:
        return Finding("model", Verdict.MISSING, f"{model}: {', '.join(wrong)}", "request access in Bedrock")
    return Finding("model", Verdict.OK, f"{model} can be called")


def _granted_models(wanted: Wanted) -> set[tuple[str, str]]:
    """Region and name of each model that may be called through a profile; empty without a profile."""
    granted = set()
    for policy in wanted.properties("AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Action"] == "bedrock:InvokeModel" and "Condition" in statement:
                resources = statement["Resource"]
                for resource in resources if isinstance(resources, list) else [resources]:
                    # Joined from pieces, of which the partition is one and the region may be another.
                    text = resource if isinstance(resource, str) else "".join(map(_piece, resource["Fn::Join"][1]))
                    granted.add((text.split(":")[3], text.rpartition("/")[2]))
    return granted


def _piece(part: Any) -> str:
    return part if isinstance(part, str) else "*"


def _covers(granted: set[tuple[str, str]], arn: str) -> bool:
    region, model = arn.split(":")[3], arn.rpartition("/")[2]
    return bool({(region, model), ("*", model), ("", model)} & granted)


def _quota(subject: str, used: int, needed: int, limit: int) -> Finding:
    says = f"{used} of {limit} used, {needed} needed"
    if used + needed > limit:
        return Finding(subject, Verdict.MISSING, says, "request a higher quota in Service Quotas")
    return Finding(subject, Verdict.OK, says)
