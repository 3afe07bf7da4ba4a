"""The platforms' own test data: X's published conformance suite, and segment counts that are known."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lambdas.domain.limits import LIMITS, check_limits, measure, sms_segments
from lambdas.domain.models.post import PostContent
from lambdas.domain.platforms import Platform

DATA = Path(__file__).parents[2] / "data" / "twitter-text"
# Two cases of the v2 section have another expectation in the v3 section (see the README beside the data).
ONLY_V2 = {
    "Count a mix of single byte single word, and double word unicode characters",
    "Count unicode emoji chars outside the basic multilingual plane with skin tone modifiers",
}


def conformance_cases() -> list[Any]:
    sections = yaml.safe_load((DATA / "validate-weighted.yml").read_text(encoding="utf-8"))["tests"]
    return [
        pytest.param(case, id=f"{section}-{case['description'][:60]}")
        for section, cases in sections.items()
        for case in cases
        if not (section == "WeightedTweetsCounterTest" and case["description"] in ONLY_V2)
    ]


def content(text: str) -> PostContent:
    return PostContent(text=text, generated_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_the_whole_suite_is_there() -> None:
    assert len(conformance_cases()) == 20 + 22 + 2 - len(ONLY_V2)


@pytest.mark.parametrize("case", conformance_cases())
def test_x_counts_as_the_published_suite_says(case: dict[str, Any]) -> None:
    expected = case["expected"]
    assert measure(Platform.X, case["text"]) == expected["weightedLength"]
    accepted = all(result.passed for result in check_limits(Platform.X, content(case["text"])))
    assert accepted is expected["valid"]


def test_the_table_agrees_with_the_published_configuration() -> None:
    published = json.loads((DATA / "config-v3.json").read_text())
    assert LIMITS[Platform.X].max_length == published["maxWeightedTweetLength"]
    assert measure(Platform.X, "https://example.com/" + "a" * 200) == published["transformedURLLength"]


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("a" * 1_530, "GSM-7", 1_530, 10),
        ("@£$¥èéùìòÇ\nØø\rÅå", "GSM-7", 16, 1),
        # Characters of the extension table are two septets, and are not split between segments.
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("{}[]~|\\^", "GSM-7", 16, 1),
        # One character outside GSM-7 halves what fits.
        ("ж" * 70, "UCS-2", 70, 1),
        ("ж" * 71, "UCS-2", 71, 2),
        ("ж" * 134, "UCS-2", 134, 2),
        ("ж" * 135, "UCS-2", 135, 3),
        ("a" * 69 + "…", "UCS-2", 70, 1),
        ("a" * 70 + "…", "UCS-2", 71, 2),
        # An emoji outside the basic plane is two units, and is not split either.
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("😀" * 66, "UCS-2", 132, 2),
        ("😀" * 67, "UCS-2", 134, 3),
    ],
)
def test_sms_segments(text: str, encoding: str, units: int, segments: int) -> None:
    assert sms_segments(text) == (encoding, units, segments)
