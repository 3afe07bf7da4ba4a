"""A Bedrock that answers ``Converse`` with the offline copywriter's texts: same wire format, no credentials."""

import json
from itertools import count
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.agents.offline.planner import propose_topics
from lambdas.agents.offline.writer import write_draft

MODEL_ID = "amazon.nova-lite-v1:0"


class Bedrock:
    """``calls`` counts what it answered."""

    def __init__(self, server: HTTPServer) -> None:
        self.calls = 0
        self._seeds = count()
        server.expect_request(f"/model/{MODEL_ID}/converse", method="POST").respond_with_handler(self._answer)
        self.environment = {
            "AGENT_PROVIDER": "bedrock",
            "BEDROCK_MODEL_ID": MODEL_ID,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url_for("").rstrip("/"),
        }

    def _answer(self, request: Request) -> Response:
        asked = json.loads(request.data)
        (tool,) = asked["toolConfig"]["tools"]
        payload = _payload(asked["messages"][0]["content"][0]["text"])
        topics = "topics" in tool["toolSpec"]["inputSchema"]["json"]["properties"]
        answer = (propose_topics if topics else write_draft)(payload, next(self._seeds))
        self.calls += 1
        use = {"toolUseId": "t1", "name": tool["toolSpec"]["name"], "input": answer}
        reply = {
            "output": {"message": {"role": "assistant", "content": [{"toolUse": use}]}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 100, "outputTokens": 50, "totalTokens": 150},
            "metrics": {"latencyMs": 1},
        }
        return Response(json.dumps(reply), content_type="application/json")


def _payload(message: str) -> dict[str, Any]:
    document = message.removeprefix("<campaign-data>\n").removesuffix("\n</campaign-data>")
    payload: dict[str, Any] = json.loads(document)
    return payload
