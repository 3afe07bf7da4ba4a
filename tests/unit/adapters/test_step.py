"""The frame around the steps: what it logs, measures and records, whatever becomes of the step."""

import hashlib
import json
from typing import Any, NamedTuple

import pytest

from lambdas.adapters import telemetry
from lambdas.adapters.table.checkpoint_store import TableCheckpoints
from lambdas.bootstrap import step
from lambdas.domain.errors import (
    AgentPermanentError,
    InvalidInputError,
    NotFoundError,
    RetryableError,
    StateTooLargeError,
    ThrottledError,
)
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import StepOutcome
from lambdas.domain.models.workflow import ManifestLocation, RequestApprovalEvent, StatusResult, StepEvent
from lambdas.ports.bundle import Ports
from lambdas.settings import Settings, SettingsError
from tests.fakes import MemoryTable
from tests.support import samples
from tests.support.events import EXECUTION_ARN, raw_event
from tests.support.faults import Crash, Fault, FaultPlan, faulty, replaced
from tests.support.logs import follow_stdout
from tests.support.world import World

DONE = StatusResult(status=CampaignStatus.PLANNING)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRJZCI6ImFjbWUifQ.c2lnbmF0dXJl"


class Output(NamedTuple):
    """What the process printed, line by line."""

    lines: list[dict[str, Any]]
    text: str

    @property
    def logs(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "_aws" not in line]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "_aws" in line]


follow_stdout()


def printed(capsys: pytest.CaptureFixture[str]) -> Output:
    text = capsys.readouterr().out
    return Output([json.loads(line) for line in text.splitlines()], text)


def event(**changes: Any) -> dict[str, Any]:
    return raw_event(World(), "SaveCampaign", **changes)


def run(
    raw: Any, outcome: Model | BaseException = DONE, store: TableCheckpoints | None = None, *, begin: bool = False
) -> dict[str, Any]:
    def logic(_event: StepEvent, _ports: Ports) -> Model:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    handler = step("SaveCampaign", StepEvent, Settings, logic, checkpoint=store is not None, begin=begin)
    return handler.over(replaced(World(), checkpoints=store))(raw, None)


def test_the_result_goes_out_on_the_wire() -> None:
    assert run(event()) == {"status": "planning"}


def test_a_success_leaves_a_checkpoint() -> None:
    store = TableCheckpoints(MemoryTable())
    run(event(retry=2), store=store)
    (checkpoint,) = store.all(samples.KEY)
    assert (checkpoint.step_name, checkpoint.attempt, checkpoint.outcome) == ("SaveCampaign", 2, StepOutcome.SUCCEEDED)
    assert (checkpoint.execution_arn, checkpoint.correlation_id) == (EXECUTION_ARN, samples.CORRELATION)
    assert checkpoint.result == {"status": "planning"}
    assert checkpoint.error is None
    assert checkpoint.ended_at is not None
    assert checkpoint.started_at <= checkpoint.ended_at
    assert checkpoint.duration_ms is not None
    assert checkpoint.duration_ms >= 0


@pytest.mark.parametrize(
    ("error", "code", "message", "retryable"),
    [
        (NotFoundError("no such campaign"), "NOT_FOUND", "no such campaign", False),
        (ThrottledError("slow down"), "THROTTLED", "slow down", True),
        (KeyError("x"), "UNEXPECTED_ERROR", "KeyError: 'x'", True),
        (ValueError("v" * 1_999), "UNEXPECTED_ERROR", "ValueError: " + "v" * 1_988, True),
    ],
)
def test_a_failure_leaves_a_checkpoint_and_goes_on_as_it_is(
    error: Exception, code: str, message: str, retryable: bool
) -> None:
    store = TableCheckpoints(MemoryTable())
    with pytest.raises(type(error)) as raised:
        run(event(), error, store)
    assert raised.value is error
    (checkpoint,) = store.all(samples.KEY)
    assert checkpoint.outcome is StepOutcome.FAILED
    assert checkpoint.result is None
    assert checkpoint.error is not None
    assert (checkpoint.error.code, checkpoint.error.message) == (code, message)
    assert (checkpoint.error.retryable, checkpoint.error.step) == (retryable, "SaveCampaign")


