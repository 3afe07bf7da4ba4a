"""The corrected emulator itself, with a small function deployed straight into it."""

import base64
import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local import aws
from local.process import EmulatorProcess, LocalStackError, free_port
from tests.support.workers import workers_of

# One emulator serves them all, so they run in one worker.
pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("emulator")]

HANDLER = """
import os, time, pathlib
import layered

class CustomError(Exception):
    pass

def handle(event, context):
    for number in range(event.get("lines", 1)):
        print(f"log line {number}")
    if event.get("raise"):
        raise CustomError(event.get("say", "as asked"))
    if event.get("exit"):
        os._exit(9)
    if event.get("size"):
        return "x" * event["size"]
    time.sleep(event.get("sleep", 0))
    layer = str(pathlib.Path(layered.__file__).resolve())
    return {"pid": os.getpid(), "layer": layer, "key": os.environ["AWS_ACCESS_KEY_ID"]}
"""


def archive(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files.items():
            opened.writestr(name.replace("__", "/") + ".py", text)
    return content.getvalue()


class Running:
    """An emulator with one function, ``probe``."""

    def __init__(self, home: Path) -> None:
        self.process = EmulatorProcess(home)
        self.start()
        layer = self.client("lambda").publish_layer_version(
            LayerName="layered", Content={"ZipFile": archive(python__layered="")}
        )
        role = self.client("iam").create_role(RoleName="probe", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.client("lambda").create_function(
            FunctionName="probe",
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="probe.handle",
            Timeout=20,
            Code={"ZipFile": archive(probe=HANDLER)},
            Layers=[layer["LayerVersionArn"]],
        )

    def start(self) -> None:
        self.process.start(free_port(20_000 + os.getpid() % 20_000))

    def client(self, service: str) -> Any:
        return aws.client(service, f"http://127.0.0.1:{self.process.port()}")

    def invoke(self, **event: Any) -> tuple[dict[str, Any], str | None]:
        answer = self.client("lambda").invoke(FunctionName="probe", Payload=json.dumps(event))
        return json.load(answer["Payload"]), answer.get("FunctionError")


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("emulator"))
    yield running
    running.process.stop()


def test_an_exception_arrives_by_its_class_name_and_the_worker_lives_on(emulator: Running) -> None:
    before, _ = emulator.invoke()
    failure, kind = emulator.invoke(**{"raise": True})
    after, _ = emulator.invoke()
    assert kind is not None
    assert failure["errorType"] == "CustomError"
    assert failure["errorMessage"] == "as asked"
    assert any("CustomError" in line for line in failure["stackTrace"])
    assert before["pid"] == after["pid"]


def test_a_worker_that_dies_is_an_exit_error_and_is_replaced(emulator: Running) -> None:
    failure, kind = emulator.invoke(exit=True)
    assert kind is not None
    assert failure["errorType"] == "Runtime.ExitError"
    assert emulator.invoke()[1] is None


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
def test_invocations_on_their_way_finish_while_their_function_is_changed(emulator: Running) -> None:
    """AWS lets them. Their workers are not used again, and end."""
    functions = emulator.client("lambda")
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(emulator.invoke, sleep=2) for _ in range(3)]
        deadline = time.monotonic() + 20
        while len(workers_of(emulator.process.home, "probe")) < 3:
            assert time.monotonic() < deadline, "three invocations have three workers"
            time.sleep(0.05)
        time.sleep(0.5)  # forked, and now in the handler
        functions.update_function_configuration(FunctionName="probe", Environment={"Variables": {"CHANGED": "1"}})
        after, kind = emulator.invoke()
        answers = [each.result() for each in running]
    assert kind is None
    assert [kind for _, kind in answers] == [None] * 3, answers
    before = {answer["pid"] for answer, _ in answers}
    assert (len(before), after["pid"] in before) == (3, False)
    deadline = time.monotonic() + 20
    while before & set(workers_of(emulator.process.home, "probe")):
        assert time.monotonic() < deadline, "workers of the function as it was have nothing more to do"
        time.sleep(0.05)


