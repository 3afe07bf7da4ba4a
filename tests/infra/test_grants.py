"""Least privilege, as a table: what each role may do to what, and nothing else.

The use of the key follows from the table and is proved in ``test_rights``.
"""

import re
from collections import defaultdict
from typing import Any

import pytest

from tests.infra.templates import Assembly, listed, text

Grants = dict[str, set[str]]

SECRETS = r"arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:[\w-]*campaign"

KINDS = {
    r"<\w+Logs\w+\.Arn>": "own logs",
    r"<[\w-]+:ExportsOutputFnGetAttMarketingTable\w+>": "table",
    r"<[\w-]+:ExportsOutputFnGetAttKey\w+>": "key",
    r"<[\w-]+:ExportsOutputFnGetAttManifests\w+>": "bucket",
    r"<[\w-]+:ExportsOutputFnGetAttManifests\w+>/tenants/\*": "manifests",
    r"<[\w-]+:ExportsOutputFnGetAttManifests\w+>/recent-texts/\*": "recent texts",
    r"arn:<AWS::Partition>:s3:::<[\w-]+:ExportsOutputRefManifests\w+>/\*": "manifests",
    rf"{SECRETS}/api-keys-\?\?\?\?\?\?": "api keys",
    rf"{SECRETS}/approval-keys-\?\?\?\?\?\?": "approval keys",
    r"arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/[\w-]*campaign/approval-base-url": "base url",
    r"arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity/\*": "senders",
    r"arn:<AWS::Partition>:ses:.*:configuration-set/<([\w-]+:\w+Ref)?Mails\w+>": "configuration set",
    rf"{SECRETS}/slack/\*": "slack tokens",
    r"arn:<AWS::Partition>:bedrock:<AWS::Region>::foundation-model/amazon\.nova-lite-v1:0": "model",
    r"<(\w[\w-]*:ExportsOutputRef)?Build\w{8,}>": "build",
    r"<(BuildCampaign|MailEvents)DeadLetters\w+\.Arn>": "dead letters",
    r"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<Fn::Select: .*Build.*>:\*": "children",
    r"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<Fn::Select: .*Build.*>/GeneratePosts:\*": (
        "map runs"
    ),
    r"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:(stage-)?build:\*": "executions",
    r"<(\w[\w-]*:ExportsOutputRef)?Alerts\w{8,}>": "alerts",
    r"<\w+Function\w{8}\.Arn>:\*": "steps",
    r"<\w+FunctionCurrentVersion\w+>": "steps",
    r"\*": "anything",
}
"""How a policy spells a resource: the whole of it."""

LOGS: Grants = {"own logs": {"logs:CreateLogStream", "logs:PutLogEvents"}}
TRACES: Grants = {"anything": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}}
MODEL: Grants = {"model": {"bedrock:InvokeModel"}}
AGENTS = ("campaign-planner", "content-generator", "generate-posts", "plan-posts")


MACHINE_LOOK = {"states:DescribeStateMachine"}
LOOK = {
    "states:DescribeExecution",
    "states:DescribeStateMachineForExecution",
    "states:GetExecutionHistory",
}
MEND = {"states:RedriveExecution", "states:StopExecution"}


MAILS: Grants = {
    "senders": {"ses:SendEmail"},
    "configuration set": {"ses:SendEmail"},
}
MESSAGES = MAILS | {"slack tokens": {"secretsmanager:GetSecretValue"}}


def table(*verbs: str) -> Grants:
    return {"table": {f"dynamodb:{verb}" for verb in verbs}}


