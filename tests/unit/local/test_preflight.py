"""What a deployment would stumble over, in accounts where it would."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber
from moto import mock_aws
from rich.console import Console

from local.preflight import Finding, Preflight, Verdict, table
from local.wanted import Wanted

REGION = "eu-central-1"
SENDER = "news@brand.example"
RESOURCES: dict[str, Any] = {
    "Table": ("AWS::DynamoDB::Table", {"TableName": "MarketingTable"}),
    "Keys": ("AWS::SecretsManager::Secret", {"Name": "campaign/api-keys"}),
    "Logs": ("AWS::Logs::LogGroup", {"LogGroupName": "/aws/lambda/api"}),
    "Alerts": ("AWS::SNS::Topic", {"TopicName": "campaign-alerts"}),
    "Role": ("AWS::IAM::Role", {}),
    "Sender": ("AWS::SES::EmailIdentity", {"EmailIdentity": SENDER}),
    "Api": (
        "AWS::Lambda::Function",
        {
            "FunctionName": "api",
            "ReservedConcurrentExecutions": 60,
            "Environment": {"Variables": {"SENDER_EMAIL": SENDER}},
        },
    ),
}


def wanted(tmp_path: Path, *without: str, **environment: str) -> Wanted:
    """As it is read from an assembly with one stack."""
    resources = {
        name: {"Type": kind, "Properties": json.loads(json.dumps(properties))}
        for name, (kind, properties) in RESOURCES.items()
        if name not in without
    }
    resources["Api"]["Properties"]["Environment"]["Variables"] |= environment
    (tmp_path / "campaign.template.json").write_text(json.dumps({"Resources": resources}))
    stack = {
        "templateFile": "campaign.template.json",
        "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
        "requiresBootstrapStackVersion": 6,
    }
    artifacts = {"campaign": {"type": "aws:cloudformation:stack", "properties": stack}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return Wanted.read(tmp_path)


class Cloud:
    """An account of moto's; what moto does not know is answered as the test says."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {
            ("sesv2", "get_account"): {"SendingEnabled": True, "ProductionAccessEnabled": True, "SendQuota": {}},
            ("cloudformation", "describe_account_limits"): {"AccountLimits": [{"Name": "StackLimit", "Value": 2000}]},
        }
        self.concurrency(1000)

    def concurrency(self, limit: int) -> None:
        account = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}
        self.answers["lambda", "get_account_settings"] = {"AccountLimit": account}

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        client = make(service, region_name=REGION)
        for (of, operation), answer in self.answers.items():
            if of == service:
                return _Answering(client, operation, answer, self)
        return client

    def prepared(self) -> "Cloud":
        """What `make bootstrap` does, and a sender that nobody has used before."""
        self.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String")
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs"}
        self.client("apigateway").update_account(patchOperations=[role])
        return self


class _Answering:
    """A real client; of some operations a stub of botocore's gives the answer, so that its shape is AWS's."""

    def __init__(self, client: Any, operation: str, answer: Any, cloud: Cloud) -> None:
        self._client, self._service = client, client.meta.service_model.service_name
        self._cloud = cloud

    def __getattr__(self, name: str) -> Any:
        answer = self._cloud.answers.get((self._service, name))
        if answer is None:
            return getattr(self._client, name)
        make: Any = boto3.client
        fresh = make(self._service, region_name=REGION)
        stub = Stubber(fresh)
        if isinstance(answer, str):
            stub.add_client_error(name, answer)
        else:
            stub.add_response(name, answer)
        stub.activate()
        return getattr(fresh, name)

    def get_paginator(self, name: str) -> Any:
        if (self._service, name) not in self._cloud.answers:
            return self._client.get_paginator(name)
        answer = self._cloud.answers[self._service, name]

        class Pages:
            def paginate(self, **_: Any) -> Iterator[Any]:
                yield answer

        return Pages()


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