def test_each_attempt_has_its_checkpoint_and_a_repeat_replaces_its_own() -> None:
    store = TableCheckpoints(MemoryTable())
    with pytest.raises(ThrottledError):
        run(event(), ThrottledError("slow down"), store)
    run(event(retry=1), store=store)
    run(event(retry=1), store=store)
    assert [(c.attempt, c.outcome) for c in store.all(samples.KEY)] == [
        (0, StepOutcome.FAILED),
        (1, StepOutcome.SUCCEEDED),
    ]


def test_a_process_that_dies_leaves_the_beginning_of_a_step_that_takes_long() -> None:
    store = TableCheckpoints(MemoryTable())
    with pytest.raises(Crash):
        run(event(), Crash(), store, begin=True)
    (checkpoint,) = store.all(samples.KEY)
    assert (checkpoint.outcome, checkpoint.ended_at, checkpoint.duration_ms) == (StepOutcome.STARTED, None, None)


def test_a_checkpoint_knows_what_went_in_and_what_came_out() -> None:
    store = TableCheckpoints(MemoryTable())
    raw = event(approval={"decision": "approved"})
    result = run(raw, store=store)
    (checkpoint,) = store.all(samples.KEY)
    assert checkpoint.input == raw["input"]
    for data, size, digest in (
        (raw["input"], checkpoint.input_bytes, checkpoint.input_hash),
        (result, checkpoint.output_bytes, checkpoint.output_hash),
    ):
        text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        assert (size, digest) == (len(text), hashlib.sha256(text).hexdigest())


def test_no_secret_reaches_a_checkpoint() -> None:
    store = TableCheckpoints(MemoryTable())
    run(event(error={"Error": "X", "Cause": f"bad token {JWT}"}), store=store)
    (checkpoint,) = store.all(samples.KEY)
    assert JWT not in checkpoint.model_dump_json()


def test_an_input_over_the_limit_is_refused_before_the_step_does_anything() -> None:
    store, limit = TableCheckpoints(MemoryTable()), Settings().state_limit_bytes
    plan = {"manifest": {"bucket": "b", "key": "k" * limit}, "totalPosts": 1, "batches": 1, "mapConcurrency": 1}
    with pytest.raises(StateTooLargeError, match=r"the input of SaveCampaign has .* the largest field is plan"):
        run(event(plan=plan | {"toleratedFailurePercentage": 5}), store=store)
    assert store.all(samples.KEY) == []
    assert limit < 262_144  # the engine's own


def test_an_output_over_the_limit_is_a_failure_of_the_step() -> None:
    store, limit = TableCheckpoints(MemoryTable()), Settings().state_limit_bytes
    with pytest.raises(StateTooLargeError, match="the output of SaveCampaign"):
        run(event(), ManifestLocation(bucket="b", key="k" * limit), store)
    (checkpoint,) = store.all(samples.KEY)
    assert checkpoint.error is not None
    assert checkpoint.error.code == "STATE_TOO_LARGE"


def test_the_cause_of_a_failure_does_not_keep_it_from_being_recorded() -> None:
    """The engine hands over up to 32 KiB of cause, which is its affair and not the state's growth."""
    run(event(error={"Error": "X", "Cause": "c" * 32_768}))


def test_a_failure_keeps_the_chain_behind_it() -> None:
    store = TableCheckpoints(MemoryTable())
    error = ThrottledError("slow down")
    error.__cause__ = TimeoutError("the socket")
    with pytest.raises(ThrottledError):
        run(event(), error, store)
    (checkpoint,) = store.all(samples.KEY)
    assert checkpoint.error is not None
    assert [(cause.error, cause.message) for cause in checkpoint.error.causes] == [("TimeoutError", "the socket")]


def test_a_checkpoint_that_cannot_be_written_fails_a_step_that_succeeded() -> None:
    for call in (0, 1):  # its beginning, its end
        with pytest.raises(RetryableError):
            run(event(), store=faulty(TableCheckpoints(MemoryTable()), FaultPlan({call: Fault.THROTTLED})), begin=True)


def test_and_does_not_hide_the_error_of_one_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    store = faulty(TableCheckpoints(MemoryTable()), FaultPlan({0: Fault.THROTTLED}))
    with pytest.raises(AgentPermanentError):
        run(event(), AgentPermanentError("no"), store)
    assert [line["message"] for line in printed(capsys).logs] == ["step failed", "checkpoint not recorded"]


