"""What ``make verify`` says of a stack that does otherwise than the local one."""

import json
from pathlib import Path

from local.http import Reply
from tests.verify.notebook import Difference, Notebook, differences, load, save

PROBLEM = {"title": "Not there", "status": 404, "detail": "there is no campaign 01JZ0000000000000000000CAM"}


def reply(status: int, body: object, kind: str = "application/problem+json") -> Reply:
    return Reply("https://api/prod/campaigns", status, {"content-type": kind}, json.dumps(body).encode())


def test_ids_times_and_addresses_are_the_same_everywhere() -> None:
    here, there = Notebook(), Notebook()
    here.reply("refusal", reply(404, PROBLEM | {"correlationId": "a"}))
    there.reply(
        "refusal", reply(404, {**PROBLEM, "detail": PROBLEM["detail"].replace("0CAM", "0000"), "correlationId": "b"})
    )
    here.fact("answer", {"arn": "arn:aws:states:eu-west-1:111122223333:execution:build:x", "url": "https://a/b?c=d"})
    there.fact("answer", {"arn": "arn:aws-cn:states:cn-north-1:0:execution:build:y", "url": "http://127.0.0.1:1/"})
    here.fact("at", ["2026-11-24T10:00:00.123Z"])
    there.fact("at", ["2027-01-01T00:00:00+00:00"])
    assert here.facts == there.facts


def test_what_differs_and_what_only_one_side_saw_is_told() -> None:
    seen, known = Notebook(), Notebook()
    seen.reply("refusal", reply(403, {"title": "Forbidden"}))
    known.reply("refusal", reply(401, {"title": "Authentication is required"}))
    seen.fact("new", 1)
    known.fact("gone", 2)
    seen.fact("same", 3)
    known.fact("same", 3)
    found = differences({"test": seen.facts}, {"test": known.facts, "test that did not run": {"x": 1}})
    assert [(d.what, d.here, d.locally) for d in found if d.what != "refusal"] == [("new", 1, None), ("gone", None, 2)]
    (refusal,) = [d for d in found if d.what == "refusal"]
    assert isinstance(refusal, Difference)
    assert (refusal.locally["status"], refusal.here["status"]) == (401, 403)


def test_a_recording_of_some_tests_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "reference.json"
    save({"a": {"x": 1}, "b": {"y": 2}}, file)
    save({"b": {"y": 3}, "c": {}}, file)
    assert load(file) == {"a": {"x": 1}, "b": {"y": 3}}
