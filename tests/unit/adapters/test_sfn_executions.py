"""What goes over the wire to Step Functions: redrive, which no emulator has, and starts through an alias."""

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.adapters.aws.sfn_executions import StepFunctionsExecutions
from lambdas.adapters.aws.step_functions import StepFunctionsEngine
from lambdas.domain.errors import ConflictError, DependencyUnavailableError, ThrottledError
from lambdas.domain.models.workflow import BuildInput

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:build"
LIVE = f"{MACHINE}:live"
CAMPAIGN = "01JZ0000000000000000000001"
ARN = f"arn:aws:states:us-east-1:111122223333:execution:build:{CAMPAIGN}"
EVENT = BuildInput(tenant_id="acme", campaign_id=CAMPAIGN, correlation_id="c-1")


class StepFunctions:
    """A server that speaks JSON 1.0 as Step Functions does. ``answers`` by action, ``asked`` in order."""

    def __init__(self, server: HTTPServer) -> None:
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.url = server.url_for("")
        server.expect_request("/", method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        assert request.headers["Content-Type"] == "application/x-amz-json-1.0"
        service, _, action = request.headers["X-Amz-Target"].partition(".")
        assert service == "AWSStepFunctions"
        self.asked.append((action, json.loads(request.data)))
        status, body = self.answers[action]
        return Response(json.dumps(body), status=status, content_type="application/x-amz-json-1.0")

    def refuse(self, action: str, code: str, status: int = 400) -> None:
        self.answers[action] = (status, {"__type": f"com.amazonaws.swf.service.v2.model#{code}", "message": "no"})

    @property
    def client(self) -> Any:
        return boto3.client(
            "stepfunctions",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard", "max_attempts": 1}),
        )


@pytest.fixture
def engine(httpserver: HTTPServer) -> StepFunctions:
    return StepFunctions(httpserver)


def test_a_redrive_names_the_execution_and_is_never_taken_for_the_one_before(engine: StepFunctions) -> None:
    engine.answers["RedriveExecution"] = (200, {"redriveDate": 1_790_000_000.0})
    executions = StepFunctionsExecutions(engine.client, LIVE)
    executions.redrive(ARN)
    executions.redrive(ARN)
    (first, one), (second, other) = engine.asked
    assert first == second == "RedriveExecution"
    assert one["executionArn"] == other["executionArn"] == ARN
    assert set(one) == {"executionArn", "clientToken"}
    assert one["clientToken"] != other["clientToken"]


@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        ("ExecutionNotRedrivable", 400, ConflictError),
        ("ExecutionDoesNotExist", 400, ConflictError),
        ("ExecutionLimitExceeded", 400, ThrottledError),
        ("ThrottlingException", 400, ThrottledError),
        ("ServiceUnavailable", 503, DependencyUnavailableError),
    ],
)
def test_what_a_refused_redrive_means(code: str, status: int, meaning: type[Exception], engine: StepFunctions) -> None:
    engine.refuse("RedriveExecution", code, status)
    with pytest.raises(meaning):
        StepFunctionsExecutions(engine.client, LIVE).redrive(ARN)


@pytest.mark.parametrize(
    ("status", "offered", "redrivable"),
    [
        ("ABORTED", "REDRIVABLE", True),
        ("TIMED_OUT", "REDRIVABLE", True),
        ("ABORTED", "NOT_REDRIVABLE", False),  # after 14 days, or at the end of its history
        ("FAILED", "REDRIVABLE", False),  # it would go on at the state Failed
        ("SUCCEEDED", "NOT_REDRIVABLE", False),
    ],
)
def test_what_can_go_on_is_what_was_interrupted(
    status: str, offered: str, redrivable: bool, engine: StepFunctions
) -> None:
    engine.answers["DescribeExecution"] = (
        200,
        {
            "executionArn": ARN,
            "stateMachineArn": MACHINE,
            "stateMachineVersionArn": f"{MACHINE}:4",
            "stateMachineAliasArn": LIVE,
            "name": CAMPAIGN,
            "status": status,
            "startDate": 1_790_000_000.0,
            "redriveStatus": offered,
            "redriveCount": 0,
        },
    )
    found = StepFunctionsExecutions(engine.client, LIVE).describe(ARN)
    assert found is not None
    assert found.redrivable is redrivable


