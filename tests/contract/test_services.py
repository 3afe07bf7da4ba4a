"""What ``ManifestStore``, ``Engine``, ``Mailer`` and ``Keys`` promise, of the fakes and of AWS.

AWS is moto, but for the engine: only the emulator runs a workflow that waits for its token.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import boto3
import pytest

from lambdas.adapters.aws.parameters import SecretKeys
from lambdas.adapters.aws.s3_manifests import S3Manifests
from lambdas.adapters.aws.ses_mailer import SesMailer
from lambdas.adapters.aws.step_functions import StepFunctionsEngine
from lambdas.domain.errors import GoneError
from lambdas.domain.ids import CorrelationId, TaskToken
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.workflow import BuildInput, ManifestLocation
from lambdas.ports.engine import BUILD, Engine
from lambdas.ports.objects import ManifestStore
from lambdas.ports.services import Keys, Mailer
from tests.contract.samples import ACME, KEY, NOW, numbered, plan
from tests.fakes import MemoryClock, MemoryEngine, MemoryKeys, MemoryMailer, MemoryManifests

EVENT = BuildInput(tenant_id=ACME, campaign_id=KEY.campaign_id, correlation_id=CorrelationId("corr-1"))
SECRET_LENGTH = 64


class Manifests(NamedTuple):
    store: ManifestStore
    read: Callable[[ManifestLocation], Any]


@pytest.fixture(params=["memory", "s3"])
def manifests(request: pytest.FixtureRequest) -> Manifests:
    if request.param == "memory":
        memory = MemoryManifests()
        return Manifests(memory, lambda location: memory.objects[location.key])
    request.getfixturevalue("moto_aws")
    client = boto3.client("s3")
    client.create_bucket(Bucket="manifests")

    def read(location: ManifestLocation) -> Any:
        return json.loads(client.get_object(Bucket=location.bucket, Key=location.key)["Body"].read())

    return Manifests(S3Manifests(client, "manifests"), read)


def test_a_manifest_is_the_json_array_of_the_batches(manifests: Manifests) -> None:
    _, batches = plan()
    location = manifests.store.write(KEY, batches)
    assert location == ManifestLocation(
        bucket="manifests", key=f"tenants/acme/campaigns/{KEY.campaign_id}/batches.json"
    )
    assert manifests.read(location) == [batch.to_wire() for batch in batches]


def test_the_same_campaigns_manifest_is_replaced(manifests: Manifests) -> None:
    _, batches = plan()
    other = manifests.store.write(numbered(ACME, 1), batches)
    manifests.store.write(KEY, batches)
    location = manifests.store.write(KEY, batches[:1])
    assert manifests.read(location) == [batches[0].to_wire()]
    assert len(manifests.read(other)) == 2


class Waiting(NamedTuple):
    """An engine, a way to have a task wait, and how it went on."""

    engine: Engine
    token: Callable[[], TaskToken]
    resumed: Callable[[], list[object]]
    failed: Callable[[], list[str]]


@pytest.fixture(params=["memory", "stepfunctions"])
def waiting(request: pytest.FixtureRequest) -> Iterator[Waiting]:
    if request.param == "memory":
        yield _waiting_in_memory()
        return
    emulator = request.getfixturevalue("emulator")
    states, sqs = emulator("stepfunctions"), emulator("sqs")
    # Of its own for every test, so that executions another one left behind do not answer here.
    name = f"Build-{abs(hash(request.node.nodeid))}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": wait}})
    role = "arn:aws:iam::000000000000:role/build"
    machine = states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    engine = StepFunctionsEngine(states, {BUILD: machine})

    def token() -> TaskToken:
        engine.start(EVENT, EVENT.campaign_id)
        [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
        return TaskToken(json.loads(message["Body"])["token"])

    def ended(status: str, field: str) -> list[str]:
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{EVENT.campaign_id}"
        deadline = time.monotonic() + 10
        while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the execution did not go on"
            time.sleep(0.05)
        return [execution[field]] if execution["status"] == status else []

    yield Waiting(
        engine,
        token,
        lambda: [json.loads(output) for output in ended("SUCCEEDED", "output")],
        lambda: ended("FAILED", "error"),
    )
    states.delete_state_machine(stateMachineArn=machine)
    sqs.delete_queue(QueueUrl=queue)


def _waiting_in_memory() -> Waiting:
    engine = MemoryEngine()

    def token() -> TaskToken:
        engine.wait_for(TaskToken("waiting"))
        return TaskToken("waiting")

    return Waiting(
        engine, token, lambda: [task.output for task in engine.resumed], lambda: [task.error for task in engine.failed]
    )


def test_starts_under_the_campaigns_id_and_a_repeat_answers_the_same(waiting: Waiting) -> None:
    engine, event = waiting.engine, EVENT.model_copy(update={"campaign_id": numbered(ACME, 2).campaign_id})
    arn = engine.start(event, event.campaign_id)
    assert ":execution:Build" in arn
    assert arn.endswith(f":{event.campaign_id}")
    assert engine.start(event, event.campaign_id) == arn
    assert engine.start(event.model_copy(update={"correlation_id": "another"}), event.campaign_id) == arn
    assert engine.start(event, numbered(ACME, 1).campaign_id) != arn


def test_a_waiting_task_is_resumed_once(waiting: Waiting) -> None:
    token = waiting.token()
    waiting.engine.resume(token, {"decision": "approved"})
    assert waiting.resumed() == [{"decision": "approved"}]
    with pytest.raises(GoneError):
        waiting.engine.resume(token, {"decision": "rejected"})
    with pytest.raises(GoneError):
        waiting.engine.fail(token, "InvalidInputError", "why")
    assert waiting.resumed() == [{"decision": "approved"}]


def test_a_waiting_task_is_failed_by_name(waiting: Waiting) -> None:
    token = waiting.token()
    waiting.engine.fail(token, "InvalidInputError", "why")
    assert waiting.failed() == ["InvalidInputError"]
    with pytest.raises(GoneError):
        waiting.engine.resume(token, {"decision": "approved"})


def test_a_token_nobody_waits_for_is_gone(waiting: Waiting) -> None:
    with pytest.raises(GoneError):
        waiting.engine.resume(TaskToken("a" * 40), {"decision": "approved"})
    with pytest.raises(GoneError):
        waiting.engine.fail(TaskToken("a" * 40), "InvalidInputError", "why")


class Outbox(NamedTuple):
    mailer: Mailer
    sent: Callable[[], list[tuple[str, str]]]


@pytest.fixture(params=["memory", "ses"])
def outbox(request: pytest.FixtureRequest) -> Outbox:
    if request.param == "memory":
        memory = MemoryMailer()
        return Outbox(memory, lambda: [(mail.to, mail.subject) for mail in memory.sent])
    request.getfixturevalue("moto_aws")
    from moto.ses.models import ses_backends

    client = boto3.client("sesv2")
    client.create_email_identity(EmailIdentity="campaigns@example.com")

    def sent() -> list[tuple[str, str]]:
        messages = ses_backends["123456789012"]["us-east-1"].sent_messages
        return [(message.destinations["ToAddresses"][0], message.subject) for message in messages]

    return Outbox(SesMailer(client, "Campaigns <campaigns@example.com>"), sent)


def test_sends_what_it_is_given(outbox: Outbox) -> None:
    for number in (1, 2):
        mail = Mail(
            to="ann@example.com", subject=f"Größe {number}", text="t", html="<p>t</p>", tags={"campaignId": "c"}
        )
        outbox.mailer.send(mail)
    assert outbox.sent() == [("ann@example.com", "Größe 1"), ("ann@example.com", "Größe 2")]


@pytest.fixture(params=["memory", "secretsmanager"])
def keys(request: pytest.FixtureRequest) -> Keys:
    if request.param == "memory":
        return MemoryKeys()
    request.getfixturevalue("moto_aws")
    client = boto3.client("secretsmanager")
    for kind in ("approval", "api"):
        client.create_secret(Name=kind, SecretString=json.dumps({"active": "k1", "k1": kind.ljust(SECRET_LENGTH, "-")}))
    return SecretKeys(client, MemoryClock(NOW), approval_secret="approval", api_secret="api")


def test_each_kind_has_its_own_key(keys: Keys) -> None:
    approval, api = keys.approval(), keys.api()
    assert approval.active in approval.keys
    assert api.active in api.keys
    assert not set(approval.keys.values()) & set(api.keys.values())
    assert keys.approval() == approval
