"""A server that speaks OpenAI's chat completions and answers with the built-in writer's texts; it refuses what it does
not know, as a strict server would."""

import json
from itertools import count
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.agents.offline.planner import propose_topics
from lambdas.agents.offline.writer import write_draft

PATH = "/v1/chat/completions"
MODEL = "qwen3:8b"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def completion(content: Any, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}, **more}
    return {"id": "c-1", "object": "chat.completion", "model": MODEL, "choices": [choice], "usage": USAGE}


def checked(request: Request) -> dict[str, Any]:
    """The body, as a strict server would take it."""
    assert request.headers["Content-Type"] == "application/json"
    body: dict[str, Any] = json.loads(request.data)
    assert set(body) == {"model", "messages", "max_tokens", "temperature", "response_format"}
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    form = body["response_format"]
    assert form["type"] == "json_schema"
    assert set(form["json_schema"]) == {"name", "schema", "strict"}
    assert form["json_schema"]["schema"]["type"] == "object"
    assert "$ref" not in json.dumps(form)
    return body


def told(message: str) -> dict[str, Any]:
    """What the model is told about the post or the plan."""
    assert message.startswith("<campaign-data>\n")
    assert message.endswith("\n</campaign-data>")
    data: dict[str, Any] = json.loads(message.removeprefix("<campaign-data>\n").removesuffix("\n</campaign-data>"))
    return data


class ChatServer:
    """``environment`` points a function at it; ``calls`` counts what it answered."""

    def __init__(self, server: HTTPServer) -> None:
        self.calls = 0
        self._seeds = count()
        server.expect_request(PATH, method="POST").respond_with_handler(self._answer)
        self.environment = {
            "AGENT_PROVIDER": "openai",
            "OPENAI_BASE_URL": server.url_for("/v1"),
            "OPENAI_MODEL": MODEL,
        }

    def _answer(self, request: Request) -> Response:
        body = checked(request)
        asked = told(body["messages"][1]["content"])
        topics = "topics" in body["response_format"]["json_schema"]["schema"]["properties"]
        made = (propose_topics if topics else write_draft)(asked, next(self._seeds))
        self.calls += 1
        return Response(json.dumps(completion(json.dumps(made))), content_type="application/json")
