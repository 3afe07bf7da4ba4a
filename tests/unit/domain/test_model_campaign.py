"""What a brief may say, field by field."""

from typing import Any
from zoneinfo import available_timezones

import pytest

from lambdas.domain.errors import InvalidInputError
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.schedule import is_zone
from tests.support.samples import brief

WINDOW = brief()["schedule"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"postCount": True}, "postCount"),
        ({"postCount": "5"}, "postCount"),
        ({"postCount": 5.0}, "postCount"),
        ({"postCount": 0}, "postCount"),
        ({"postCount": 10_001}, "postCount"),
        ({"schedule": {**WINDOW, "end": "9999-12-31T23:59:59"}}, "schedule.end"),
        ({"schedule": {**WINDOW, "start": "0001-01-01T00:00:00+14:00"}}, "schedule.start"),
        ({"schedule": {**WINDOW, "start": 12_345_678_901}}, "schedule.start"),
        ({"schedule": {**WINDOW, "end": WINDOW["start"]}}, "schedule.end"),
        ({"schedule": {**WINDOW, "timeZone": "Europe/Atlantis"}}, "schedule.timeZone"),
        ({"schedule": {**WINDOW, "blackoutDates": [1]}}, "schedule.blackoutDates[0]"),
        ({"schedule": {**WINDOW, "cadence": {"posts": "3"}}}, "schedule.cadence.posts"),
        ({"platforms": ["myspace"]}, "platforms[0]"),
        ({"platforms": ["x", "x"]}, "platforms"),
        ({"surprise": 1}, "surprise"),
        ({"generation": {"toleratedFailurePercentage": "5"}}, "generation.toleratedFailurePercentage"),
        ({"generation": {"maxConcurrency": 0}}, "generation.maxConcurrency"),
    ],
)
def test_each_thing_wrong_is_named_once_by_its_path(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        CampaignBrief.from_wire(brief(**changes))
    assert [error.field for error in refused.value.errors] == [field]


def test_a_body_that_is_no_object() -> None:
    with pytest.raises(InvalidInputError) as refused:
        CampaignBrief.from_wire(["a", "list"])
    assert [error.message for error in refused.value.errors] == ["must be an object"]


def test_a_whole_number_will_do_for_a_percentage() -> None:
    assert CampaignBrief.from_wire(brief(generation={"toleratedFailurePercentage": 5}))


NO_ZONES = ("", ".", "..", "Europe", "Europe/", "Europe//Berlin", "./UTC", "../zoneinfo/UTC", "/usr/share/zoneinfo/UTC")
NO_FILES = ("zone.tab", "tzdata.zi", "__init__.py", "posixrules", "posix/UTC", "right/UTC", "a\0b", "\ud800", "x" * 64)


def test_a_time_zone_is_one_that_python_lists() -> None:
    """Found by its name alone: the list is the whole database, read from disk."""
    names = available_timezones()
    assert {name for name in names if not is_zone(name)} == set()
    assert {name for name in (*NO_ZONES, *NO_FILES) if is_zone(name)} == set()