# Actions of the stores are listed in the docstrings of lambdas/adapters/dynamodb_*.py. PutItem is the checkpoint
# unless something else is said; a transaction of puts needs PutItem and nothing else.
FUNCTIONS: dict[str, Grants] = {
    # BatchGetItem: the brand and the personas that a brief names.
    "validate-campaign": table("GetItem", "BatchGetItem", "PutItem", "UpdateItem"),
    "save-campaign": table("GetItem", "BatchGetItem", "PutItem", "UpdateItem"),
    # Query: posts that are planned already. BatchGetItem: earlier versions listed the tenant's last campaigns.
    "plan-posts": table("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Query", "PartiQLInsert")
    | {
        "manifests": {"s3:GetObject", "s3:PutObject"},
        "recent texts": {"s3:GetObject"},
        "bucket": {"s3:ListBucket"},
    },
    # GetObject: the texts not to repeat. ListBucket: whether there are any.
    "generate-posts": table("GetItem", "Query", "UpdateItem", "PartiQLUpdate")
    | {"manifests": {"s3:GetObject"}, "bucket": {"s3:ListBucket"}},
    "aggregate-results": table("GetItem", "PutItem", "UpdateItem", "Query", "PartiQLUpdate"),
    # PutItem: the request for approval and its entry in the due index.
    "request-approval": table("GetItem", "PutItem", "UpdateItem", "Query")
    | {
        "approval keys": {"secretsmanager:GetSecretValue"},
        "base url": {"ssm:GetParameter"},
        # SendTaskHeartbeat: whether anybody waits for this attempt.
        "anything": {"states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"},
        "alerts": {"sns:Publish"},
        "sealed tokens": {"kms:Encrypt"},
    }
    | MESSAGES,
    # PutItem: the request, decided by its policy for silence.
    "approval-expired": table("GetItem", "PutItem", "UpdateItem", "Query") | {"alerts": {"sns:Publish"}},
    # Query: the texts that were approved, which are added to the tenant's.
    "complete-campaign": table("GetItem", "PutItem", "UpdateItem", "Query")
    | {"recent texts": {"s3:GetObject", "s3:PutObject"}, "bucket": {"s3:ListBucket"}},
    "reject-campaign": table("GetItem", "PutItem", "UpdateItem", "Query"),
    "compensate": table("GetItem", "PutItem", "UpdateItem", "Query") | {"manifests": {"s3:DeleteObject"}},
    "record-failure": table("GetItem", "PutItem", "UpdateItem", "Query") | {"alerts": {"sns:Publish"}},
    # PartiQLDelete, DeleteObject and the recent texts: what a campaign that was cancelled or deleted left.
    "reconcile": table("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "PartiQLUpdate", "PartiQLDelete")
    | {"build": MACHINE_LOOK | {"states:StartExecution"}, "executions": LOOK | MEND, "alerts": {"sns:Publish"}}
    | {
        "manifests": {"s3:DeleteObject"},
        "recent texts": {"s3:GetObject", "s3:PutObject"},
        "bucket": {"s3:ListBucket"},
    }
    | MAILS,
    "revise-posts": table("GetItem", "PutItem", "UpdateItem", "Query", "PartiQLUpdate")
    | {"manifests": {"s3:PutObject"}},
    # DeleteItem: entries of the due index whose work is done.
    "sweep-approvals": table("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
    | {
        "approval keys": {"secretsmanager:GetSecretValue"},
        "base url": {"ssm:GetParameter"},
        "anything": {"states:SendTaskHeartbeat", "states:SendTaskSuccess"},
        "alerts": {"sns:Publish"},
        "sealed tokens": {"kms:Decrypt"},
    }
    | MESSAGES,
    # PutItem: the request whose reviewer is marked.
    "mail-events": table("GetItem", "PutItem") | {"dead letters": {"sqs:SendMessage"}},
    # PutItem: the campaign, its place in the list, its idempotency record.
    "build-campaign": table("GetItem", "BatchGetItem", "PutItem", "UpdateItem")
    | {"build": {"states:StartExecution"}, "dead letters": {"sqs:SendMessage"}},
    # PartiQLUpdate and what there is to executions: the retry by hand, the history, the graph.
    "api": table("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "PartiQLUpdate")
    | {
        "approval keys": {"secretsmanager:GetSecretValue"},
        "base url": {"ssm:GetParameter"},
        "build": MACHINE_LOOK | {"states:StartExecution"},
        "executions": LOOK | MEND,
        "anything": {"states:SendTaskSuccess"},
        "senders": {"ses:GetEmailIdentity"},
        "sealed tokens": {"kms:Decrypt"},
    },
    # An agent reads and writes nothing but its answer.
    "campaign-planner": {},
    "content-generator": {},
    "authorizer": {"api keys": {"secretsmanager:GetSecretValue"}},
}

MACHINE: Grants = {
    "steps": {"lambda:InvokeFunction"},
    "manifests": {"s3:GetObject"},
    "build": {"states:StartExecution"},
    "children": {"states:DescribeExecution", "states:StopExecution"},
    "map runs": {"states:RedriveExecution"},
    # Vended logs take no resource (docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).
    "anything": {
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    },
}
MACHINE_TRACES: Grants = {
    "anything": TRACES["anything"] | {"xray:GetSamplingRules", "xray:GetSamplingTargets"},
}


def added(*parts: Grants) -> Grants:
    total: defaultdict[str, set[str]] = defaultdict(set)
    for part in parts:
        for kind, actions in part.items():
            total[kind] |= actions
    return dict(total)


def kind_of(resource: Any) -> str:
    (kind,) = {kind for pattern, kind in KINDS.items() if re.fullmatch(pattern, text(resource))} or {text(resource)}
    return kind


def granted(assembly: Assembly, role: Any) -> Grants:
    """Sealing has the key for its resource, and the encryption context of a task token for its condition."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for statement in assembly.statements(role):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(statement)
        for resource in listed(statement["Resource"]):
            kind = kind_of(resource)
            if kind == "key" and "ForAllValues:StringEquals" in statement["Condition"]:
                kind = "sealed tokens"
            found[kind] |= set(listed(statement["Action"]))
    found.pop("key", None)
    return dict(found)


def test_the_table_is_about_the_functions_there_are(both: Assembly) -> None:
    assert set(both.functions) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_what_it_does(name: str, both: Assembly) -> None:
    tracing = TRACES if both.options.get("tracing") == "true" else {}
    model = MODEL if both.options.get("provider") == "bedrock" and name in AGENTS else {}
    assert granted(both, both.functions[name]["Role"]) == added(FUNCTIONS[name], LOGS, tracing, model)


def test_the_state_machine_may_do_what_it_does(both: Assembly) -> None:
    tracing = MACHINE_TRACES if both.options.get("tracing") == "true" else {}
    role = both.only("AWS::StepFunctions::StateMachine")["RoleArn"]
    assert granted(both, role) == added(MACHINE, tracing)


def test_the_state_machine_calls_its_own_steps_only(both: Assembly) -> None:
    (invoke,) = [
        statement
        for statement in both.statements(both.only("AWS::StepFunctions::StateMachine")["RoleArn"])
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    steps = {name for name, function in both.functions.items() if function["Handler"].startswith("lambdas.build.")}
    assert {both.name_of(resource) for resource in invoke["Resource"]} == steps


def test_logs_are_the_functions_own(both: Assembly) -> None:
    for name, function in both.functions.items():
        (statement,) = [s for s in both.statements(function["Role"]) if "logs:PutLogEvents" in s["Action"]]
        assert text(statement["Resource"]) == text(function["LoggingConfig"]["LogGroup"]).replace(">", ".Arn>"), name


def test_no_action_has_a_wildcard(both: Assembly) -> None:
    for policy in both.resources("AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert not [action for action in listed(statement["Action"]) if "*" in action]


def test_no_role_is_nobodys(both: Assembly) -> None:
    used = {text(function["Role"]) for function in both.functions.values()}
    used.add(text(both.only("AWS::StepFunctions::StateMachine")["RoleArn"]))
    assert {f"<{role}.Arn>" for role in both.resources("AWS::IAM::Role")} == used
    assert not both.resources("AWS::IAM::ManagedPolicy")
    assert not both.resources("AWS::IAM::User")


def test_the_key_trusts_the_account_and_the_services_that_use_it(both: Assembly) -> None:
    (key,) = both.resources("AWS::KMS::Key").values()
    for statement in key["KeyPolicy"]["Statement"]:
        principal = statement["Principal"]
        (service,) = [text(principal["Service"])] if "Service" in principal else [None]
        if service is None:
            assert text(principal["AWS"]) == "arn:<AWS::Partition>:iam::<AWS::AccountId>:root"
        elif service.startswith("logs."):
            (place,) = statement["Condition"]["ArnLike"].values()
            assert text(place) == "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*"
        elif service == "cloudwatch.amazonaws.com, ses.amazonaws.com":
            assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
            assert text(statement["Condition"]["StringEquals"]["aws:SourceAccount"]) == "<AWS::AccountId>"
        else:
            assert (service, statement["Action"]) == ("delivery.logs.amazonaws.com", "kms:Decrypt*")
