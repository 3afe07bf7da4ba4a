"""Every Lambda: its own role, log group and limits, and an environment that its handler understands."""

import importlib
import inspect
import re
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from aws_cdk import App

from lambdas.adapters.table.campaign_store import IDEMPOTENCY_KEPT
from lambdas.build.generate_posts.logic import CLAIM_LEASE
from lambdas.domain.batch_lease import WRITER_LIVES
from lambdas.settings import Settings
from local.process import ROOT
from stacks.options import Options
from tests.infra.templates import Assembly, listed, text

EVERYWHERE = {"POWERTOOLS_SERVICE_NAME", "LOG_LEVEL"}
"""Read by the Powertools logger."""
AGENTS = ("campaign-planner", "content-generator", "generate-posts", "plan-posts")
MAILERS = ("request-approval", "sweep-approvals")

API_GATEWAY_SECONDS = 29
"""Integration timeout (docs.aws.amazon.com/apigateway/latest/developerguide/limits.html)."""


def test_there_is_one_lambda_for_each_handler(both: Assembly) -> None:
    handlers = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts) + ".handler"
        for path in (ROOT / "lambdas").rglob("handler.py")
    }
    assert {function["Handler"] for function in both.functions.values()} == handlers


def test_no_two_lambdas_share_a_role(both: Assembly) -> None:
    roles = [text(function["Role"]) for function in both.functions.values()]
    assert len(set(roles)) == len(roles) > 0


def test_only_lambda_may_take_the_roles_of_lambdas(both: Assembly) -> None:
    for function in both.functions.values():
        role = both.resources("AWS::IAM::Role")[text(function["Role"]).strip("<>").removesuffix(".Arn")]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_every_lambda_has_limits_a_layer_and_an_encrypted_environment(both: Assembly) -> None:
    for name, function in both.functions.items():
        assert 3 < function["Timeout"] <= 300, name
        assert 512 <= function["MemorySize"] <= 1024, name
        assert len(function["Layers"]) == 1, name
        assert "Key" in text(function["KmsKeyArn"]), name


def test_every_log_group_is_kept_for_a_month_and_encrypted(both: Assembly) -> None:
    groups = both.resources("AWS::Logs::LogGroup")
    assert len(groups) == len(both.functions) + 2  # the workflow's and the API's
    for group in groups.values():
        assert group["RetentionInDays"] == 30
        assert "Key" in text(group["KmsKeyId"])


def test_every_lambda_logs_to_its_own_group(both: Assembly) -> None:
    for name, function in both.functions.items():
        group = text(function["LoggingConfig"]["LogGroup"]).strip("<>")
        assert both.resources("AWS::Logs::LogGroup")[group]["LogGroupName"] == f"/aws/lambda/{both.prefix}{name}"


def test_no_environment_holds_a_secret(both: Assembly) -> None:
    """Names of secrets, yes; CloudFormation can also resolve one in place, which we never ask for."""
    for template in both.templates.values():
        assert "{{resolve:" not in str(template)
    for name, function in both.functions.items():
        for variable, value in function["Environment"]["Variables"].items():
            assert not re.search(r"[A-Za-z0-9+/]{32,}", re.sub(r"<[^>]*>", "", text(value))), (name, variable)
            if variable.endswith("_SECRET"):
                assert text(value) in {
                    secret["Name"] for secret in both.resources("AWS::SecretsManager::Secret").values()
                }


def settings_of(handler: str) -> type[Settings]:
    """The closed model that a handler reads its environment into: the most derived one its module knows."""
    module = importlib.import_module(handler.removesuffix(".handler"))
    models = [member for _, member in inspect.getmembers(module, inspect.isclass) if issubclass(member, Settings)]
    return max(models, key=lambda model: len(model.__mro__))


def test_the_environment_is_what_the_handler_reads(both: Assembly) -> None:
    for name, function in both.functions.items():
        fields = settings_of(function["Handler"]).model_fields
        known = {field.upper() for field in fields}
        required = {field.upper() for field, info in fields.items() if info.is_required()}
        given = set(function["Environment"]["Variables"])
        assert required <= given, name
        assert given <= known | EVERYWHERE, name
        assert given >= EVERYWHERE, name
        assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == name


def test_a_model_is_named_where_one_is_used(local: Assembly, aws: Assembly) -> None:
    for name in AGENTS:
        assert local.functions[name]["Environment"]["Variables"]["AGENT_PROVIDER"] == "offline"
        assert "BEDROCK_MODEL_ID" not in local.functions[name]["Environment"]["Variables"]
        assert aws.functions[name]["Environment"]["Variables"]["AGENT_PROVIDER"] == "bedrock"
        assert aws.functions[name]["Environment"]["Variables"]["BEDROCK_MODEL_ID"]


@pytest.mark.parametrize("name", ["build-campaign", "mail-events"])
def test_an_asynchronous_invocation_that_fails_for_good_is_kept(name: str, both: Assembly) -> None:
    """In a queue, as an on-failure destination: unlike a dead-letter configuration it keeps the reason."""
    function, functions = both.functions[name], both.resources("AWS::Lambda::Function")
    kept = [c for c in both.resources("AWS::Lambda::EventInvokeConfig").values() if "DestinationConfig" in c]
    configs = [c for c in kept if functions[text(c["FunctionName"]).strip("<>")] == function]
    assert {config.pop("Qualifier") for config in configs} == {"$LATEST", "live"}
    config, other = configs
    assert config == other
    queue = text(config["DestinationConfig"]["OnFailure"]["Destination"]).strip("<>").removesuffix(".Arn")
    properties = both.resources("AWS::SQS::Queue")[queue]
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert "Key" in text(properties["KmsMasterKeyId"])
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 6 * 3600)


