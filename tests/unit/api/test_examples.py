"""Every example of a request in the API's document can be sent as it stands to a stack with the seeded catalog."""

import json
from typing import Any

import pytest

from lambdas.api.rest.openapi import BODIES
from lambdas.domain.ids import BrandId, PersonaId
from lambdas.domain.models.campaign import CampaignStatus
from local.process import ROOT
from tests.support.api import ACME, World
from tests.support.waiting import Waiting, by_program, waiting_campaign

SEED = json.loads((ROOT / "local" / "seed" / "acme.json").read_text())
NEEDED = {"retryCampaign": CampaignStatus.FAILED}


def seeded(status: CampaignStatus) -> Waiting:
    """A tenant with the catalog that ``make up`` stores, and nothing else of ours, and a campaign in ``status``."""
    world = World()
    world.catalog.delete_brand(ACME, BrandId("northwind"))
    world.catalog.delete_persona(ACME, PersonaId("mara"))
    for kind in ("brands", "personas"):
        for name, body in SEED[kind].items():
            assert world.call("PUT", f"/{kind}/{name}", body).status == 200
    waiting = waiting_campaign(world)
    world.campaigns.update(waiting.key, expected=tuple(CampaignStatus), status=status, at=world.clock.now())
    return waiting


def examples() -> list[tuple[str, str, str, Any]]:
    """Operation, method, path with its examples in it, and body."""
    document = World().call("GET", "/openapi.json", tenant=None).json
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
            found.append((operation["operationId"], method.upper(), path, content["example"]))
    return found


@pytest.mark.parametrize(("operation", "method", "path", "body"), examples(), ids=lambda value: str(value)[:20])
def test_an_example_is_taken_as_it_stands(operation: str, method: str, path: str, body: Any) -> None:
    waiting = seeded(NEEDED.get(operation, CampaignStatus.AWAITING_APPROVAL))
    if path.endswith("/approve"):  # whose bearer is a reviewer's own token
        reply = by_program(waiting, waiting.query()["token"], **body)
    else:
        reply = waiting.world.call(method, path, body)
    assert 200 <= reply.status < 300, reply.text


def test_every_body_has_an_example() -> None:
    assert {json.dumps(body, sort_keys=True) for *_, body in examples()} == {
        json.dumps(body, sort_keys=True) for body in BODIES.values()
    }


def test_storing_the_examples_changes_nothing_of_the_seed() -> None:
    """Whoever tries PUT in the browser does not lose a brand by it."""
    assert (SEED["brands"]["northwind"], SEED["personas"]["mara"]) == (BODIES["BrandConfig"], BODIES["PersonaConfig"])
