"""However long an error is, what the workflow is told of it fits into a state."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.adapters.step import step
from lambdas.domain.errors import CampaignError, ThrottledError
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import CaughtError, StatusResult, StepEvent
from lambdas.settings import Settings
from tests.support.events import raw_event
from tests.support.logs import follow_stdout
from tests.support.world import World

DONE = StatusResult(status=CampaignStatus.FAILED)
ENGINES_LIMIT = 262_144

follow_stdout()


def told(logic: Callable[[], Model]) -> Exception:
    """What a step raises whose logic is this."""

    @step("SaveCampaign", StepEvent, Settings, None)
    def handler(_event: StepEvent, _settings: Settings) -> Model:
        return logic()

    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one it is, is what the tests look at
        handler(raw_event(World(), "SaveCampaign"), None)
    return raised.value


def as_reported(error: Exception) -> str:
    """The body of a failed invocation. The emulator's stack has what an error was raised from; Lambda's has not."""
    stack = "".join(traceback.format_exception(error)).splitlines()
    return json.dumps({"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack})


@pytest.mark.parametrize("error", [ThrottledError("\U0001f600" * 1_000_000), KeyError("x" * 1_000_000)])
def test_a_huge_error_is_told_in_short_under_its_own_name(error: Exception) -> None:
    def fail() -> Model:
        raise error

    short = told(fail)
    assert type(short).__name__ == type(error).__name__
    assert isinstance(short, CampaignError) is isinstance(error, CampaignError)
    assert str(error).startswith(str(short))
    assert len(as_reported(short)) < 60_000


def test_a_stack_without_end_is_told_in_short_as_well() -> None:
    def recurse() -> Model:
        return recurse()

    short = told(recurse)
    assert type(short).__name__ == "RecursionError"
    assert len(as_reported(short)) < 10_000


def test_any_other_error_goes_on_as_it_is() -> None:
    error = ThrottledError("slow down")

    def fail() -> Model:
        raise error

    assert told(fail) is error


def test_the_step_that_records_a_failure_takes_the_longest_cause_there_is() -> None:
    """The engine cuts a cause at 32,768 characters: together with the rest over our own limit, and far below its."""

    @step("RecordFailure", StepEvent, Settings, None)
    def handler(_event: StepEvent, _settings: Settings) -> Model:
        return DONE

    raw: dict[str, Any] = raw_event(
        World(), "RecordFailure", error=CaughtError(error="States.Runtime", cause="\u00fc" * 32_768).to_wire()
    )
    assert Settings().state_limit_bytes < len(json.dumps(raw["input"], ensure_ascii=False).encode()) < ENGINES_LIMIT
    assert handler(raw, None) == {"status": "failed"}