def found(cloud: Cloud, want: Wanted) -> dict[str, list[Finding]]:
    findings: dict[str, list[Finding]] = {}
    for finding in Preflight(want, cloud.client).run():
        findings.setdefault(finding.subject, []).append(finding)
    return findings


def one(cloud: Cloud, want: Wanted, subject: str) -> Finding:
    (finding,) = found(cloud, want)[subject]
    return finding


def test_a_prepared_account_has_nothing_missing(tmp_path: Path) -> None:
    findings = found(Cloud().prepared(), wanted(tmp_path))
    assert {f.verdict for every in findings.values() for f in every} <= {Verdict.OK, Verdict.NOTE}
    assert len(findings) == 13
    assert findings["sender"][0].todo


def test_a_fresh_account_hears_of_everything_at_once(tmp_path: Path) -> None:
    cloud = Cloud()
    cloud.concurrency(10)
    findings = found(cloud, wanted(tmp_path))
    missing = {subject for subject, every in findings.items() if Verdict.MISSING in {f.verdict for f in every}}
    assert missing == {"CDK bootstrap", "API Gateway's log role", "Lambda concurrency"}
    assert "make bootstrap" in findings["API Gateway's log role"][0].todo
    assert "reserved=off" in findings["Lambda concurrency"][0].todo


def test_an_old_bootstrap_is_not_enough(tmp_path: Path) -> None:
    cloud = Cloud()
    cloud.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="5", Type="String")
    assert one(cloud, wanted(tmp_path), "CDK bootstrap").says == "version 5, 6 is needed"


def test_every_name_that_is_taken_is_told(tmp_path: Path) -> None:
    cloud = Cloud().prepared()
    cloud.client("logs").create_log_group(logGroupName="/aws/lambda/api")
    cloud.client("sns").create_topic(Name="campaign-alerts")
    cloud.client("dynamodb").create_table(
        TableName="MarketingTable",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name="campaign/api-keys", SecretString="x")
    secrets.delete_secret(SecretId="campaign/api-keys", RecoveryWindowInDays=7)
    taken = {
        f.says: f.todo
        for every in found(cloud, wanted(tmp_path)).values()
        for f in every
        if "name" in f.subject and f.todo
    }
    assert [says.split()[0] for says in taken] == [
        "/aws/lambda/api",
        "MarketingTable",
        "campaign/api-keys",
        "campaign-alerts",
    ]
    assert "restore-secret" in next(todo for says, todo in taken.items() if "scheduled for deletion" in says)


def test_what_this_stage_has_itself_is_not_taken(tmp_path: Path) -> None:
    cloud = Cloud().prepared()
    topic = {"Resources": {"Alerts": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "campaign-alerts"}}}}
    cloud.client("cloudformation").create_stack(StackName="campaign", TemplateBody=json.dumps(topic))
    assert one(cloud, wanted(tmp_path), "names of Topics").verdict is Verdict.OK


@pytest.mark.parametrize("makes", [True, False])
def test_a_sender_of_another_stage_is_used_and_not_made(makes: bool, tmp_path: Path) -> None:
    cloud = Cloud().prepared()
    cloud.answers["sesv2", "get_email_identity"] = {"VerifiedForSendingStatus": True}
    sender = one(cloud, wanted(tmp_path, *([] if makes else ["Sender"])), "sender")
    assert sender.verdict is (Verdict.MISSING if makes else Verdict.OK)
    assert ("senderIdentity=existing" in sender.todo) is makes


def test_a_sender_that_was_to_exist_and_does_not(tmp_path: Path) -> None:
    assert "neither" in one(Cloud().prepared(), wanted(tmp_path, "Sender"), "sender").says


def test_the_sandbox_is_told_of(tmp_path: Path) -> None:
    cloud = Cloud().prepared()
    cloud.answers["sesv2", "get_account"] = {"SendingEnabled": True, "ProductionAccessEnabled": False, "SendQuota": {}}
    mail = one(cloud, wanted(tmp_path), "mail")
    assert (mail.verdict, "sandbox" in mail.says) == (Verdict.NOTE, True)


