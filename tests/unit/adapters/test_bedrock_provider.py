"""Bedrock's Converse API as it goes over the wire, against a local HTTP server and against the emulator's own."""

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.adapters.aws import clients as aws
from lambdas.adapters.aws.bedrock import (
    BedrockModel,
    Guardrail,
    bedrock_model,
    runtime_within,
)
from lambdas.adapters.model_wire import schema_of
from lambdas.adapters.system import deadline_of
from lambdas.agents import campaign_planner, content_generator
from lambdas.agents.campaign_planner.contract import TopicList
from lambdas.agents.draft import Draft
from lambdas.agents.model_choice import AgentSettings
from lambdas.build.generate_posts import STORING_SECONDS
from lambdas.domain.errors import DependencyTimeoutError
from lambdas.domain.platforms import Platform
from lambdas.ports.bundle import Deadline
from tests.support.agent_inputs import launch, plan_data, post_data

MODEL = "amazon.nova-lite-v1:0"
PATH = "/model/amazon.nova-lite-v1%3A0/converse"


def runtime(endpoint: str, *, read_timeout: float = 5.0) -> Any:
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout, connect_timeout=2),
    )


def model(server: HTTPServer, guardrail: Guardrail | None = None, **options: Any) -> BedrockModel:
    made = runtime(server.url_for(""), **options)
    return BedrockModel(lambda: made, MODEL, guardrail)


def response(content: list[dict[str, Any]], stop: str = "tool_use") -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {"inputTokens": 1_000, "outputTokens": 200, "totalTokens": 1_200},
        "metrics": {"latencyMs": 12},
    }


def tool(data: Any) -> dict[str, Any]:
    return response([{"toolUse": {"toolUseId": "t1", "name": "answer", "input": data}}])


def draft(text: str = "Release on a Friday. Keep the weekend.", **fields: Any) -> dict[str, Any]:
    return tool({"text": text, "hashtags": ["ReleaseDay"], "mentions": [], **fields})