def test_what_an_idempotency_key_stands_for_outlives_what_can_repeat_it(both: Assembly) -> None:
    """A payload that waited in the queue as long as it may is replayed, and must not start a second campaign."""
    delivered = max(
        config["MaximumEventAgeInSeconds"] for config in both.resources("AWS::Lambda::EventInvokeConfig").values()
    )
    waits = max(queue["MessageRetentionPeriod"] for queue in both.resources("AWS::SQS::Queue").values())
    assert timedelta(seconds=delivered + waits) + timedelta(days=7) < IDEMPOTENCY_KEPT


@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"])
def test_nobody_comes_without_tls(kind: str, both: Assembly) -> None:
    policies = both.resources(kind).values()
    assert policies
    for policy in policies:
        assert any(
            statement["Effect"] == "Deny"
            and statement["Principal"] in ("*", {"AWS": "*"})
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            and statement["Action"] in ("s3:*", "sqs:*", "sns:Publish")
            for statement in listed(policy["PolicyDocument"]["Statement"])
        )


def test_functions_behind_the_gateway_answer_before_it_gives_up(both: Assembly) -> None:
    for name in ("api", "authorizer"):
        assert both.functions[name]["Timeout"] < API_GATEWAY_SECONDS


def test_a_claim_outlives_the_writer_that_holds_it(both: Assembly) -> None:
    assert both.functions["generate-posts"]["Timeout"] < CLAIM_LEASE.total_seconds()


def test_few_permissions_let_the_gateway_in(both: Assembly) -> None:
    """A function's policy holds 20 KB: two permissions for each method would use it up."""
    every = both.resources("AWS::Lambda::Permission").values()
    rules = [permission for permission in every if permission["Principal"] == "events.amazonaws.com"]
    assert sorted(both.name_of(rule["FunctionName"]) for rule in rules) == ["reconcile", "reconcile", "sweep-approvals"]
    (topic,) = [permission for permission in every if permission["Principal"] == "sns.amazonaws.com"]
    assert both.name_of(topic["FunctionName"]) == "mail-events"
    assert "MailEvents" in text(topic["SourceArn"])
    permissions = [p for p in every if p not in (*rules, topic) and "SourceArn" in p]
    assert sorted(both.name_of(permission["FunctionName"]) for permission in permissions) == ["api", "authorizer"]
    for permission in permissions:
        source: Any = permission["SourceArn"]
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert ":execute-api:" in text(source)
        assert "<ApiF70053CD>" in text(source) or re.search(r":<Api\w+>/", text(source))


def test_named_roles_may_start_campaigns_through_the_alias(local: Assembly, aws: Assembly) -> None:
    def let_in(assembly: Assembly) -> list[str]:
        permissions = assembly.resources("AWS::Lambda::Permission").values()
        roles = [permission for permission in permissions if "SourceArn" not in permission]
        for permission in roles:
            assert permission["Action"] == "lambda:InvokeFunction"
            assert assembly.name_of(permission["FunctionName"]) == "build-campaign"
            assert re.fullmatch(r"<BuildCampaignFunctionLive\w+>", text(permission["FunctionName"]))
        return sorted(text(permission["Principal"]) for permission in roles)

    account = "arn:<AWS::Partition>:iam::<AWS::AccountId>:role"
    assert let_in(aws) == [f"{account}/crm", f"{account}/teams/pricing"]
    assert let_in(local) == []


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        (None, ()),
        ("crm", ("crm",)),
        (
            "crm, arn:aws:iam::111122223333:role/teams/pricing",
            ("crm", "arn:aws:iam::111122223333:role/teams/pricing"),
        ),
        (["crm", "erp"], ("crm", "erp")),
    ],
)
def test_internal_roles_are_names_or_arns(given: Any, roles: tuple[str, ...]) -> None:
    app = App(context={"sender": "a@b.example"} | ({} if given is None else {"internalRoles": given}))
    assert Options.of(app).internal_roles == roles


@pytest.mark.parametrize("given", ["*", "arn:aws:iam::1:user/root", "arn:aws:iam::111122223333:root", "a b", ""])
def test_what_is_no_role_is_not_let_in(given: str) -> None:
    with pytest.raises(ValueError, match="internalRoles") if given else nullcontext():
        assert Options.of(App(context={"sender": "a@b.example", "internalRoles": given})).internal_roles == ()


def test_what_becomes_of_a_mail_is_reported_by_ses_alone(both: Assembly) -> None:
    destination = both.only("AWS::SES::ConfigurationSetEventDestination")
    reported = destination["EventDestination"]
    assert set(reported["MatchingEventTypes"]) == {"bounce", "complaint", "reject"}
    topic = text(reported["SnsDestination"]["TopicARN"])
    (subscription,) = both.resources("AWS::SNS::Subscription").values()
    assert text(subscription["TopicArn"]) == topic
    assert both.name_of(subscription["Endpoint"]) == "mail-events"
    (policy,) = [
        policy for policy in both.resources("AWS::SNS::TopicPolicy").values() if text(policy["Topics"][0]) == topic
    ]
    (allowed,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "ses.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert set(allowed["Condition"]["StringEquals"]) == {"AWS:SourceAccount", "AWS:SourceArn"}
    names = {text(both.functions[name]["Environment"]["Variables"]["CONFIGURATION_SET"]) for name in MAILERS}
    assert names == {text(destination["ConfigurationSetName"])}


def test_a_writer_is_ended_before_it_is_taken_for_dead(both: Assembly) -> None:
    assert timedelta(seconds=both.functions["generate-posts"]["Timeout"]) < WRITER_LIVES < CLAIM_LEASE