def test_what_may_not_be_looked_at_is_a_finding_and_stops_nothing(tmp_path: Path) -> None:
    cloud = Cloud().prepared()
    cloud.answers["sesv2", "get_account"] = "AccessDeniedException"
    cloud.answers["lambda", "get_account_settings"] = "AccessDeniedException"
    findings = found(cloud, wanted(tmp_path))
    for subject, action in {"mail": "ses:GetAccount", "Lambda concurrency": "lambda:GetAccountSettings"}.items():
        (finding,) = findings[subject]
        assert finding.verdict is Verdict.UNKNOWN
        assert action in finding.todo
    assert findings["CDK bootstrap"][0].verdict is Verdict.OK


def test_without_credentials_every_check_says_so(tmp_path: Path) -> None:
    def nobody(service: str) -> Any:
        raise NoCredentialsError

    findings = Preflight(wanted(tmp_path), nobody).run()
    assert findings[0].verdict is Verdict.MISSING
    assert {f.verdict for f in findings[1:]} == {Verdict.UNKNOWN}


MODEL = "amazon.nova-lite-v1:0"
PROFILE = f"us.{MODEL}"
AVAILABLE = {
    "modelId": MODEL,
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


def grants(*regions: str) -> tuple[str, dict[str, Any]]:
    arn = [f":bedrock:{region}::foundation-model/{MODEL}" for region in regions]
    pieces = [{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, rest]]} for rest in arn]
    statement = {"Action": "bedrock:InvokeModel", "Resource": pieces, "Condition": {"StringEquals": {}}}
    return "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}


def profile(*regions: str) -> dict[str, Any]:
    models = [{"modelArn": f"arn:aws:bedrock:{r}::foundation-model/{MODEL}"} for r in regions]
    arn = f"arn:aws:bedrock:{REGION}:111122223333:inference-profile/{PROFILE}"
    identity = {"inferenceProfileName": "n", "inferenceProfileArn": arn, "inferenceProfileId": PROFILE}
    return {**identity, "models": models, "status": "ACTIVE", "type": "SYSTEM_DEFINED"}


def test_a_profile_that_routes_further_than_is_granted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RESOURCES, "Policy", grants("us-east-1", "us-east-2"))
    cloud = Cloud().prepared()
    cloud.answers["bedrock", "get_inference_profile"] = profile("us-east-1", "us-west-2")
    cloud.answers["bedrock", "get_foundation_model_availability"] = AVAILABLE
    routed, available = found(cloud, wanted(tmp_path, BEDROCK_MODEL_ID=PROFILE))["model"]
    assert (routed.verdict, routed.todo) == (
        Verdict.MISSING,
        "deploy with CONTEXT='bedrockRegions=us-east-1,us-west-2'",
    )
    assert available.verdict is Verdict.OK


def test_a_model_without_access(tmp_path: Path) -> None:
    cloud = Cloud().prepared()
    cloud.answers["bedrock", "get_foundation_model_availability"] = AVAILABLE | {
        "authorizationStatus": "NOT_AUTHORIZED"
    }
    finding = one(cloud, wanted(tmp_path, BEDROCK_MODEL_ID=MODEL), "model")
    assert (finding.verdict, finding.says) == (Verdict.MISSING, f"{MODEL}: authorization NOT_AUTHORIZED")


def test_what_was_found_is_shown_with_what_to_do() -> None:
    out = Console(width=120, record=True, file=io.StringIO())
    out.print(table([Finding("sender", Verdict.MISSING, "a@b.example is [not] verified", "follow the link")]))
    (line,) = [line for line in out.export_text().splitlines() if "sender" in line]
    assert re.split(r"\s{2,}", line.strip()) == [
        "missing",
        "sender",
        "a@b.example is [not] verified",
        "follow the link",
    ]
