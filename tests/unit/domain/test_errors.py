import inspect
import re
from typing import Any

import pytest

from lambdas.domain import errors
from lambdas.domain.errors import (
    CampaignError,
    FieldError,
    InvalidInputError,
    PermanentError,
    RetryableError,
    known_errors,
    permanent_names,
    retryable_names,
)

_LINE = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+Error)\s+(?P<meaning>\S.*?)(?:\s{2,}(?P<status>\d{3}))?$")


def drawn() -> list[dict[str, Any]]:
    """The tree of the module's docstring: name, parent and status of each line."""
    assert errors.__doc__
    lines = [match.groupdict() for line in errors.__doc__.splitlines() if (match := _LINE.match(line))]
    found: list[dict[str, Any]] = []
    path: list[tuple[int, str]] = []
    for line in lines:
        depth = len(line["indent"])
        path = [(d, name) for d, name in path if d < depth]
        found.append({"name": line["name"], "parent": path[-1][1] if path else None, "status": line["status"]})
        path.append((depth, line["name"]))
    return found


def defined() -> dict[str, type[CampaignError]]:
    return {
        name: cls
        for name, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, CampaignError) and cls.__module__ == errors.__name__
    }


def test_the_drawing_is_read() -> None:
    assert drawn()[0] == {"name": "CampaignError", "parent": None, "status": None}
    assert {"name": "MalformedJsonError", "parent": "InvalidInputError", "status": "400"} in drawn()


def test_every_class_is_drawn_once_and_every_drawn_class_exists() -> None:
    assert sorted(line["name"] for line in drawn()) == sorted(defined())


@pytest.mark.parametrize("line", drawn()[1:], ids=lambda line: line["name"])
def test_the_tree_is_the_real_one(line: dict[str, Any]) -> None:
    assert [base.__name__ for base in defined()[line["name"]].__bases__] == [line["parent"]]
    if line["status"]:
        assert defined()[line["name"]].status == int(line["status"])


@pytest.mark.parametrize("cls", defined().values(), ids=lambda cls: cls.__name__)
def test_each_class_says_enough_for_a_problem_document(cls: type[CampaignError]) -> None:
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", cls.code)
    assert 400 <= cls.status < 600
    assert cls.title
    assert cls.retryable is issubclass(cls, RetryableError)


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in defined().values()]
    assert len(set(codes)) == len(codes)


def test_the_workflow_is_given_both_branches_whole() -> None:
    assert set(retryable_names()) == {n for n, cls in known_errors().items() if issubclass(cls, RetryableError)}
    assert set(permanent_names()) == {n for n, cls in known_errors().items() if issubclass(cls, PermanentError)}
    assert not set(retryable_names()) & set(permanent_names())
    assert set(retryable_names()) | set(permanent_names()) == set(known_errors()) - {"CampaignError"}
    assert retryable_names() == sorted(retryable_names())


def test_an_error_carries_its_details_and_fields() -> None:
    details = {"status": "failed"}
    error = InvalidInputError("no", details=details, errors=[FieldError("a", "b")])
    details["status"] = "changed"
    assert (str(error), error.message, error.details) == ("no", "no", {"status": "failed"})
    assert error.errors == (FieldError("a", "b"),)
    assert CampaignError("no").errors == ()
