"""A Bedrock that answers ``Converse`` with the offline copywriter's texts: same wire format, no credentials."""

import json
from collections import Counter
from itertools import count
from threading import Event, Lock
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.agents.offline.planner import propose_topics
from lambdas.agents.offline.writer import write_draft

MODEL_ID = "amazon.nova-lite-v1:0"


class Bedrock:
    """``calls`` counts what it answered, ``drafts`` the first drafts asked of it, by topic.

    The first topic of a post is hung up ``hangs`` times, until ``released``; that needs a server with threads.
    """

    def __init__(self, server: HTTPServer, hangs: int = 0) -> None:
        self.calls = 0
        self.drafts: Counter[str] = Counter()
        self.hung: str | None = None
        self.released = Event()
        self._hangs = hangs
        self._lock = Lock()
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
        if not topics and "broken" not in payload and self._is_to_hang(payload["topic"]):
            self.released.wait(60)
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

    def _is_to_hang(self, topic: str) -> bool:
        with self._lock:
            self.drafts[topic] += 1
            self.hung = self.hung or topic
            return topic == self.hung and self.drafts[topic] <= self._hangs


def _payload(message: str) -> dict[str, Any]:
    document = message.removeprefix("<campaign-data>\n").removesuffix("\n</campaign-data>")
    payload: dict[str, Any] = json.loads(document)
    return payload