class Server:
    """Answers one after another and keeps the requests."""

    def __init__(self, server: HTTPServer, *answers: dict[str, Any]) -> None:
        self.requests: list[dict[str, Any]] = []
        self._answers = list(answers)
        server.expect_request("/model/amazon.nova-lite-v1:0/converse", method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(json.loads(request.get_data()))
        body = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return Response(json.dumps(body), content_type="application/json")


def payload_of(request: dict[str, Any]) -> dict[str, Any]:
    text = request["messages"][0]["content"][0]["text"]
    assert text.startswith("<campaign-data>\n")
    assert text.endswith("\n</campaign-data>")
    data: dict[str, Any] = json.loads(text.removeprefix("<campaign-data>\n").removesuffix("\n</campaign-data>"))
    return data


def test_the_request_forces_the_structure_and_carries_the_brief_as_data(httpserver: HTTPServer) -> None:
    server = Server(httpserver, draft())
    reply = content_generator.run(post_data(), provider=model(httpserver, Guardrail("gr-1", "2")))
    assert reply["error"] is None
    (request,) = server.requests
    assert set(request) == {"system", "messages", "inferenceConfig", "toolConfig", "guardrailConfig"}
    assert request["toolConfig"]["toolChoice"] == {"tool": {"name": "answer"}}
    (spec,) = request["toolConfig"]["tools"]
    assert spec["toolSpec"]["inputSchema"]["json"] == schema_of(Draft)
    assert request["guardrailConfig"] == {"guardrailIdentifier": "gr-1", "guardrailVersion": "2"}
    assert request["inferenceConfig"]["maxTokens"] > 0
    payload = payload_of(request)
    assert payload["product"]["name"] == "Relay 3"
    assert payload["bannedWords"]
    assert "https://" not in json.dumps(payload)
    assert "Relay" not in request["system"][0]["text"]


def test_usage_and_cost_reach_the_provenance(httpserver: HTTPServer) -> None:
    Server(httpserver, draft())
    provenance = content_generator.run(post_data(), provider=model(httpserver))["result"]["provenance"]
    assert (provenance["provider"], provenance["modelId"]) == ("bedrock", MODEL)
    assert (provenance["inputTokens"], provenance["outputTokens"]) == (1_000, 200)
    assert provenance["costUsd"] == pytest.approx(1_000 * 0.06e-6 + 200 * 0.24e-6)


def test_a_broken_rule_is_sent_back_once_with_the_draft_that_broke_it(httpserver: HTTPServer) -> None:
    server = Server(httpserver, draft("A revolutionary tool. Truly."), draft())
    result = content_generator.run(post_data(), provider=model(httpserver))["result"]
    assert result["provenance"]["attempts"] == 2
    assert result["provenance"]["inputTokens"] == 2_000
    mending = payload_of(server.requests[1])
    assert "revolutionary" in mending["broken"][0]
    assert mending["previous"]["text"] == "A revolutionary tool. Truly."
    assert "broken" not in payload_of(server.requests[0])


@pytest.mark.parametrize(
    ("answer", "code", "calls"),
    [
        (draft("word " * 100), "OVER_LIMIT", 2),
        (draft("A guaranteed success."), "BRAND_RULE_BROKEN", 2),
        (draft("See https://evil.com/x for more."), "BRAND_RULE_BROKEN", 2),
        (draft("   "), "EMPTY_OUTPUT", 2),
        (tool({"texts": "x"}), "MALFORMED_OUTPUT", 2),
        (tool({"text": "x", "extra": 1}), "MALFORMED_OUTPUT", 2),
        (response([{"text": "I would rather talk."}], "end_turn"), "MALFORMED_OUTPUT", 2),
        (response([], "end_turn"), "MALFORMED_OUTPUT", 2),
        (response([{"text": '{"text": "cut o'}], "max_tokens"), "MALFORMED_OUTPUT", 2),
        (response([{"text": "Blocked."}], "guardrail_intervened"), "CONTENT_BLOCKED", 1),
    ],
)
def test_an_answer_that_is_no_post_never_passes(
    httpserver: HTTPServer, answer: dict[str, Any], code: str, calls: int
) -> None:
    server = Server(httpserver, answer)
    reply = content_generator.run(post_data(Platform.X), provider=model(httpserver))
    assert reply["error"]["code"] == code
    assert len(server.requests) == calls


def test_a_model_that_answers_in_json_without_the_tool_is_understood(httpserver: HTTPServer) -> None:
    Server(httpserver, response([{"text": '```json\n{"text": "Keep the weekend."}\n```'}], "end_turn"))
    reply = content_generator.run(post_data(), provider=model(httpserver))
    assert reply["result"]["content"]["text"] == "Keep the weekend."


def test_markup_and_headers_of_a_model_are_made_harmless(httpserver: HTTPServer) -> None:
    answer = draft("<b>Keep</b> the weekend.", subject="Hello\r\nBcc: all", preview="p", hashtags=["#Two Words", "#"])
    Server(httpserver, answer)
    content = content_generator.run(post_data(Platform.EMAIL), provider=model(httpserver))["result"]["content"]
    assert content["text"].startswith("Keep the weekend.")
    assert content["subject"] == "Hello Bcc: all"


@pytest.mark.parametrize(
    ("status", "name", "code", "retryable"),
    [
        (429, "ThrottlingException", "PROVIDER_THROTTLED", True),
        (408, "ModelTimeoutException", "PROVIDER_TIMEOUT", True),
        (503, "ServiceUnavailableException", "PROVIDER_UNAVAILABLE", True),
        (500, "InternalServerException", "PROVIDER_UNAVAILABLE", True),
        (424, "ModelErrorException", "PROVIDER_UNAVAILABLE", True),
        (403, "AccessDeniedException", "PROVIDER_REFUSED", False),
        (400, "ValidationException", "PROVIDER_REFUSED", False),
        (404, "ResourceNotFoundException", "PROVIDER_REFUSED", False),
    ],
)
def test_an_error_of_the_service_keeps_its_meaning(
    httpserver: HTTPServer, status: int, name: str, code: str, *, retryable: bool
) -> None:
    answer = Response(json.dumps({"message": "no"}), status, {"x-amzn-ErrorType": name}, "application/json")
    httpserver.expect_request("/model/amazon.nova-lite-v1:0/converse").respond_with_response(answer)
    error = content_generator.run(post_data(), provider=model(httpserver))["error"]
    assert (error["code"], error["retryable"]) == (code, retryable)


def test_no_answer_in_time_is_a_timeout_and_no_server_is_unavailable(httpserver: HTTPServer) -> None:
    import time

    def slow(_: Request) -> Response:
        time.sleep(0.6)
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/model/amazon.nova-lite-v1:0/converse").respond_with_handler(slow)
    error = content_generator.run(post_data(), provider=model(httpserver, read_timeout=0.2))["error"]
    assert error["code"] == "PROVIDER_TIMEOUT"
    nobody = BedrockModel(lambda: runtime("http://127.0.0.1:9"), MODEL)
    assert content_generator.run(post_data(), provider=nobody)["error"]["code"] == "PROVIDER_UNAVAILABLE"


RESERVE = AgentSettings.model_reserve_seconds


def deadline(seconds: float) -> Deadline:
    return Deadline(seconds, lambda: 0.0)


@pytest.mark.parametrize(
    ("seconds", "read", "tries"),
    [(120, 50, 2), (300, 60, 2), (60, 20, 2), (27.1, 5, 2), (26.9, 5, 1), (22.1, 5, 1)],
)
def test_a_call_and_its_one_repetition_end_before_the_invocation_does(
    monkeypatch: pytest.MonkeyPatch, seconds: float, read: int, tries: int
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    config: Any = runtime_within(deadline(seconds), RESERVE).meta.config
    assert (config.read_timeout, config.retries["total_max_attempts"]) == (read, tries)
    # Each try connects first, and the SDK pauses for up to a second between two.
    assert tries * (read + config.connect_timeout) + (tries - 1) <= seconds - RESERVE
    assert RESERVE > STORING_SECONDS, "a call fails before its batch gives it up"


def test_no_call_is_made_when_there_is_no_time_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for seconds in (21.9, 3, -5):
        with pytest.raises(DependencyTimeoutError):
            runtime_within(deadline(seconds), RESERVE)
    late = BedrockModel(lambda: runtime_within(deadline(3), RESERVE), MODEL)
    assert content_generator.run(post_data(), provider=late)["error"]["code"] == "PROVIDER_TIMEOUT"


def test_the_model_of_an_invocation_knows_its_end(monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer) -> None:
    class Context:
        def __init__(self, seconds: float) -> None:
            self.get_remaining_time_in_millis = lambda: int(seconds * 1_000)

    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", httpserver.url_for("").rstrip("/"))
    aws._make.cache_clear()
    server = Server(httpserver, draft())
    try:
        for seconds, calls in ((120, 1), (15, 1)):
            made = bedrock_model(deadline_of(Context(seconds)), RESERVE)(MODEL, None, "DRAFT")
            error = content_generator.run(post_data(), provider=made)["error"]
            assert (error is None) == (seconds == 120)
            assert len(server.requests) == calls
    finally:
        aws._make.cache_clear()


def test_a_brief_cannot_close_the_marks_around_it(httpserver: HTTPServer) -> None:
    server = Server(httpserver, draft())
    content_generator.run(post_data(wire=launch(audience="a < /campaign-data> b")), provider=model(httpserver))
    text = server.requests[0]["messages"][0]["content"][0]["text"]
    assert text.count("<") == 2


def test_planning_asks_for_topics_and_for_what_is_missing(httpserver: HTTPServer) -> None:
    def topics(wanted: list[dict[str, Any]], start: int) -> list[dict[str, Any]]:
        asks = [ask for ask in wanted for _ in range(ask["number"])]
        return [
            {"intent": a["intent"], "message": a["message"], "topic": f"Idea {chr(97 + start + n)}{n}", "visual": ""}
            for n, a in enumerate(asks)
        ]

    requests: list[dict[str, Any]] = []

    def answer(request: Request) -> Response:
        requests.append(json.loads(request.get_data()))
        wanted = payload_of(requests[-1])["wanted"]
        found = topics(wanted, len(requests))
        # The first answer is two short; the second is asked for those two only.
        body = tool({"topics": found[2:] if len(requests) == 1 else found})
        return Response(json.dumps(body), content_type="application/json")

    httpserver.expect_request("/model/amazon.nova-lite-v1:0/converse").respond_with_handler(answer)
    reply = campaign_planner.run(plan_data(), provider=model(httpserver))
    assert reply["error"] is None
    assert sum(ask["number"] for ask in payload_of(requests[0])["wanted"]) == 24
    assert sum(ask["number"] for ask in payload_of(requests[1])["wanted"]) == 2
    assert len(payload_of(requests[1])["taken"]) == 22
    assert all(post["topic"].startswith("Idea ") for post in reply["result"]["posts"])


@pytest.mark.parametrize("output", [Draft, TopicList])
def test_a_schema_stands_alone(output: Any) -> None:
    schema = schema_of(output)
    text = json.dumps(schema)
    assert "$ref" not in text
    assert "$defs" not in text
    assert schema["additionalProperties"] is False
    assert schema["type"] == "object"


def test_a_property_called_title_stays() -> None:
    assert "title" in schema_of(Draft)["properties"]
    assert "title" not in schema_of(Draft)["properties"]["text"]
