"""Bedrock as the local emulator answers it: on its own, and with an OpenAI-compatible server behind it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.adapters.aws.bedrock import BedrockModel
from lambdas.agents import content_generator
from tests.support.agent_inputs import post_data


@contextmanager
def emulator(home: Path, **environment: str) -> Iterator[str]:
    """A bare emulator on a free port, away from the shared local stack; answers its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        cwd=home,
        env={**os.environ, "GATEWAY_PORT": str(port), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the emulator did not start")


def model(url: str, model_id: str) -> BedrockModel:
    runtime = boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )
    return BedrockModel(lambda: runtime, model_id)


def test_its_canned_reply_is_no_post(tmp_path: Path) -> None:
    with emulator(tmp_path) as url:
        error = content_generator.run(post_data(), provider=model(url, "amazon.nova-lite-v1:0"))["error"]
    assert (error["code"], error["retryable"]) == ("MALFORMED_OUTPUT", True)
    assert error["details"]["inputTokens"] > 0


def test_it_forwards_the_tool_to_an_openai_compatible_server(tmp_path: Path, httpserver: HTTPServer) -> None:
    arguments = '{"text": "Release on a Friday and keep the weekend.", "hashtags": ["SRE"]}'
    requests: list[dict[str, Any]] = []

    def chat(request: Request) -> Response:
        requests.append(json.loads(request.get_data()))
        call = {"id": "c1", "type": "function", "function": {"name": "answer", "arguments": arguments}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        usage = {"prompt_tokens": 321, "completion_tokens": 45}
        return Response(
            json.dumps({"choices": [{"message": message}], "usage": usage}), content_type="application/json"
        )

    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(chat)
    with emulator(tmp_path, MINISTACK_BEDROCK_PROXY_URL=httpserver.url_for("").rstrip("/")) as url:
        reply = content_generator.run(post_data(), provider=model(url, "qwen3:8b"))
    assert reply["error"] is None
    assert reply["result"]["content"]["text"] == "Release on a Friday and keep the weekend."
    provenance = reply["result"]["provenance"]
    assert (provenance["modelId"], provenance["inputTokens"], provenance["outputTokens"]) == ("qwen3:8b", 321, 45)
    assert requests[0]["model"] == "qwen3:8b"
    assert requests[0]["tools"][0]["function"]["parameters"]["properties"]["text"]
    assert requests[0]["tool_choice"] == {"type": "function", "function": {"name": "answer"}}
