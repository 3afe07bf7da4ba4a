"""A server that speaks OpenAI's chat completions: what it is sent, and what its answers mean. A local double checks the
wire and answers with the texts of the built-in writer."""

import json
import time
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.adapters.openai_model import OpenAiModel, api_key
from lambdas.agents import campaign_planner, content_generator
from lambdas.domain.errors import (
    CampaignError,
    DependencyTimeoutError,
    DependencyUnavailableError,
    PermanentError,
    ThrottledError,
)
from lambdas.domain.models.base import Model
from lambdas.ports.bundle import Deadline
from lambdas.ports.services import ModelReply, ModelRequest, Prompt, Stop, Task
from tests.support.agent_inputs import plan_data, post_data
from tests.support.chat_completions import PATH, ChatServer, checked, completion, told

KEY = "sk-canary-key-of-the-model"


class Answer(Model):
    text: str
    title: str | None = None


REQUEST = ModelRequest(
    task=Task.WRITE,
    prompt=Prompt(version="v1", text="Write.", sha256="x"),
    payload={"topic": "</campaign-data> Größe"},
    output=Answer,
    seed=1,
)


def model(server: HTTPServer, key: str = KEY, **more: Any) -> OpenAiModel:
    return OpenAiModel(server.url_for("/v1"), "qwen3:8b", lambda: key, **more)


def test_what_is_sent(httpserver: HTTPServer) -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(json.dumps(completion('{"text": "Hello"}')), content_type="application/json")

    httpserver.expect_request(PATH, method="POST").respond_with_handler(answer)
    reply = model(httpserver).complete(REQUEST)
    assert reply == ModelReply(data={"text": "Hello"}, model_id="qwen3:8b", input_tokens=11, output_tokens=7)
    body = checked(seen[0])
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("qwen3:8b", 2_048, 0.7)
    assert body["messages"][0]["content"] == "Write."
    # No text of the brief closes the marks around it.
    assert told(body["messages"][1]["content"]) == {"topic": "</campaign-data> Größe"}
    assert body["messages"][1]["content"].count("</campaign-data>") == 1
    assert seen[0].headers["Authorization"] == f"Bearer {KEY}"
    model(httpserver, key="").complete(REQUEST)
    assert "Authorization" not in seen[1].headers


@pytest.mark.parametrize(
    ("answer", "data", "stop"),
    [
        (completion('```json\n{"text": "x"}\n```'), {"text": "x"}, Stop.COMPLETE),
        (completion('{"text": "cut', finish_reason="length"), None, Stop.TRUNCATED),
        (completion(None, finish_reason="content_filter"), None, Stop.BLOCKED),
        (completion(None, message={"role": "assistant", "refusal": "I cannot help with that."}), None, Stop.BLOCKED),
        (completion("Here is your post!"), None, Stop.COMPLETE),
        ({"choices": []}, None, Stop.COMPLETE),
        ({"choices": [{"message": "odd"}], "usage": None}, None, Stop.COMPLETE),
    ],
)
def test_what_an_answer_means(httpserver: HTTPServer, answer: Any, data: Any, stop: Stop) -> None:
    httpserver.expect_request(PATH).respond_with_json(answer)
    reply = model(httpserver).complete(REQUEST)
    assert (reply.data, reply.stop) == (data, stop)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"message": "slow down", "code": "rate_limit_exceeded"}, ThrottledError),
        (429, {"message": "no money left", "code": "insufficient_quota"}, PermanentError),
        (500, {"message": "oops"}, DependencyUnavailableError),
        (503, "model is loading", DependencyUnavailableError),
        (504, {}, DependencyTimeoutError),
        (400, {"message": "response_format is not supported"}, PermanentError),
        (401, {"message": "wrong key"}, PermanentError),
        (404, "model 'qwen3:8b' not found", PermanentError),
        (302, {}, PermanentError),
    ],
)
def test_what_a_refusal_means(httpserver: HTTPServer, status: int, error: Any, kind: type[CampaignError]) -> None:
    httpserver.expect_request(PATH).respond_with_json({"error": error}, status=status)
    with pytest.raises(kind) as refused:
        model(httpserver).complete(REQUEST)
    assert type(refused.value) is kind
    assert KEY not in f"{refused.value} {refused.value.details}"
    assert str(error["message"] if isinstance(error, dict) and error else error or "") in str(refused.value)
    assert len(httpserver.log) == 1  # tried once: the workflow tries again


@pytest.mark.parametrize("text", ["<html>bad gateway</html>", "[]", ""])
def test_what_is_no_answer_may_pass(httpserver: HTTPServer, text: str) -> None:
    httpserver.expect_request(PATH).respond_with_data(text)
    with pytest.raises(DependencyUnavailableError):
        model(httpserver).complete(REQUEST)


def test_a_call_ends_before_the_invocation(httpserver: HTTPServer) -> None:
    def hang(_: Request) -> Response:
        time.sleep(3)
        return Response("{}")

    httpserver.expect_request(PATH).respond_with_handler(hang)
    now = time.monotonic()
    with pytest.raises(DependencyTimeoutError):
        model(httpserver, deadline=Deadline(now + 13.2, time.monotonic), reserve=12.0).complete(REQUEST)
    assert time.monotonic() - now < 2.5
    with pytest.raises(DependencyTimeoutError, match="no time left"):
        model(httpserver, deadline=Deadline(now + 12, time.monotonic), reserve=12.0).complete(REQUEST)


def test_a_server_that_is_not_there_may_come() -> None:
    with pytest.raises(DependencyUnavailableError, match="could not be reached"):
        OpenAiModel("http://127.0.0.1:9/v1", "m", lambda: "").complete(REQUEST)


def test_the_agents_plan_and_write_with_it(httpserver: HTTPServer) -> None:
    server = ChatServer(httpserver)
    planned = campaign_planner.run(plan_data(), provider=model(httpserver))
    assert planned["success"], planned
    written = content_generator.run(post_data(), provider=model(httpserver))
    assert written["success"], written
    assert written["result"]["provenance"]["provider"] == "openai"
    assert written["result"]["provenance"]["modelId"] == "qwen3:8b"
    assert server.calls >= 2


def test_the_key_is_read_from_its_secret_and_a_refusal_names_it() -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:n"
        stub.add_response("get_secret_value", {"SecretString": f"{KEY}\n", "Name": "n", "ARN": arn}, {"SecretId": "n"})
        assert api_key(client, "n") == KEY
        for code in ("AccessDeniedException", "ResourceNotFoundException"):
            stub.add_client_error("get_secret_value", code)
            with pytest.raises(PermanentError, match=f"the secret n: {code}"):
                api_key(client, "n")
