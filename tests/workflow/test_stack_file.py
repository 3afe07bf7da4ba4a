"""The stack file of an account, as ``make stack-file`` reads it with the credentials of whoever calls it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.client import Client
from local.emulator.config import ROOT_ACCESS_KEY
from local.http import StackError
from local.stack import Stack
from local.target import Target, TargetError
from tests.support.driver import Driver

pytestmark = pytest.mark.stack

LOCAL_ONLY = ("endpointUrl", "consoleUrl", "inboxUrl")


def write(stack: Stack, out: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """By the command behind the target, which finds the emulator where it looks for AWS."""
    account = {
        "AWS_ENDPOINT_URL": stack.info["endpointUrl"],
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_ACCESS_KEY,
        "AWS_REGION": stack.info["region"],
        "AWS_DEFAULT_REGION": stack.info["region"],
    }
    command = [sys.executable, "-m", "local.cli", "stack-file", "--out", str(out), *options]
    return subprocess.run(command, env=os.environ | account, capture_output=True, text=True, check=False)


def test_it_says_of_an_account_what_the_local_one_says_of_itself(stack: Stack, tmp_path: Path) -> None:
    out = tmp_path / "account.json"
    done = write(stack, out)
    assert done.returncode == 0, done.stderr
    assert Target.load(out).info == {name: v for name, v in stack.info.items() if name not in LOCAL_ONLY}


def test_a_stage_that_is_not_there_is_named(stack: Stack, tmp_path: Path) -> None:
    done = write(stack, tmp_path / "account.json", "--prefix", "nowhere-")
    assert done.returncode == 1
    assert "there is no stack nowhere-campaign-data" in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_describes_no_stack_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    for content, said in (("{", "is no stack file"), ("[]", "is not a JSON object"), ('{"apiUrl": ""}', "lacks ")):
        file.write_text(content)
        with pytest.raises(TargetError, match=said):
            Target.load(file)


def test_an_operator_answers_for_nobody_but_the_reviewers_of_a_run(acme: Driver) -> None:
    """Without an inbox: a link to a real campaign is nobody's to make."""
    campaign_id = acme.start(postCount=1)
    acme.wait(campaign_id, "awaiting_approval")
    account = Target({name: value for name, value in acme.stack.info.items() if name != "inboxUrl"})
    with pytest.raises(StackError, match="acme is none"):
        Client(account, "acme").link(campaign_id)
    (before,) = acme.items(campaign_id, "APPROVAL#")
    assert not any(reviewer.get("earlierHashes") for reviewer in before["reviewers"])  # nobody got another link
