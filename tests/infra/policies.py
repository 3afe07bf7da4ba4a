"""Policies of synthesised templates, and who may do what by them: IAM's evaluation of one account, in small.

Intrinsic functions are resolved to the names and ARNs that a deployment would give, so that wildcards are matched
against what a request would really name. The rules are those of
docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: a denial anywhere wins; a role of the
account may do what its own policies or the resource's allow; a service may do what the resource's policy allows; and of
a key its own policy has to agree in every case, be it by leaving the decision to the account.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.infra.templates import Assembly, Properties, listed

ACCOUNT, REGION, PARTITION = "111122223333", "eu-central-1", "aws"
ROOT = f"arn:{PARTITION}:iam::{ACCOUNT}:root"
Context = Mapping[str, str | list[str]]


def arn(service: str, rest: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:{PARTITION}:{service}:{region}:{account}:{rest}"


@dataclass(frozen=True)
class Request:
    """``principal`` is a role's ARN or a service's name; ``context`` are the condition keys, in any case."""

    principal: str
    action: str
    resource: str
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.principal} {self.action} {self.resource} {dict(self.context)}"


@dataclass(frozen=True, eq=False)
class Statement:
    """``owner`` is the ARN of the role, or of the resource, whose policy it stands in; ``principals`` only there."""

    owner: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]
    principals: tuple[str, ...] | None = None

    def says(self, request: Request, without: str | None) -> bool:
        """Whether it is about the request; ``without`` is an action that it does not have."""
        named = any(matches(action, request.action, any_case=True) for action in self.actions if action != without)
        return (
            named
            and any(matches(resource, request.resource) for resource in self.resources)
            and all(_holds(operator, keys, request.context) for operator, keys in self.conditions.items())
        )

    def names(self, principal: str) -> bool:
        return self.principals is not None and bool({principal, "*"} & set(self.principals))


@dataclass(frozen=True)
class Policies:
    """Every statement of an assembly."""

    statements: tuple[Statement, ...]

    def allow(self, request: Request, removed: tuple[Statement, str] | None = None) -> bool:
        """Whether the request is allowed; ``removed`` is an action of a statement that is taken out before."""
        said = [s for s in self._about(request) if s.says(request, removed[1] if removed and removed[0] is s else None)]
        if any(s.effect == "Deny" and (s.principals is None or s.names(request.principal)) for s in said):
            return False
        own = any(s.principals is None for s in said)
        named = any(s.names(request.principal) for s in said)
        delegated = any(s.names(ROOT) for s in said)
        if ":kms:" in request.resource:
            return named or (own and delegated)
        return named or own

    def _about(self, request: Request) -> list[Statement]:
        """Those of the principal, and those of the resource; a bucket's policy is that of its objects."""
        owners = {request.resource, request.resource.partition("/")[0]}
        return [
            s
            for s in self.statements
            if s.owner == (request.principal if s.principals is None else s.owner)
            and (s.principals is None or s.owner in owners)
        ]


@cache
def _compiled(pattern: str, any_case: bool) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if any_case else 0))


def matches(pattern: str, text: str, *, any_case: bool = False) -> bool:
    return _compiled(pattern, any_case).fullmatch(text) is not None


def _holds(operator: str, keys: Mapping[str, Any], context: Context) -> bool:
    present = {key.lower(): value for key, value in context.items()}
    return all(_one_holds(operator, listed(wanted), present.get(key.lower())) for key, wanted in keys.items())


def _one_holds(operator: str, wanted: list[Any], given: Any) -> bool:
    match operator:
        case "StringEquals" | "Bool":
            return given is not None and str(given) in wanted
        case "StringLike" | "ArnLike":
            return given is not None and any(matches(pattern, str(given)) for pattern in wanted)
        case "ForAllValues:StringEquals":
            return set(given or ()) <= set(wanted)
    raise NotImplementedError(f"the condition operator {operator} is not known to the tests")


