"""Every access that the templates' own integrations need, enumerated from the templates.

What a Lambda's code calls is the table ``FUNCTIONS`` of ``test_grants``; everything else is read from the resources:
who invokes what, where logs and failures go, what is encrypted with which key.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.infra.policies import ACCOUNT, PARTITION, REGION, Names, Request, arn
from tests.infra.templates import Assembly, Properties, text
from tests.infra.test_grants import AGENTS, FUNCTIONS, MACHINE, MACHINE_TRACES, TRACES, Grants

CAMPAIGN = "01J00000000000000000000000"
OBJECTS = {
    "manifests": f"tenants/acme/campaigns/{CAMPAIGN}/recent-texts.json",
    "recent texts": "recent-texts/acme.json",
}
"""As ``lambdas.adapters.aws.s3_recent_texts`` names them."""
SECURE = {"aws:SecureTransport": "true"}
SEALED = {"tenantId": "acme", "campaignId": CAMPAIGN, "callbackId": "01J00000000000000000000001"}
"""As ``lambdas.ports.stores.Cipher`` is given it; ``test_rights`` compares the keys with the code's."""
ENCRYPTING = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
_READS_EXECUTIONS = {
    "states:DescribeExecution",
    "states:DescribeStateMachine",
    "states:DescribeStateMachineForExecution",
    "states:GetExecutionHistory",
}


class Need(NamedTuple):
    why: str
    request: Request


