"""The local stack refuses what AWS refuses: sizes, counts and rates of data and workflows, with AWS's own errors."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from local import aws
from local.emulator.limits import HISTORY_EVENTS, PAYLOAD_BYTES
from local.emulator.quotas import BUCKETS, Bucket, Quotas
from tests.unit.local.test_emulator import TRUST, Running

stack = [pytest.mark.stack, pytest.mark.xdist_group("emulator")]
TABLE = "things"
KB = 1024
PASS = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


def test_a_bucket_lets_its_size_through_and_then_its_refill() -> None:
    now = 0.0
    quotas = Quotas({"Describe": Bucket(3, 2)}, lambda: now)
    assert [quotas.take("Describe") for _ in range(4)] == [True, True, True, False]
    now = 1.0
    assert [quotas.take("Describe") for _ in range(3)] == [True, True, False]
    now = 100.0
    assert [quotas.take("Describe") for _ in range(4)] == [True, True, True, False]
    assert quotas.take("Unlimited")
    assert quotas.totals() == {"Describe": {"calls": 11, "throttled": 3}, "Unlimited": {"calls": 1, "throttled": 0}}


class Account(Running):
    """With a table, and a role for state machines."""

    def start(self) -> None:
        super().start()
        self.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
        )
        self.role: str = self.client("iam").create_role(
            RoleName="machines", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]

    def machine(self, name: str, definition: dict[str, Any]) -> str:
        made = self.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self.role
        )
        return str(made["stateMachineArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return found
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    running = Account(tmp_path_factory.mktemp("limits"))
    yield running
    running.process.stop(kill=True)


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def item(sk: str, size: int) -> dict[str, Any]:
    """Of exactly that many bytes: names and values count."""
    return {"PK": {"S": "a"}, "SK": {"S": sk}, "x": {"S": "x" * (size - len("PKaSKx") - len(sk))}}


class TestDynamoDb:
    pytestmark = stack

    def test_an_item_has_400_kb(self, account: Account) -> None:
        table = account.client("dynamodb")
        table.put_item(TableName=TABLE, Item=item("full", 400 * KB))
        assert code(table.put_item, TableName=TABLE, Item=item("more", 400 * KB + 1)) == "ValidationException"
        update = 'UPDATE "things" SET "y"=? WHERE "PK"=? AND "SK"=?'
        statement = {"Statement": update, "Parameters": [{"S": "y"}, {"S": "a"}, {"S": "full"}]}
        (answer,) = table.batch_execute_statement(Statements=[statement])["Responses"]
        assert answer["Error"]["Code"] == "ValidationError"
        insert = f"INSERT INTO \"things\" VALUE {{'PK':'a','SK':'inserted','x':'{'x' * 400 * KB}'}}"
        (answer,) = table.batch_execute_statement(Statements=[{"Statement": insert}])["Responses"]
        assert "Error" in answer

    def test_a_transaction_has_100_items_and_4_mb(self, account: Account) -> None:
        table = account.client("dynamodb")
        puts = [{"Put": {"TableName": TABLE, "Item": item(f"t{number}", 100)}} for number in range(101)]
        assert code(table.transact_write_items, TransactItems=puts) == "ValidationException"
        table.transact_write_items(TransactItems=puts[:100])
        large = [{"Put": {"TableName": TABLE, "Item": item(f"l{number}", 390 * KB)}} for number in range(11)]
        assert code(table.transact_write_items, TransactItems=large) == "ValidationException"

    def test_a_batch_has_25_statements(self, account: Account) -> None:
        statement = {"Statement": 'SELECT * FROM "things" WHERE "PK"=\'a\' AND "SK"=\'b\''}
        table = account.client("dynamodb")
        assert code(table.batch_execute_statement, Statements=[statement] * 26) == "ValidationException"
        assert len(table.batch_execute_statement(Statements=[statement] * 25)["Responses"]) == 25

    def test_a_page_has_1_mb_and_a_batch_of_reads_16(self, account: Account) -> None:
        table = account.client("dynamodb")
        keys = []
        for number in range(42):
            stored = {**item(f"{number:02d}", 399 * KB), "PK": {"S": "p"}}
            table.put_item(TableName=TABLE, Item=stored)
            keys.append({"PK": stored["PK"], "SK": stored["SK"]})
        page = table.query(
            TableName=TABLE, KeyConditionExpression="PK = :p", ExpressionAttributeValues={":p": {"S": "p"}}
        )
        assert page["Count"] == 2
        assert page["LastEvaluatedKey"]["SK"] == {"S": "01"}
        answer = table.batch_get_item(RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})
        assert len(answer["Responses"][TABLE]) == 41
        assert answer["UnprocessedKeys"] == {TABLE: {"Keys": keys[41:], "ConsistentRead": True}}
        assert table.batch_get_item(RequestItems={TABLE: {"Keys": keys[:41]}})["UnprocessedKeys"] == {}


class TestStepFunctions:
    pytestmark = stack

    @pytest.mark.parametrize("name", ["x" * 81, "with space", "colon:", "star*", "new\nline", "a/b"])
    def test_a_name_is_80_plain_characters(self, account: Account, name: str) -> None:
        states, arn = account.client("stepfunctions"), account.machine("names", PASS)
        assert code(states.start_execution, stateMachineArn=arn, name=name) == "InvalidName"

    def test_an_input_is_256_kib_of_json(self, account: Account) -> None:
        states, arn = account.client("stepfunctions"), account.machine("inputs", PASS)
        fits = json.dumps("é" * ((PAYLOAD_BYTES - 2) // 2), ensure_ascii=False)
        assert account.ended(states.start_execution(stateMachineArn=arn, input=fits)["executionArn"])["status"] == (
            "SUCCEEDED"
        )
        for wrong, error in ((fits[:-1] + 'x"', "ValidationException"), ("{", "InvalidExecutionInput")):
            assert code(states.start_execution, stateMachineArn=arn, input=wrong) == error

    def test_starting_again_what_runs_is_answered_and_anything_else_refused(self, account: Account) -> None:
        states, arn = account.client("stepfunctions"), account.machine("again", WAIT)
        first = states.start_execution(stateMachineArn=arn, name="one", input="{}")
        second = states.start_execution(stateMachineArn=arn, name="one", input="{}")
        assert (second["executionArn"], second["startDate"]) == (first["executionArn"], first["startDate"])
        assert code(states.start_execution, stateMachineArn=arn, name="one", input="[]") == "ExecutionAlreadyExists"
        states.stop_execution(executionArn=first["executionArn"])
        assert code(states.start_execution, stateMachineArn=arn, name="one", input="{}") == "ExecutionAlreadyExists"

    def test_what_has_ended_cannot_be_stopped(self, account: Account) -> None:
        states, arn = account.client("stepfunctions"), account.machine("stops", PASS)
        ended = account.ended(states.start_execution(stateMachineArn=arn)["executionArn"])
        assert code(states.stop_execution, executionArn=ended["executionArn"]) == "ValidationException"
        assert code(states.stop_execution, executionArn=ended["executionArn"], error="x" * 257) == "ValidationException"

    def test_a_result_beyond_256_kib_ends_the_execution_whatever_is_caught(self, account: Account) -> None:
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "probe", "Payload.$": "$"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            "End": True,
        }
        definition = {"StartAt": "Task", "States": {"Task": task, "Caught": {"Type": "Pass", "End": True}}}
        states, arn = account.client("stepfunctions"), account.machine("results", definition)
        started = [
            states.start_execution(stateMachineArn=arn, input=json.dumps({"size": size}))["executionArn"]
            for size in (PAYLOAD_BYTES - 100, PAYLOAD_BYTES)
        ]
        fits, exceeds = map(account.ended, started)
        assert fits["status"] == "SUCCEEDED"
        assert (exceeds["status"], exceeds["error"]) == ("FAILED", "States.DataLimitExceeded")

    def test_an_answer_of_a_task_is_256_kib_of_json(self, account: Account) -> None:
        states = account.client("stepfunctions")
        for output, error in (("x" * (PAYLOAD_BYTES + 1), "ValidationException"), ("{", "InvalidOutput")):
            assert code(states.send_task_success, taskToken="t", output=output) == error
        for field, limit in (("error", 256), ("cause", 32_768)):
            request = {"taskToken": "t", field: "x" * (limit + 1)}
            assert code(states.send_task_failure, **request) == "ValidationException"

    def test_a_history_ends_with_the_failure_as_event_25_000(self, account: Account) -> None:
        again = {"Variable": "$.spin", "BooleanEquals": True, "Next": "Loop"}
        definition = {"StartAt": "Loop", "States": {"Loop": {"Type": "Choice", "Choices": [again], "Default": "End"}}}
        definition["States"]["End"] = {"Type": "Succeed"}  # type: ignore[index]  # nested
        states, arn = account.client("stepfunctions"), account.machine("endless", definition)
        ended = account.ended(states.start_execution(stateMachineArn=arn, input='{"spin": true}')["executionArn"])
        assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
        history = states.get_execution_history(executionArn=ended["executionArn"], reverseOrder=True, maxResults=2)
        assert [(event["id"], event["type"]) for event in history["events"]] == [
            (HISTORY_EVENTS, "ExecutionFailed"),
            (HISTORY_EVENTS - 1, "ChoiceStateExited"),
        ]

    def test_control_calls_are_throttled_and_counted(self, account: Account) -> None:
        states = aws.client("stepfunctions", f"http://127.0.0.1:{account.process.port()}")
        states.meta.events.register("needs-retry.*", lambda **_: False)
        arn = account.machine("quotas", PASS)
        errors = set()
        for _ in range(BUCKETS["ListMapRuns"].size + 20):
            try:
                states.list_map_runs(executionArn=f"{arn.replace(':stateMachine:', ':execution:')}:none")
            except ClientError as error:
                errors.add(error.response["Error"]["Code"])
        assert errors == {"ExecutionDoesNotExist", "ThrottlingException"}
        page = urllib3.request("GET", f"http://127.0.0.1:{account.process.port()}/_local/quotas.json").json()
        assert page["ListMapRuns"]["calls"] >= BUCKETS["ListMapRuns"].size + 20
        assert 0 < page["ListMapRuns"]["throttled"] <= page["ListMapRuns"]["calls"] - BUCKETS["ListMapRuns"].size


class TestMessages:
    pytestmark = stack

    def test_a_message_of_a_queue_has_1_mib_and_one_of_a_topic_256_kib(self, account: Account) -> None:
        queue, topics = account.client("sqs"), account.client("sns")
        url = queue.create_queue(QueueName="large")["QueueUrl"]
        queue.send_message(QueueUrl=url, MessageBody="x" * 1024 * KB)
        assert code(queue.send_message, QueueUrl=url, MessageBody="x" * (1024 * KB + 1)) == "InvalidParameterValue"
        topic = topics.create_topic(Name="large")["TopicArn"]
        topics.publish(TopicArn=topic, Message="x" * 256 * KB)
        assert code(topics.publish, TopicArn=topic, Message="x" * (256 * KB + 1)) == "InvalidParameter"