class Names:
    """What a deployment would put in the place of references."""

    def __init__(self, assembly: Assembly) -> None:
        self._stack_of = {
            logical_id: stack for stack, template in assembly.templates.items() for logical_id in template["Resources"]
        }
        self._templates = assembly.templates
        self._exports = {
            output["Export"]["Name"]: output["Value"]
            for template in assembly.templates.values()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def resolve(self, value: Any) -> Any:
        """``value`` with every reference in it replaced."""
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._intrinsic(name, argument)
        return {key: self.resolve(each) for key, each in value.items()}

    def _intrinsic(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return _PSEUDO.get(argument) or self._reference(argument, "Ref")
            case "Fn::GetAtt":
                return self._reference(*argument)
            case "Fn::ImportValue":
                return self.resolve(self._exports[self.resolve(argument)])
            case "Fn::Join":
                return str(argument[0]).join(self.resolve(argument[1]))
            case "Fn::Split":
                return self.resolve(argument[1]).split(argument[0])
            case "Fn::Select":
                return self.resolve(argument[1])[int(argument[0])]
        raise NotImplementedError(f"{name} is not known to the tests")

    def _reference(self, logical_id: str, attribute: str) -> str:
        resource = self._templates[self._stack_of[logical_id]]["Resources"][logical_id]
        return _named(resource["Type"], logical_id, resource.get("Properties", {}), attribute, self)


_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": PARTITION,
    "AWS::URLSuffix": "amazonaws.com",
}


def _named(kind: str, logical_id: str, properties: Properties, attribute: str, names: Names) -> str:  # noqa: C901 - one case for each type of resource
    """The name or ARN of a resource. Where a template gives no name, the logical id serves as one."""
    get = names.resolve
    match kind, attribute:
        case "AWS::DynamoDB::Table", "Arn":
            return arn("dynamodb", f"table/{properties['TableName']}")
        case "AWS::DynamoDB::Table", _:
            return str(properties["TableName"])
        case "AWS::S3::Bucket", "Arn":
            return f"arn:{PARTITION}:s3:::{logical_id.lower()}"
        case "AWS::S3::Bucket", _:
            return logical_id.lower()
        case "AWS::KMS::Key", "Arn":
            return arn("kms", f"key/{logical_id}")
        case "AWS::Lambda::Function", "Arn":
            return arn("lambda", f"function:{properties['FunctionName']}")
        case "AWS::Lambda::Function", _:
            return str(properties["FunctionName"])
        case "AWS::Lambda::Version", "Version":
            return "9"
        case "AWS::Lambda::Version", _:
            return arn("lambda", f"function:{get(properties['FunctionName'])}:9")
        case "AWS::Lambda::Alias", _:
            return arn("lambda", f"function:{get(properties['FunctionName'])}:{properties['Name']}")
        case "AWS::StepFunctions::StateMachine", ("Arn" | "Ref"):
            return arn("states", f"stateMachine:{properties['StateMachineName']}")
        case "AWS::Logs::LogGroup", "Arn":
            return arn("logs", f"log-group:{properties['LogGroupName']}:*")
        case "AWS::IAM::Role", "Arn":
            return f"arn:{PARTITION}:iam::{ACCOUNT}:role/{logical_id}"
        case "AWS::SNS::Topic", _:
            return arn("sns", properties["TopicName"])
        case "AWS::SQS::Queue", "Arn":
            return arn("sqs", logical_id)
        case "AWS::Events::Rule", "Arn":
            return arn("events", f"rule/{logical_id}")
        case "AWS::SecretsManager::Secret", _:
            return arn("secretsmanager", f"secret:{properties['Name']}-AbCdEf")
        case "AWS::SES::ConfigurationSet", _:
            return str(properties["Name"])
    return logical_id if attribute == "Ref" else f"{logical_id}.{attribute}"


def policies_of(assembly: Assembly, names: Names) -> Policies:
    """The statements of every policy in the templates: of roles and their trust, and of what has a policy itself."""
    return Policies(tuple(_statements(assembly, names)))


_DOCUMENTS = {
    "AWS::KMS::Key": ("KeyPolicy", None),
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
}


def _statements(assembly: Assembly, names: Names) -> Iterator[Statement]:
    get = names.resolve
    for policy in assembly.resources("AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            owner = f"arn:{PARTITION}:iam::{ACCOUNT}:role/{get(role)}"
            yield from (_statement(owner, each, get) for each in policy["PolicyDocument"]["Statement"])
    for logical_id, role in assembly.resources("AWS::IAM::Role").items():
        owner = f"arn:{PARTITION}:iam::{ACCOUNT}:role/{logical_id}"
        for each in role["AssumeRolePolicyDocument"]["Statement"]:
            yield _statement(owner, {**each, "Resource": owner}, get)
    for kind, (document, _) in _DOCUMENTS.items():
        for logical_id, properties in assembly.resources(kind).items():
            for owner in _owners(kind, logical_id, properties, get):
                for each in properties[document]["Statement"]:
                    # A key's policy says "*" and means the key.
                    own = {"Resource": owner} if kind == "AWS::KMS::Key" else {}
                    yield _statement(owner, {**each, **own}, get)
    for permission in assembly.resources("AWS::Lambda::Permission").values():
        yield _permission(permission, get)


def _owners(kind: str, logical_id: str, properties: Properties, get: Any) -> list[str]:
    match kind:
        case "AWS::KMS::Key":
            return [arn("kms", f"key/{logical_id}")]
        case "AWS::S3::BucketPolicy":
            return [f"arn:{PARTITION}:s3:::{get(properties['Bucket'])}"]
        case "AWS::SNS::TopicPolicy":
            return list(get(properties["Topics"]))
        case _:
            return [arn("sqs", str(each["Ref"])) for each in properties["Queues"]]


def _permission(permission: Properties, get: Any) -> Statement:
    function = get(permission["FunctionName"])
    owner = function if function.startswith("arn:") else arn("lambda", f"function:{function}")
    pinned = {"ArnLike": {"aws:SourceArn": get(permission["SourceArn"])}} if "SourceArn" in permission else {}
    principals = (str(get(permission["Principal"])),)
    return Statement(owner, "Allow", (permission["Action"],), (owner,), pinned, principals)


def _statement(owner: str, statement: Properties, get: Any) -> Statement:
    assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), statement
    principal = statement.get("Principal")
    named = ["*"] if principal == "*" else [p for each in (principal or {}).values() for p in listed(get(each))]
    return Statement(
        owner=owner,
        effect=statement["Effect"],
        actions=tuple(listed(statement["Action"])),
        resources=tuple(listed(get(statement["Resource"]))),
        conditions=get(statement.get("Condition", {})),
        principals=tuple(named) if principal is not None else None,
    )
