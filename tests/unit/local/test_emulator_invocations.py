"""The local stack refuses what Lambda and API Gateway refuse: sizes, time and a missing role, with AWS's own errors."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from local.deploy import bootstrap
from local.emulator.lambdas import ASYNC_BYTES, REQUEST_BYTES, RESPONSE_BYTES
from tests.unit.local.test_emulator import Running, archive
from tests.unit.local.test_emulator_limits import code, stack

BEHIND_THE_API = """
import json, time

def handle(event, context):
    if event["body"] == "raise":
        raise ValueError("of the function's own")
    if event["body"] == "sleep":
        time.sleep(3)
    return {"statusCode": 200, "body": json.dumps({"message": str(len(event["body"]))})}
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("invocations"))
    yield running
    running.process.stop(kill=True)


class TestLambda:
    pytestmark = stack

    def test_a_request_has_6_mb_and_an_asynchronous_one_1_mb(self, account: Running) -> None:
        functions = account.client("lambda")

        def invoke(kind: str, size: int) -> Any:
            payload = json.dumps({"x": "x" * (size - len('{"x":""}'))}, separators=(",", ":"))
            return functions.invoke(FunctionName="probe", InvocationType=kind, Payload=payload)["StatusCode"]

        assert invoke("Event", ASYNC_BYTES) == 202
        assert invoke("RequestResponse", REQUEST_BYTES) == 200
        for kind, size in (("Event", ASYNC_BYTES + 1), ("RequestResponse", REQUEST_BYTES + 1)):
            assert code(invoke, kind=kind, size=size) == "RequestEntityTooLargeException"

    def test_a_response_has_6_mb(self, account: Running) -> None:
        answer, kind = account.invoke(size=RESPONSE_BYTES - 2)
        assert kind is None
        assert len(answer) == RESPONSE_BYTES - 2
        failure, kind = account.invoke(size=RESPONSE_BYTES)
        assert kind is not None
        assert failure["errorType"] == "Function.ResponseSizeTooLarge"

    @pytest.mark.parametrize("qualifier", [None, "$LATEST"])
    def test_what_an_invocation_refuses_for_good_goes_where_its_configuration_says(
        self, account: Running, qualifier: str | None
    ) -> None:
        functions, queue = account.client("lambda"), account.client("sqs")
        where = {"Qualifier": qualifier} if qualifier else {}
        url = queue.create_queue(QueueName="failed")["QueueUrl"]
        arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        functions.put_function_event_invoke_config(
            FunctionName="probe",
            MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": arn}},
            **where,
        )
        try:
            functions.invoke(FunctionName="probe", InvocationType="Event", Payload='{"raise": true}')
            (message,) = queue.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
            assert json.loads(message["Body"])["responsePayload"]["errorType"] == "CustomError"
            queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        finally:
            functions.delete_function_event_invoke_config(FunctionName="probe", **where)


def template(*, logs: bool) -> str:
    """An API with one route to ``probe`` that may take a second."""
    function = "arn:aws:lambda:us-east-1:000000000000:function:probe"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri, "TimeoutInMillis": 1000}
    stage: dict[str, Any] = {
        "RestApiId": {"Ref": "Api"},
        "DeploymentId": {"Ref": "Deployment"},
        "StageName": "v1",
    }
    if logs:
        stage["AccessLogSetting"] = {
            "DestinationArn": "arn:aws:logs:us-east-1:0:log-group:x",
            "Format": "$context.path",
        }
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "probe"}},
        "Method": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "HttpMethod": "ANY",
                "AuthorizationType": "NONE",
                "Integration": integration,
            },
        },
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": "Method",
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": stage},
    }
    return json.dumps({"Resources": resources, "Outputs": {"Api": {"Value": {"Ref": "Api"}}}})


class TestApiGateway:
    pytestmark = stack

    def deployed(self, account: Running, name: str, *, logs: bool) -> dict[str, Any]:
        stacks = account.client("cloudformation")
        stacks.create_stack(StackName=name, TemplateBody=template(logs=logs))
        deadline = time.monotonic() + 30
        while True:
            found: dict[str, Any] = stacks.describe_stacks(StackName=name)["Stacks"][0]
            if not found["StackStatus"].endswith("_IN_PROGRESS"):
                return found
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def test_a_stage_with_logs_needs_the_accounts_role(self, account: Running) -> None:
        assert self.deployed(account, "refused", logs=True)["StackStatus"] == "ROLLBACK_COMPLETE"
        events = account.client("cloudformation").describe_stack_events(StackName="refused")["StackEvents"]
        reasons = " ".join(event.get("ResourceStatusReason", "") for event in events)
        assert "CloudWatch Logs role ARN must be set in account settings to enable logging" in reasons
        for _ in range(2):  # it may be done again
            bootstrap(f"http://127.0.0.1:{account.process.port()}")
        assert self.deployed(account, "logging", logs=True)["StackStatus"] == "CREATE_COMPLETE"

    def test_a_request_is_bounded_in_size_and_time(self, account: Running) -> None:
        api = self.deployed(account, "plain", logs=False)["Outputs"][0]["OutputValue"]
        url = f"http://127.0.0.1:{account.process.port()}/_aws/execute-api/{api}/v1/"

        def post(body: bytes) -> tuple[int, str]:
            answer = urllib3.request("POST", url, body=body, headers={"Content-Type": "text/plain"}, retries=False)
            return answer.status, answer.json()["message"]

        assert post(b"x" * 10_485_761) == (413, "Request Too Long")
        assert post(b"x" * REQUEST_BYTES) == (413, "Request Too Long")
        account.client("lambda").update_function_code(FunctionName="probe", ZipFile=archive(probe=BEHIND_THE_API))
        assert post(b"sleep") == (504, "Endpoint request timed out")
        assert post(b"raise") == (502, "Internal server error")
        assert post(b"x" * 1_000_000) == (200, "1000000")
