"""What is sent to Step Functions, and what its refusals mean."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from lambdas.adapters.aws.step_functions import StepFunctionsEngine
from lambdas.domain.errors import GoneError, ThrottledError
from lambdas.domain.ids import CampaignId, CorrelationId, TaskToken, TenantId
from lambdas.domain.models.workflow import BuildInput

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Build"
TOKEN = TaskToken("token")
EVENT = BuildInput(
    tenant_id=TenantId("acme"),
    campaign_id=CampaignId("01KJQ0000000000000000000A1"),
    correlation_id=CorrelationId("corr-1"),
)


@pytest.fixture
def client() -> "SFNClient":
    return boto3.client("stepfunctions", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def stub(client: "SFNClient") -> Iterator[Stubber]:
    with Stubber(client) as stub:
        yield stub


@pytest.fixture
def engine(client: "SFNClient", stub: Stubber) -> StepFunctionsEngine:
    return StepFunctionsEngine(client, MACHINE)


def test_sends_the_decision_as_json(stub: Stubber, engine: StepFunctionsEngine) -> None:
    stub.add_response("send_task_success", {}, {"taskToken": "token", "output": '{"decision": "approved"}'})
    engine.resume(TOKEN, {"decision": "approved"})
    stub.assert_no_pending_responses()


def test_cuts_error_and_cause_to_what_the_service_takes(stub: Stubber, engine: StepFunctionsEngine) -> None:
    stub.add_response("send_task_failure", {}, {"taskToken": "token", "error": "E" * 256, "cause": "c" * 2_000})
    engine.fail(TOKEN, "E" * 300, "c" * 40_000)
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_every_word_for_over_is_gone(stub: Stubber, engine: StepFunctionsEngine, code: str) -> None:
    stub.add_client_error("send_task_success", code)
    with pytest.raises(GoneError):
        engine.resume(TOKEN, {})
    stub.add_client_error("send_task_failure", code)
    with pytest.raises(GoneError):
        engine.fail(TOKEN, "E", "c")


def test_other_refusals_keep_their_meaning(stub: Stubber, engine: StepFunctionsEngine) -> None:
    stub.add_client_error("send_task_success", "ThrottlingException")
    with pytest.raises(ThrottledError):
        engine.resume(TOKEN, {})
    stub.add_client_error("send_task_success", "InvalidOutput")
    with pytest.raises(ClientError):
        engine.resume(TOKEN, {})
    stub.add_client_error("start_execution", "StateMachineDoesNotExist")
    with pytest.raises(ClientError):
        engine.start_build(EVENT)


def test_names_the_execution_that_exists_already(stub: Stubber, engine: StepFunctionsEngine) -> None:
    stub.add_client_error("start_execution", "ExecutionAlreadyExists")
    assert engine.start_build(EVENT) == f"arn:aws:states:us-east-1:123456789012:execution:Build:{EVENT.campaign_id}"
