"""The arithmetic and the files of the report; what it measures is measured by ``make bench``."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import cost, report
from bench.report import Answer, Plot, Point, svg
from bench.throughput import LOCK, PEERS, PROGRAMS

PLOT = Plot("cost", "Cost & <more>", "posts", "USD", {"a": [Point(10, 0.1), Point(1_000, 2)], "b": [Point(10, 3)]})


def test_the_designs_cost_what_the_design_says() -> None:
    costs = cost.designs(1_000)
    assert costs["Standard child per post, 3 states"] == pytest.approx(0.1002)
    assert costs["Standard child per batch of 10"] == pytest.approx(0.0052)
    assert costs["Express child per post, 1 s"] == pytest.approx(0.0272, abs=0.0001)


def test_what_a_further_post_takes_leaves_out_what_every_campaign_takes() -> None:
    names = ("stateTransitions", "lambdaInvocations", "writeUnits", "readUnits")
    counted = [{"posts": posts, **dict.fromkeys(names, 20 + 4 * posts)} for posts in (10, 1_000)]
    assert cost._slopes(counted) == dict.fromkeys(names, 4.0)


def test_a_plot_is_a_picture_with_every_point() -> None:
    picture = ElementTree.fromstring(svg(PLOT))
    assert len(picture.findall(".//{http://www.w3.org/2000/svg}circle")) == 3
    assert picture.findtext("{http://www.w3.org/2000/svg}title") == "Cost & <more>"


def test_a_later_run_keeps_the_answers_of_an_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    answer = Answer("How much?", ("posts",), [["10"]], {"x": 1}, [PLOT])
    report.write(file, {"cores": 2}, {"cost": answer}, {"cost": 1.0})
    written = report.write(file, {"cores": 4}, {"growth": answer}, {"growth": 1.0})
    assert {name: kept["machine"] for name, kept in json.loads(file.read_text()).items()} == {
        "cost": {"cores": 2},
        "growth": {"cores": 4},
    }
    assert written == [file, tmp_path / "bench-cost.svg"]


def test_every_peer_has_a_program_and_a_pinned_library() -> None:
    lock = LOCK.read_text()
    assert all((PROGRAMS / peer.program).is_file() for peer in PEERS)
    assert all(f"\n{name}==" in lock for name in ("dbos", "aws-durable-execution-sdk-python"))