def test_executions_are_started_through_the_alias(engine: StepFunctions) -> None:
    engine.answers["StartExecution"] = (200, {"executionArn": ARN, "startDate": 1_790_000_000.0})
    executions = StepFunctionsExecutions(engine.client, LIVE)
    assert executions.start(EVENT, f"{CAMPAIGN}-1") == ARN
    assert StepFunctionsEngine(engine.client, LIVE).start_build(EVENT) == ARN
    machines = [(action, request["stateMachineArn"]) for action, request in engine.asked]
    assert machines == [("StartExecution", LIVE), ("StartExecution", LIVE)]
    assert [request.get("name") for _, request in engine.asked] == [f"{CAMPAIGN}-1", CAMPAIGN]


def described(status: str, **more: Any) -> tuple[int, dict[str, Any]]:
    found = {"executionArn": ARN, "stateMachineArn": MACHINE, "name": CAMPAIGN, "status": status}
    return 200, {**found, "startDate": 1_790_000_000.0, **more}


@pytest.mark.parametrize("status", ["FAILED", "SUCCEEDED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_has_ended_is_stopped_already(status: str, engine: StepFunctions) -> None:
    engine.refuse("StopExecution", "ValidationException")
    engine.answers["DescribeExecution"] = described(status)
    StepFunctionsExecutions(engine.client, LIVE).stop(ARN, "replaced")


def test_one_that_runs_and_is_not_stopped_is_an_error(engine: StepFunctions) -> None:
    engine.refuse("StopExecution", "ValidationException")
    engine.answers["DescribeExecution"] = described("RUNNING")
    with pytest.raises(ClientError, match="ValidationException"):
        StepFunctionsExecutions(engine.client, LIVE).stop(ARN, "replaced")


def test_one_that_nobody_knows_is_stopped_already(engine: StepFunctions) -> None:
    engine.refuse("StopExecution", "ExecutionDoesNotExist")
    StepFunctionsExecutions(engine.client, LIVE).stop(ARN, "replaced")


DEFINITION: dict[str, Any] = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def test_the_definition_of_a_version_is_asked_for_once(engine: StepFunctions) -> None:
    engine.answers["DescribeExecution"] = described("RUNNING", stateMachineVersionArn=f"{MACHINE}:4")
    engine.answers["DescribeStateMachine"] = (200, {"definition": json.dumps(DEFINITION), "stateMachineArn": MACHINE})
    executions = StepFunctionsExecutions(engine.client, LIVE)
    found = executions.describe(ARN)
    assert found is not None
    assert found.version_arn == f"{MACHINE}:4"
    for arn in (ARN, f"{ARN}-1", ARN):
        assert executions.definition(arn, found.version_arn) == DEFINITION
    asked = [request for action, request in engine.asked if action != "DescribeExecution"]
    assert asked == [{"stateMachineArn": f"{MACHINE}:4"}]


def test_of_a_deleted_version_the_execution_itself_is_asked(engine: StepFunctions) -> None:
    engine.refuse("DescribeStateMachine", "StateMachineDoesNotExist")
    engine.answers["DescribeStateMachineForExecution"] = (200, {"definition": json.dumps(DEFINITION)})
    executions = StepFunctionsExecutions(engine.client, LIVE)
    assert executions.definition(ARN, f"{MACHINE}:4") == executions.definition(ARN, f"{MACHINE}:4") == DEFINITION
    assert [action for action, _ in engine.asked] == ["DescribeStateMachine", "DescribeStateMachineForExecution"]


@pytest.mark.parametrize("machine", [MACHINE, LIVE, f"{MACHINE}:4"])
def test_an_execution_is_called_the_same_however_it_was_started(machine: str, engine: StepFunctions) -> None:
    engine.refuse("StartExecution", "ExecutionAlreadyExists")
    executions = StepFunctionsExecutions(engine.client, machine)
    assert executions.arn_of(CAMPAIGN) == executions.start(EVENT, CAMPAIGN) == ARN
    assert StepFunctionsEngine(engine.client, machine).start_build(EVENT) == ARN