def test_every_line_says_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    run(event(retry=3))
    (line,) = printed(capsys).logs
    assert line["message"] == "step succeeded"
    assert (line["step"], line["attempt"]) == ("SaveCampaign", 3)
    assert (line["tenant_id"], line["campaign_id"]) == samples.KEY
    assert line["correlation_id"] == samples.CORRELATION
    assert line["result"] == {"status": "planning"}


def test_a_failure_is_logged_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError):
        run(event(), KeyError("x"))
    (line,) = printed(capsys).logs
    assert (line["level"], line["message"], line["exception_name"]) == ("ERROR", "step failed", "KeyError")
    assert "Traceback" in line["exception"]


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        ({"tenantId": "ACME!"}, "input.tenantId"),
        ({"campaignId": 7}, "input.campaignId"),
    ],
)
def test_a_refused_input_is_named_and_logged_under_its_own_correlation_id(
    spoil: dict[str, Any], field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(event())  # the process is warm, and its last invocation was somebody else's
    capsys.readouterr()
    raw = event(**spoil)
    raw["input"]["correlationId"] = "corr-of-this-one"
    store = TableCheckpoints(MemoryTable())
    with pytest.raises(InvalidInputError) as refused:
        run(raw, store=store)
    assert [error.field for error in refused.value.errors] == [field]
    (line,) = printed(capsys).logs
    assert (line["message"], line["step"]) == ("step input refused", "SaveCampaign")
    assert line["correlation_id"] == "corr-of-this-one"
    assert line["fields"][0]["field"] == field
    assert "campaign_id" not in line
    assert store.all(samples.KEY) == []


def test_state_of_a_newer_version_is_read_without_what_is_not_known() -> None:
    """The API answers a waiting execution as it is now; the execution goes on with the version it was started with."""
    assert run(event(surprise=1)) == {"status": "planning"}


@pytest.mark.parametrize("raw", [{}, {"input": 7}, {"input": {"correlationId": 7}}, [], None])
def test_an_event_of_another_shape_is_refused_too(raw: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInputError):
        run(raw)
    (line,) = printed(capsys).logs
    assert line.get("correlation_id") is None


@pytest.mark.parametrize(("error", "outcome"), [(None, "succeeded"), (NotFoundError("no"), "failed")])
def test_duration_and_outcome_are_printed_as_a_metric(
    error: Exception | None, outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if error:
        with pytest.raises(NotFoundError):
            run(event(), error)
    else:
        run(event())
    (metric,) = printed(capsys).metrics
    (described,) = metric["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "CampaignOrchestration"
    assert {"StepName", "Outcome"} <= set(described["Dimensions"][0])
    assert {(m["Name"], m["Unit"]) for m in described["Metrics"]} == {
        ("StepDuration", "Milliseconds"),
        ("StepOutcome", "Count"),
    }
    assert (metric["StepName"], metric["Outcome"], metric["tenantId"]) == ("SaveCampaign", outcome, samples.TENANT)
    assert metric["StepDuration"][0] >= 0
    # A tenant in a dimension would make a paid metric of each tenant.
    assert "tenantId" not in described["Dimensions"][0]


def test_metrics_of_two_steps_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    run(event())
    with pytest.raises(NotFoundError):
        run(event(), NotFoundError("no"))
    assert [metric["StepOutcome"] for metric in printed(capsys).metrics] == [[1.0], [1.0]]


def test_no_secret_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    raw = event() | {"taskToken": "task-token-7"}
    parsed = RequestApprovalEvent.from_wire(raw)
    log = telemetry.logger()
    log.info(f"https://c.example/approve/x?token={JWT}&nonce=1")
    log.info(
        "event", event=raw, model=parsed, pair=(JWT, {"nonce": "nonce-7"}), headers={"Authorization": f"Bearer {JWT}"}
    )
    log.info("odd", error=ValueError(JWT), names={JWT})
    with pytest.raises(ValueError, match="eyJ"):
        run(event(), ValueError(f"bad token {JWT}"))
    output = printed(capsys).text
    for secret in (JWT, "task-token-7", "nonce-7"):
        assert secret not in output
    assert samples.CORRELATION in output


def test_settings_that_are_missing_are_named() -> None:
    class Needy(Settings):
        a_variable_nobody_set: str

    handler = step("SaveCampaign", StepEvent, Needy, lambda _event, _ports: DONE)
    with pytest.raises(SettingsError, match="A_VARIABLE_NOBODY_SET"):
        handler(event(), None)
