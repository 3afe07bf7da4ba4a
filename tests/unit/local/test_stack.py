"""The whole local stack, started, stopped, killed and picked up again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.client import Client
from local.demo import EXAMPLES
from local.http import Http
from local.process import ROOT, LocalStackError, free_port
from local.stack import Stack

# One stack at a time: each test has one of its own.
pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("emulator")]

EXAMPLE = EXAMPLES / "b2b-software-launch"


def cli(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CAMPAIGN_HOME": str(home)}
    command = [sys.executable, "-m", "local.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)


def some_port() -> int:
    return free_port(20_000 + os.getpid() % 20_000)


def until_saved(home: Path, link: str) -> None:
    """The state is written every few seconds; wait until it holds the mail with ``link``, and what goes with it."""
    callback_id = link.partition("?")[0].rpartition("/")[2]
    deadline = time.monotonic() + 180
    while callback_id not in (home / "state" / "ses.json").read_text():
        assert time.monotonic() < deadline, "the state is not saved"
        time.sleep(0.2)
    time.sleep(2)


def test_a_campaign_that_waits_for_its_reviewer_outlives_a_kill(tmp_path: Path) -> None:
    stack = Stack.up(tmp_path, some_port())
    try:
        client = Client(stack, "acme")
        campaign_id = client.submit(json.loads((EXAMPLE / "campaign.json").read_text())).json()["campaignId"]
        client.wait(campaign_id, "awaiting_approval", seconds=300)
        first_link = client.link(campaign_id)
        posts = client.posts(campaign_id)
        until_saved(tmp_path, first_link)
        stack.stop(kill=True)

        said: list[str] = []
        stack = Stack.up(tmp_path, None, said.append)
        assert "resuming 1 campaign that the last stop interrupted" in said
        client.wait(campaign_id, "awaiting_approval", seconds=300)
        assert client.link(campaign_id) == first_link, "nobody is asked twice"
        client.decide(campaign_id, "approved")
        client.wait(campaign_id, "approved", seconds=300)
        assert client.posts(campaign_id) == posts, "nothing is written twice"
    finally:
        stack.stop()


def test_up_is_idempotent_and_down_keeps_the_state(tmp_path: Path) -> None:
    home, port = tmp_path / "home", some_port()
    first = cli(home, "up", "--port", str(port))
    assert first.returncode == 0, first.stderr
    info = json.loads((home / "stack.json").read_text())
    assert set(info) == {
        *("apiUrl", "endpointUrl", "consoleUrl", "inboxUrl", "region", "prefix", "table", "bucket"),
        *("alertTopic", "stateMachines", "functions", "secrets"),
    }
    assert cli(home, "up").returncode == 0
    assert json.loads((home / "stack.json").read_text()) == info

    token = cli(home, "token", "globex", "viewer").stdout
    assert token.count("\n") == 1
    assert Http(token.strip()).get(f"{info['apiUrl']}/brands/globex-coffee").status == 200

    assert cli(home, "down").stdout.strip() == "stopped"
    assert cli(home, "down").returncode == 0
    with pytest.raises(LocalStackError, match="make up"):
        Stack.running(home)
    assert cli(home, "token", "acme", "manager").returncode == 1


@pytest.mark.parametrize("arguments", [("nobody", "manager"), ("acme", "boss")])
def test_a_token_for_nobody_is_refused(tmp_path: Path, arguments: tuple[str, str]) -> None:
    result = cli(tmp_path, "token", *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(("TENANT is one of acme, globex", "ROLE is one of manager, viewer"))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_foreground_stack(tmp_path: Path, sent: signal.Signals) -> None:
    environment = {**os.environ, "CAMPAIGN_HOME": str(tmp_path), "CAMPAIGN_PORT": str(some_port())}
    output = tmp_path / "output.txt"
    with output.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "local.cli", "run"], cwd=ROOT, env=environment, stdout=stream, stderr=stream
        )
    deadline = time.monotonic() + 120
    while "Logs follow" not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    text = output.read_text()
    assert "curl -i -X POST http://127.0.0.1:" in text
    assert "/_local/inbox" in text
    process.send_signal(sent)
    assert process.wait(180) == 0
    with pytest.raises(LocalStackError):
        Stack.running(tmp_path)


def test_a_failing_demo_says_which_step_and_why(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("not a directory")
    result = cli(taken, "demo")
    assert result.returncode == 1
    assert "The demo failed" in result.stderr
    assert "Step: Start the local stack" in result.stderr
