"""The OpenAPI document is true: schemathesis makes requests from it, and no answer says what the document does not."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.modes import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lambdas.api import picture
from lambdas.api.rest.openapi import BODIES, IDS
from lambdas.domain.graph.definition import parse
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.campaign import Failure as Failed
from lambdas.domain.models.workflow import ExecutionStatus
from lambdas.ports.engine import ExecutionState
from statemachine.picture import framed
from tests.support.api import ACME, World
from tests.support.pictures import DRAWING, SMALL
from tests.support.waiting import CALLBACK_ID, CAMPAIGN_ID, Waiting, waiting_campaign

Case = schemathesis.Case[Any]
Operation = APIOperation[Any, Any, Any, Any]
CASES = 80
"""For each operation, half of them made to break its contract."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = {
    "brandId": "northwind",
    "personaIds": ["mara"],
    "callbackId": CALLBACK_ID,
    "reviewer": "ada@example.com",
    "from": "ada@example.com",
    "to": "lin@example.com",
    "step": "PlanPosts",
    **{name: BODIES["CampaignBrief"][name] for name in ("schedule", "approval", "platforms")},
}
"""Fields of bodies that name what has to be there, or have to fit together."""


class Gateway:
    """A WSGI application: requests as API Gateway and the authorizer hand them on, to the world that a test chooses.

    The bearer token says the role.
    """

    def __init__(self) -> None:
        self.world = World()
        self.world.base_url = "http://localhost"

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {key[5:].replace("_", "-").title(): environ[key] for key in environ if key.startswith("HTTP_")}
        headers |= {"Content-Type": environ["CONTENT_TYPE"]} if environ.get("CONTENT_TYPE") else {}
        role = headers.get("Authorization", "").removeprefix("Bearer ")
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        reply = self.world.call(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            body.decode("utf-8", "replace") or None,
            tenant=ACME if role in ("manager", "viewer") else None,
            role=role,
            headers=headers,
            query={name: values[-1] for name, values in query.items()},
            repeated=query,
        )
        start_response(f"{reply.status} -", list(reply.headers.items()))
        return [reply.text.encode()]


def inhabited(status: CampaignStatus) -> Waiting:
    """A tenant with a brand, a persona and a campaign with one execution."""
    world = World()
    waiting = waiting_campaign(world)
    arn = world.engine.arn_of(CAMPAIGN_ID)
    world.engine.deployed = SMALL
    world.engine.states[arn] = ExecutionState(arn=arn, status=ExecutionStatus.RUNNING)
    error = None
    if status is CampaignStatus.FAILED:
        world.engine.end(arn, ExecutionStatus.FAILED)
        error = Failed(code="X", message="m", at=world.clock.now(), retryable=False, step="AggregateResults")
    world.campaigns.update(
        waiting.key,
        expected=tuple(CampaignStatus),
        at=world.clock.now(),
        execution_arn=arn,
        status=status,
        error=error,
    )
    return waiting


def operations(gateway: Gateway) -> list[Operation]:
    config = SchemathesisConfig.from_dict({"generation": {"deterministic": True, "database": "none"}})
    schema = schemathesis.openapi.from_wsgi("/openapi.json", gateway, config=config)
    found = list(schema.get_all_operations())
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(operations) == len(found)
    return operations


class Fuzz:
    """Sends what schemathesis makes of one operation, and keeps what it has seen."""

    def __init__(self, gateway: Gateway, operation: Operation) -> None:
        self._gateway = gateway
        self._operation = operation
        self.statuses: Counter[int] = Counter()
        self.failures: dict[str, str] = {}

    def run(self, mode: GenerationMode) -> None:
        @settings(
            max_examples=CASES // 2,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(
            case=self._operation.as_strategy(generation_mode=mode),
            known=st.booleans(),
            status=st.sampled_from([CampaignStatus.AWAITING_APPROVAL, CampaignStatus.FAILED]),
            who=st.sampled_from(["manager", "manager", "manager", "viewer", None]),
        )
        def one(case: Case, known: bool, status: CampaignStatus, who: str | None) -> None:
            waiting = inhabited(status)
            if known:
                lead(case, waiting)
            self.send(case, waiting, who)

        one()

    def send_example(self) -> None:
        """What the document gives as an example, as a manager, untouched."""
        told = self._operation.definition.raw
        case = self._operation.Case(
            path_parameters={p["name"]: p["example"] for p in told.get("parameters", ()) if p["in"] == "path"}
        )
        for kind, content in told.get("requestBody", {}).get("content", {}).items():
            case.body, case.media_type = content.get("example", {}), kind
        failed = self._operation.path.endswith("/retry")
        self.send(case, inhabited(CampaignStatus.FAILED if failed else CampaignStatus.AWAITING_APPROVAL), "manager")

    def send(self, case: Case, waiting: Waiting, who: str | None) -> None:
        self._gateway.world = waiting.world
        case.headers.pop("Authorization", None)
        if self._operation.label == "POST /campaigns/{campaignId}/approve":
            case.headers["Authorization"] = f"Bearer {waiting.query()['token']}"
        elif who:
            case.headers["Authorization"] = f"Bearer {who}"
        response = case.call()
        self.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except (Failure, FailureGroup) as error:
            for each in getattr(error, "exceptions", [error]):
                told = f"{case.as_curl_command()}\n{response.status_code} {response.text[:500]}"
                self.failures.setdefault(f"{self._operation.label}: {str(each)[:300]}", told)


def lead(case: Case, waiting: Waiting) -> None:
    """Let a request lead to what is there: the ids in its path and body, and the parts of a reviewer's link."""
    case.path_parameters = {name: IDS[to_snake(name)] for name in case.path_parameters or {}}
    if isinstance(case.body, dict):
        known = KNOWN | {"contentHash": waiting.approval.content_hash}
        case.body = printable(case.body) | {name: value for name, value in known.items() if name in case.body}
    if case.operation.path.startswith("/approve/"):
        case.query = {**(case.query or {}), **waiting.query()}


def printable(value: Any) -> Any:
    """Without control characters, which every text of a body refuses and no JSON schema says."""
    match value:
        case str():
            return re.sub("[\x00-\x1f\x7f-\x9f]", "-", value)
        case dict():
            return {name: printable(member) for name, member in value.items()}
        case list():
            return [printable(member) for member in value]
        case _:
            return value


def to_snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Gateway:
    """With a picture of the workflow that campaigns run."""
    monkeypatch.setattr(picture, "PICTURES", tmp_path)
    (tmp_path / f"build-{parse(SMALL).shape}.svg").write_text(framed(DRAWING.read_text(), parse(SMALL), "BUILD", "x"))
    return Gateway()


@pytest.mark.slow
def test_no_answer_says_what_the_document_does_not(gateway: Gateway) -> None:
    runs = {operation.label: Fuzz(gateway, operation) for operation in operations(gateway)}
    for run in runs.values():
        run.send_example()
        for mode in GenerationMode:
            run.run(mode)
    failures = [f"{what}\n{how}" for run in runs.values() for what, how in run.failures.items()]
    assert not failures, "\n\n".join(failures)
    assert sum(run.statuses.total() for run in runs.values()) >= 2_000
    assert not [label for label, run in runs.items() if min(run.statuses) >= 300], "never reached"


def test_the_examples_can_be_sent_as_they_stand(gateway: Gateway) -> None:
    for operation in operations(gateway):
        run = Fuzz(gateway, operation)
        run.send_example()
        assert not run.failures
        # The parts of a reviewer's link are nobody's to give an example of.
        assert min(run.statuses) < 300 or operation.path.startswith("/approve/"), (operation.label, run.statuses)
