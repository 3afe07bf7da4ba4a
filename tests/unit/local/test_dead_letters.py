"""Replaying dead letters: whatever breaks half-way, no message is lost and no campaign is started twice."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.dead_letters import QUEUE, Letters
from local.process import ROOT


class Functions:
    """Lambda as the replay sees it: it refuses campaigns without a name, and breaks when ``breaks_at`` is sent."""

    def __init__(self, breaks_at: str = "") -> None:
        self.breaks_at = breaks_at
        self.sent: list[dict[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's own names
        payload = json.loads(Payload)
        name = payload["campaign"]["name"]
        if name == self.breaks_at:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "later"}}, "Invoke")
        self.sent.append({"function": FunctionName, **payload})
        if name.startswith("bad"):
            answer = {"errorType": "InvalidInputError", "errorMessage": "postCount: too few"}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(answer).encode())}
        return {"Payload": io.BytesIO(b"{}")}

    @property
    def names(self) -> list[str]:
        return [sent["campaign"]["name"] for sent in self.sent]


class Immovable:
    """A queue from which nothing can be removed."""

    def __init__(self, sqs: Any) -> None:
        self.list_queues = sqs.list_queues

    def delete_message(self, **_request: Any) -> None:
        raise ConnectionError


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("sqs")
        client.create_queue(QueueName=f"{QUEUE}1A2B")
        client.create_queue(QueueName=f"stage-{QUEUE}3C4D")
        yield client


def refuse(sqs: Any, *names: str, prefix: str = "") -> None:
    (url,) = sqs.list_queues(QueueNamePrefix=f"{prefix}{QUEUE}")["QueueUrls"]
    for name in names:
        body = {
            "requestContext": {"requestId": f"request-of-{name}"},
            "requestPayload": {"tenantId": "acme", "campaign": {"name": name}},
            "responsePayload": {"errorType": "InvalidInputError", "errorMessage": "brandId: there is no such brand"},
        }
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))


def waiting(sqs: Any, prefix: str = "") -> list[str]:
    """The names of the messages that anybody who asks gets."""
    with Letters(sqs, Functions(), prefix).in_hand(100) as letters:
        return sorted(letter.name for letter in letters)


def test_looking_takes_nothing_away(sqs: Any) -> None:
    refuse(sqs, *[f"campaign-{number}" for number in range(12)])
    assert len(waiting(sqs)) == 12
    assert len(waiting(sqs)) == 12
    with Letters(sqs, Functions()).in_hand(5) as letters:
        assert len(letters) == 5
        assert (letters[0].error, letters[0].message) == ("InvalidInputError", "brandId: there is no such brand")
    assert len(waiting(sqs)) == 12


def test_what_is_accepted_leaves_the_queue_and_what_is_refused_stays(sqs: Any) -> None:
    refuse(sqs, "good", "bad")
    functions = Functions()
    queue = Letters(sqs, functions)
    with queue.in_hand(10) as letters:
        answers = {letter.name: queue.replay(letter) for letter in letters}
    assert answers == {"good": None, "bad": "InvalidInputError: postCount: too few"}
    assert waiting(sqs) == ["bad"]
    assert {sent["function"] for sent in functions.sent} == {"build-campaign:live"}


def test_a_replay_that_breaks_half_way_loses_nothing(sqs: Any) -> None:
    names = [f"campaign-{number}" for number in range(5)]
    refuse(sqs, *names)
    functions = Functions(breaks_at="campaign-2")
    queue = Letters(sqs, functions)

    def replay() -> None:
        with queue.in_hand(10) as letters:
            for letter in letters:
                queue.replay(letter)

    with pytest.raises(ClientError, match="later"):
        replay()
    assert waiting(sqs) == sorted(set(names) - set(functions.names))
    assert "campaign-2" in waiting(sqs)


def test_dying_after_the_start_and_before_the_removal_starts_no_second_campaign(sqs: Any) -> None:
    refuse(sqs, "once")
    functions = Functions()
    with Letters(sqs, functions).in_hand(10) as letters:
        dying = Letters(Immovable(sqs), functions)
        with pytest.raises(ConnectionError):
            dying.replay(letters[0])
    queue = Letters(sqs, functions)
    with queue.in_hand(10) as letters:
        assert queue.replay(letters[0]) is None
    assert waiting(sqs) == []
    assert functions.sent[0] == functions.sent[1]
    assert functions.sent[0]["idempotencyKey"] == "invocation:request-of-once"


def test_a_stage_has_its_own_queue_and_function(sqs: Any) -> None:
    refuse(sqs, "staged", prefix="stage-")
    assert (waiting(sqs), waiting(sqs, "stage-")) == ([], ["staged"])
    functions = Functions()
    queue = Letters(sqs, functions, "stage-")
    with queue.in_hand(10) as letters:
        queue.replay(letters[0])
    assert [sent["function"] for sent in functions.sent] == ["stage-build-campaign:live"]
    with pytest.raises(LookupError, match=f"no queue begins with other-{QUEUE}"):
        Letters(sqs, functions, "other-")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["purge"], 2, "'purge' is not one of 'list', 'replay'"),
        ([], 2, "Missing argument"),
        (["list", "--limit", "0"], 2, "'--limit'"),
        (["list", "--aw"], 2, "No such option: --aw"),
        (["list"], 1, "the local stack is not running: start it with `make up`"),
        (["replay", "--aws"], 1, "Unable to locate credentials"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments: list[str], code: int, says: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"CAMPAIGN_HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "TERM": "dumb"}
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    environment |= {"AWS_DEFAULT_REGION": "us-east-1", "COLUMNS": "200"}
    command = [sys.executable, "-m", "local.cli", "dlq", *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_message_that_does_not_name_its_invocation_is_known_by_itself(sqs: Any) -> None:
    (url,) = sqs.list_queues(QueueNamePrefix=QUEUE)["QueueUrls"]
    sent = sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"tenantId": "acme", "campaign": {"name": "raw"}}))
    functions = Functions()
    queue = Letters(sqs, functions)
    with queue.in_hand(10) as letters:
        queue.replay(letters[0])
    assert functions.sent[0]["idempotencyKey"] == f"letter:{sent['MessageId']}"