def use_of_key(
    principal: str, action: str, key: str, service: str | None = None, context: Mapping[str, str] | None = None
) -> Request:
    """A request to KMS, by the principal itself or by ``service`` in its name."""
    given: dict[str, str | list[str]] = dict(SECURE)
    if service:
        given["kms:ViaService"] = f"{service}.{REGION}.amazonaws.com"
    if context:
        given["kms:EncryptionContextKeys"] = sorted(context)
        given |= {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    return Request(principal, action, key, given)


class Rights:
    """What the principals of an assembly need."""

    def __init__(self, assembly: Assembly, names: Names) -> None:
        self._assembly = assembly
        self._get = names.resolve
        self.key = self._get({"Fn::GetAtt": [next(iter(assembly.resources("AWS::KMS::Key"))), "Arn"]})
        self.machine = self._get({"Ref": next(iter(assembly.resources("AWS::StepFunctions::StateMachine")))})
        self.table = self._get({"Fn::GetAtt": [next(iter(assembly.resources("AWS::DynamoDB::Table"))), "Arn"]})
        self.bucket = self._get({"Fn::GetAtt": [next(iter(assembly.resources("AWS::S3::Bucket"))), "Arn"]})
        self._tracing = assembly.options.get("tracing") == "true"

    @property
    def table_context(self) -> dict[str, str]:
        name = self.table.rpartition("/")[2]
        return {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": ACCOUNT}

    def needs(self) -> Iterator[Need]:
        for name in self._assembly.functions:
            yield from self._function(name)
        yield from self._state_machine()
        yield from self._log_groups()
        yield from self._rules()
        yield from self._topics()
        yield from self._api()
        yield from self._failures()
        yield from self._alarms()

    def role(self, name: str) -> str:
        """Of the Lambda of that name."""
        return str(self._get(self._assembly.functions[name]["Role"]))

    def _function(self, name: str) -> Iterator[Need]:
        function, role = self._assembly.functions[name], self.role(name)
        yield Need(f"{name} runs", Request("lambda.amazonaws.com", "sts:AssumeRole", role, SECURE))
        group = self._get(function["LoggingConfig"]["LogGroup"])
        logs = self._assembly.resources("AWS::Logs::LogGroup")[group]["LogGroupName"]
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            yield Need(f"{name} logs", Request(role, action, arn("logs", f"log-group:{logs}:log-stream:1"), SECURE))
        grants = dict(FUNCTIONS[name])
        if self._tracing:
            grants["anything"] = grants.get("anything", set()) | TRACES["anything"]
        if name in AGENTS and function["Environment"]["Variables"]["AGENT_PROVIDER"] == "bedrock":
            grants["model"] = {"bedrock:InvokeModel"}
        for kind, actions in grants.items():
            for action in sorted(actions):
                for request in self._requests(kind, action, role, function, grants):
                    yield Need(f"{name}: {kind}", request)

    def _requests(  # noqa: C901 - one case for each kind
        self, kind: str, action: str, role: str, function: Properties, grants: Grants
    ) -> Iterator[Request]:
        """What one action of one kind of resource comes to, with the use of the key behind it."""
        environment = {key: self._get(value) for key, value in function["Environment"]["Variables"].items()}
        match kind:
            case "table":
                yield Request(role, action, self.table, SECURE)
                for use in ENCRYPTING:
                    yield use_of_key(role, use, self.key, "dynamodb", self.table_context)
                yield use_of_key(role, "kms:DescribeKey", self.key, "dynamodb")
            case "manifests" | "recent texts":
                yield Request(role, action, f"{self.bucket}/{OBJECTS[kind]}", SECURE)
                yield from self._object_key(role, action)
            case "bucket":
                # Whether an object is there, of those that the function may read.
                for name in [OBJECTS[of] for of in OBJECTS if "s3:GetObject" in grants.get(of, ())]:
                    yield Request(role, action, self.bucket, SECURE | {"s3:prefix": name})
            case "api keys" | "approval keys":
                name = environment["API_KEYS_SECRET" if kind == "api keys" else "APPROVAL_KEYS_SECRET"]
                yield from self._secret(role, action, f"{name}-AbCdEf")
            case "slack tokens":
                tenant = f"{environment['SLACK_SECRET_PREFIX']}acme"
                yield from self._secret(role, action, f"{tenant}-AbCdEf")
                # There is none: asked for by its name, it is authorised by that.
                yield Request(role, action, arn("secretsmanager", f"secret:{tenant}"), SECURE)
            case "base url":
                (parameter,) = self._assembly.resources("AWS::SSM::Parameter").values()
                assert parameter["Name"] == environment["APPROVAL_BASE_URL_PARAMETER"]
                yield Request(role, action, arn("ssm", f"parameter{parameter['Name']}"), SECURE)
            case "senders":
                yield Request(role, action, arn("ses", "identity/news@brand.example"), SECURE)
            case "configuration set":
                yield Request(role, action, arn("ses", f"configuration-set/{environment['CONFIGURATION_SET']}"), SECURE)
            case "model":
                model = environment["BEDROCK_MODEL_ID"]
                yield Request(role, action, arn("bedrock", f"foundation-model/{model}", account=""), SECURE)
            case "build":
                yield Request(role, action, self.machine, SECURE)
            case "executions":
                yield Request(role, action, self._execution(f":{CAMPAIGN}"), SECURE)
            case "alerts":
                yield Request(role, action, environment["ALERT_TOPIC_ARN"], SECURE)
                yield from self._topic_key(role, environment["ALERT_TOPIC_ARN"])
            case "sealed tokens":
                yield use_of_key(role, action, self.key, None, SEALED)
            case "dead letters":
                pass  # read from the configuration of asynchronous invocations
            case "anything":
                yield Request(role, action, "*", SECURE)
            case _:
                raise NotImplementedError(f"what needs {kind}?")
        if action in _READS_EXECUTIONS:
            yield use_of_key(role, "kms:Decrypt", self.key, "states", {"aws:states:stateMachineArn": self.machine})

    def _object_key(self, role: str, action: str) -> Iterator[Request]:
        use = {"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey"}.get(action)
        if use:
            yield use_of_key(role, use, self.key, "s3", {"aws:s3:arn": self.bucket})

    def _secret(self, role: str, action: str, name: str) -> Iterator[Request]:
        secret = arn("secretsmanager", f"secret:{name}")
        yield Request(role, action, secret, SECURE)
        yield use_of_key(role, "kms:Decrypt", self.key, "secretsmanager", {"SecretARN": secret})

    def _topic_key(self, principal: str, topic: str) -> Iterator[Request]:
        for use in ("kms:Decrypt", "kms:GenerateDataKey"):
            yield use_of_key(principal, use, self.key, "sns", {"aws:sns:topicArn": topic})

    def _execution(self, rest: str) -> str:
        name = self.machine.rpartition(":")[2]
        return arn("states", f"execution:{name}{rest}")

    def _state_machine(self) -> Iterator[Need]:
        machine = self._assembly.only("AWS::StepFunctions::StateMachine")
        role = self._get(machine["RoleArn"])
        origin = SECURE | {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": self.machine}
        yield Need("BUILD runs", Request("states.amazonaws.com", "sts:AssumeRole", role, origin))
        definition = json.loads(self._get(machine["DefinitionString"]))
        for name, state in _all_states(definition):
            for request in self._state(role, name, state):
                yield Need(f"BUILD: {name}", request)
        own = {"aws:states:stateMachineArn": self.machine}
        for use in ("kms:Decrypt", "kms:GenerateDataKey"):
            yield Need("BUILD's executions are encrypted", use_of_key(role, use, self.key, None, own))
        assert machine["LoggingConfiguration"]["Level"] == "ALL"
        for action in sorted(MACHINE["anything"]):
            yield Need("BUILD's logs", Request(role, action, "*", SECURE))
        # docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html: the context is this text, asterisk too.
        delivery = {"SourceArn": arn("logs", "*")}
        yield Need("BUILD's logs", use_of_key(role, "kms:GenerateDataKey", self.key, None, delivery))
        yield Need("BUILD's logs", Request("delivery.logs.amazonaws.com", "kms:Decrypt", self.key, SECURE))
        for action in sorted(MACHINE_TRACES["anything"]) if self._tracing else ():
            yield Need("BUILD's traces", Request(role, action, "*", SECURE))

    def _state(self, role: str, name: str, state: Properties) -> Iterator[Request]:
        if state["Type"] == "Task":
            invoke = "lambda:InvokeFunction"
            version = (
                state["Parameters"]["FunctionName"] if "FunctionName" in state["Parameters"] else state["Resource"]
            )
            yield Request(role, invoke, version, SECURE)
            # By an execution that was started before the last release.
            yield Request(role, invoke, f"{version.rpartition(':')[0]}:3", SECURE)
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") != "DISTRIBUTED":
            return
        bucket = state["ItemReader"]["Parameters"]["Bucket"]
        yield Request(role, "s3:GetObject", f"arn:{PARTITION}:s3:::{bucket}/{OBJECTS['manifests']}", SECURE)
        yield use_of_key(role, "kms:Decrypt", self.key, "s3", {"aws:s3:arn": self.bucket})
        # docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        yield Request(role, "states:StartExecution", self.machine, SECURE)
        for action in ("states:DescribeExecution", "states:StopExecution"):
            yield Request(role, action, self._execution(":child"), SECURE)
        yield Request(role, "states:RedriveExecution", self._execution(f"/{state['Label']}:child"), SECURE)
        children = {"aws:states:stateMachineArn": f"{self.machine}/{state['Label']}"}
        for use in ("kms:Decrypt", "kms:GenerateDataKey"):
            yield use_of_key(role, use, self.key, None, children)

    def _log_groups(self) -> Iterator[Need]:
        """docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""
        actions = ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey")
        for group in self._assembly.resources("AWS::Logs::LogGroup").values():
            name = group["LogGroupName"]
            context = {"aws:logs:arn": arn("logs", f"log-group:{name}")}
            for action in actions:
                request = use_of_key(f"logs.{REGION}.amazonaws.com", f"kms:{action}", self.key, None, context)
                yield Need(f"{name} is encrypted", request)

    def _rules(self) -> Iterator[Need]:
        for logical_id, rule in self._assembly.resources("AWS::Events::Rule").items():
            source = self._get({"Fn::GetAtt": [logical_id, "Arn"]})
            for target in rule["Targets"]:
                yield Need(logical_id, _invoked("events.amazonaws.com", self._get(target["Arn"]), source))

    def _topics(self) -> Iterator[Need]:
        for subscription in self._assembly.resources("AWS::SNS::Subscription").values():
            assert subscription["Protocol"] == "lambda"
            topic, function = self._get(subscription["TopicArn"]), self._get(subscription["Endpoint"])
            yield Need("a topic's subscription", _invoked("sns.amazonaws.com", function, topic))
        for destination in self._assembly.resources("AWS::SES::ConfigurationSetEventDestination").values():
            topic = self._get(destination["EventDestination"]["SnsDestination"]["TopicARN"])
            name = self._get(destination["ConfigurationSetName"])
            yield from self._published("ses.amazonaws.com", topic, arn("ses", f"configuration-set/{name}"))

    def _alarms(self) -> Iterator[Need]:
        for logical_id, alarm in self._assembly.resources("AWS::CloudWatch::Alarm").items():
            source = arn("cloudwatch", f"alarm:{self._get(alarm.get('AlarmName', logical_id))}")
            for topic in (*alarm.get("AlarmActions", []), *alarm.get("OKActions", [])):
                yield from self._published("cloudwatch.amazonaws.com", self._get(topic), source)

    def _published(self, service: str, topic: str, source: str) -> Iterator[Need]:
        """docs.aws.amazon.com/sns/latest/dg/sns-key-management.html: a service publishes to an encrypted topic."""
        origin = SECURE | {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": source}
        yield Need(f"{service} reports", Request(service, "sns:Publish", topic, origin))
        for use in ("kms:Decrypt", "kms:GenerateDataKey"):
            yield Need(f"{service} reports", Request(service, use, self.key, origin))

    def _api(self) -> Iterator[Need]:
        (api,) = self._assembly.resources("AWS::ApiGateway::RestApi")
        for method in self._assembly.resources("AWS::ApiGateway::Method").values():
            verb = "DELETE" if method["HttpMethod"] == "ANY" else method["HttpMethod"]
            source = arn("execute-api", f"{api}/prod/{verb}/somewhere")
            called = _function_of(self._get(method["Integration"]["Uri"]))
            yield Need("the API", _invoked("apigateway.amazonaws.com", called, source))
        for logical_id, authorizer in self._assembly.resources("AWS::ApiGateway::Authorizer").items():
            source = arn("execute-api", f"{api}/authorizers/{logical_id}")
            called = _function_of(self._get(authorizer["AuthorizerUri"]))
            yield Need("the authorizer", _invoked("apigateway.amazonaws.com", called, source))
        for role in filter(None, self._assembly.options.get("internalRoles", "").split(",")):
            called = arn("lambda", f"function:{self._assembly.prefix}build-campaign:live")
            caller = f"arn:{PARTITION}:iam::{ACCOUNT}:role/{role}"
            yield Need("a role that may start campaigns", Request(caller, "lambda:InvokeFunction", called, SECURE))

    def _failures(self) -> Iterator[Need]:
        for config in self._assembly.resources("AWS::Lambda::EventInvokeConfig").values():
            if "DestinationConfig" not in config:
                continue
            queue = self._get(config["DestinationConfig"]["OnFailure"]["Destination"])
            name = self._assembly.name_of({"Fn::GetAtt": [text(config["FunctionName"]).strip("<>"), "Arn"]})
            role = self.role(name)
            yield Need(f"{name}'s dead letters", Request(role, "sqs:SendMessage", queue, SECURE))
            for use in ("kms:Decrypt", "kms:GenerateDataKey"):
                request = use_of_key(role, use, self.key, "sqs", {"aws:sqs:arn": queue})
                yield Need(f"{name}'s dead letters", request)


def _invoked(service: str, function: str, source: str) -> Request:
    return Request(service, "lambda:InvokeFunction", function, SECURE | {"aws:SourceArn": source})


def _function_of(uri: str) -> str:
    """``arn:…:path/2015-03-31/functions/<function>/invocations``"""
    found = re.search(r"/functions/(.+)/invocations$", uri)
    assert found, uri
    return found[1]


def _all_states(machine: Properties) -> Iterator[tuple[str, Properties]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            yield from _all_states(inner) if inner else ()
