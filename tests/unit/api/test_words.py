"""What is wrong with a request is told in the words of whoever sent it, at the path of the field."""

import re
from typing import Any

import pytest

from lambdas.api.rest.openapi import describe
from lambdas.domain.ids import form_of
from tests.support.api import World, brief

FRAMEWORK = re.compile(
    r"Input should|String should|Tuple|Value error|validation|Field required|pattern|constrained|enum|\[key\]|\^"
)
ADA = ["ada@example.com"]
WINDOW = {"timeZone": "UTC", "start": "2026-03-01T09:00:00", "end": "2026-04-01T09:00:00"}
BRAND = {"name": "Northwind", "tone": ["warm"], "voice": "Like a colleague."}
BRIEFS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"approval": {"reviewers": []}}, {"approval.reviewers": "must not be empty"}),
    (
        {"approval": {"reviewers": ADA, "quorum": "some"}},
        {"approval.quorum": "must be 'one', 'all' or a whole number from 1 to 20"},
    ),
    (
        {"approval": {"reviewers": ADA, "quorum": 5, "onTimeout": "escalate"}},
        {
            "approval.quorum": "5 cannot agree where 1 is asked",
            "approval.escalateTo": "belongs to onTimeout escalate, which needs at least one address",
        },
    ),
    (
        {"approval": {"reviewers": ADA, "secondStage": {"reviewers": ADA, "quorum": 2}}},
        {"approval.secondStage.quorum": "2 cannot agree where 1 is asked"},
    ),
    (
        {"approval": {"reviewers": ["ada"]}},
        {"approval.reviewers[0]": "must be a mail address: An email address must have an @-sign."},
    ),
    ({"campaignId": "abc"}, {"campaignId": "must be a ULID, 26 characters like 01JZ0000000000000000000CAM"}),
    ({"keyMessages": "x"}, {"keyMessages": "must be a list"}),
    ({"postCount": "5"}, {"postCount": "must be a whole number"}),
    (
        {"postCount": 0, "name": "x" * 121},
        {"postCount": "must be 1 or more", "name": "must have at most 120 characters"},
    ),
    (
        {"schedule": WINDOW | {"start": "today", "blackoutDates": ["x"], "cadence": {"posts": 1, "per": "year"}}},
        {
            "schedule.start": "must be a date and a time, like 2027-03-01T09:00:00",
            "schedule.blackoutDates[0]": "must be a date, like 2027-03-01",
            "schedule.cadence.per": "must be 'day' or 'week'",
        },
    ),
    (
        {"product": {"name": "P", "description": "D", "url": "x"}},
        {"product.url": "must be a web address, like https://example.com/page"},
    ),
]


def told(reply: Any) -> dict[str, str]:
    assert reply.status == 422
    assert not FRAMEWORK.search(reply.text), reply.text
    return {error["field"]: error["message"] for error in reply.json["errors"]}


@pytest.mark.parametrize(("change", "errors"), BRIEFS)
def test_of_a_brief(world: World, change: dict[str, Any], errors: dict[str, str]) -> None:
    assert told(world.call("POST", "/campaigns", brief(**change))) == errors


@pytest.mark.parametrize("body", [[], 5])
def test_of_a_body_that_is_no_object(world: World, body: Any) -> None:
    assert told(world.call("POST", "/campaigns", body)) == {"body": "must be an object"}


def test_of_a_body_without_anything(world: World) -> None:
    found = told(world.call("POST", "/campaigns", {}))
    assert set(found.values()) == {"is required"}
    assert {"name", "brandId", "schedule", "approval"} < set(found)


def test_of_a_brand(world: World) -> None:
    body = BRAND | {"hashtags": ["no hash"], "handles": {"myspace": "@x"}, "maxReadingGrade": 50}
    found = told(world.call("PUT", "/brands/b", body))
    assert set(found) == {"hashtags[0]", "handles.myspace", "maxReadingGrade"}
    assert found["hashtags[0]"] == "must be a hashtag, like #spring"
    assert told(world.call("PUT", "/brands/Not_A", BRAND)).keys() == {"brandId"}


@pytest.mark.parametrize(
    ("query", "message"),
    [({"limit": "x"}, "must be a whole number"), ({"limit": "500"}, "must be 100 or less")],
)
def test_of_a_query(world: World, query: dict[str, str], message: str) -> None:
    assert told(world.call("GET", "/campaigns", query=query)) == {"limit": message}


def test_every_pattern_of_the_api_can_be_told_in_words() -> None:
    from lambdas.api.rest.app import routes

    schemas = describe(routes())["components"]["schemas"]
    patterns = set(re.findall(r"'pattern': '(.*?)'[,}]", str(schemas)))
    patterns = {pattern.replace("\\\\", "\\") for pattern in patterns} - {WALL_TIME, DEADLINE}
    assert len(patterns) > 5
    assert [pattern for pattern in sorted(patterns) if form_of(pattern) == form_of("")] == []


TIME = r"T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?"
WALL_TIME, DEADLINE = rf"^\d{{4}}-\d\d-\d\d{TIME}$", rf"^\d{{4}}-\d\d-\d\d({TIME})?$"
"""In the document only: what is checked is whether it can be read."""