def test_the_log_of_an_invocation_is_all_it_wrote_and_nothing_else(emulator: Running) -> None:
    for lines in (0, 1, 2_000):
        answer = emulator.client("lambda").invoke(
            FunctionName="probe", LogType="Tail", Payload=json.dumps({"lines": lines})
        )
        tail = base64.b64decode(answer.get("LogResult", "")).decode()
        written = "\n".join(f"log line {number}" for number in range(lines))
        assert tail == written[-4096:]


def test_each_attempt_of_a_task_that_waits_has_a_token_of_its_own(emulator: Running) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "probe", "Payload": {"raise": True, "say.$": "$$.Task.Token"}},
        "Retry": [{"ErrorEquals": ["CustomError"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "End": True,
    }
    roles, states = emulator.client("iam"), emulator.client("stepfunctions")
    role = roles.create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    roles.put_role_policy(RoleName="machine", PolicyName="invoke", PolicyDocument=policy)
    definition = json.dumps({"StartAt": "Ask", "States": {"Ask": task}})
    machine = states.create_state_machine(name="asking", definition=definition, roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    deadline = time.monotonic() + 30
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    events = states.get_execution_history(executionArn=execution)["events"]
    causes = [e["taskFailedEventDetails"]["cause"] for e in events if "taskFailedEventDetails" in e]
    tokens = {json.loads(cause)["errorMessage"] for cause in causes}
    assert (len(causes), len(tokens)) == (2, 2), causes


def test_callers_wait_for_a_worker_and_none_is_throttled(emulator: Running) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: emulator.invoke(sleep=0.1), range(20)))
    assert [kind for _, kind in answers] == [None] * 20
    assert len({answer["pid"] for answer, _ in answers}) <= 3


def test_workers_share_one_unpacked_layer(emulator: Running) -> None:
    answer, _ = emulator.invoke()
    assert Path(answer["layer"]).is_relative_to(emulator.process.home / "extracted")
    assert len(list((emulator.process.home / "extracted").iterdir())) == 2  # the code and the layer


def test_a_function_runs_under_its_role_and_not_as_root(emulator: Running) -> None:
    answer, _ = emulator.invoke()
    assert answer["key"].startswith("ASIA")


def test_the_port_tells_whose_it_is(emulator: Running) -> None:
    port = emulator.process.port()
    health = urllib3.request("GET", f"http://127.0.0.1:{port}/_local/health").json()
    assert health == {"home": str(emulator.process.home), "pid": emulator.process.pid()}
    assert EmulatorProcess(emulator.process.home / "other").pid() is None
    assert port is not None
    assert free_port(port) > port


def test_state_survives_a_clean_stop_and_a_kill(tmp_path: Path) -> None:
    running = Running(tmp_path)
    running.client("ssm").put_parameter(Name="/first", Value="1", Type="String")
    running.client("s3").create_bucket(Bucket="kept")
    running.client("s3").put_object(Bucket="kept", Key="key", Body=b"body")
    assert running.process.stop()
    assert not running.process.stop()

    running.start()
    assert running.client("ssm").get_parameter(Name="/first")["Parameter"]["Value"] == "1"
    assert running.client("s3").get_object(Bucket="kept", Key="key")["Body"].read() == b"body"
    running.client("ssm").put_parameter(Name="/second", Value="2", Type="String")
    saved = tmp_path / "state" / "ssm.json"
    deadline = time.monotonic() + 20
    while "/second" not in saved.read_text():
        assert time.monotonic() < deadline, "the state is saved every few seconds"
        time.sleep(0.1)
    # Pages below /_local and ministack's own do not count as changes, so nothing is being written now.
    assert running.process.stop(kill=True)

    running.start()
    try:
        assert running.client("ssm").get_parameter(Name="/second")["Parameter"]["Value"] == "2"
        assert running.invoke()[1] is None
    finally:
        running.process.stop()


def test_an_emulator_that_cannot_start_says_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_WORKERS", "0")
    process = EmulatorProcess(tmp_path)
    with pytest.raises(LocalStackError, match=r"emulator\.log"):
        process.start(free_port(20_000 + os.getpid() % 20_000))
    assert process.pid() is None


def test_a_stopped_process_is_gone(tmp_path: Path) -> None:
    process = EmulatorProcess(tmp_path)
    process.start(free_port(20_000 + os.getpid() % 20_000))
    pid = process.pid()
    assert pid is not None
    assert process.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)
