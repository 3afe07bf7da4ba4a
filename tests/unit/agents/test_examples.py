"""The briefs and tenants a visitor meets first."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.agents import campaign_planner, content_generator
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.similarity import near_duplicates
from lambdas.services.validation import resolve_configuration
from tests.fakes import MemoryTable
from tests.support.agent_inputs import EXAMPLE_NAMES, EXAMPLES, SEEDS, all_posts, campaign, example, plan_data, seed_of

TENANTS = sorted(path.stem for path in SEEDS.glob("*.json"))


def test_there_are_two_tenants_and_three_examples() -> None:
    assert TENANTS == ["acme", "globex"]
    assert {"b2b-software-launch", "charity-event", "retail-season-sale"} <= set(EXAMPLE_NAMES)


@pytest.mark.parametrize("tenant", TENANTS)
def test_every_seeded_brand_and_persona_is_a_valid_body(tenant: str) -> None:
    seed = seed_of(tenant)
    assert seed["brands"]
    assert seed["personas"]
    for body in seed["brands"].values():
        BrandConfig.from_wire(body)
    for body in seed["personas"].values():
        PersonaConfig.from_wire(body)


def test_the_tenants_share_no_ids() -> None:
    acme, globex = seed_of("acme"), seed_of("globex")
    for kind in ("brands", "personas"):
        assert not set(acme[kind]) & set(globex[kind])


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_an_example_can_be_posted_by_acme_as_it_stands(name: str) -> None:
    catalog, seed = TableCatalog(MemoryTable()), seed_of("acme")
    for brand_id, body in seed["brands"].items():
        catalog.put_brand(TenantId("acme"), BrandId(brand_id), BrandConfig.from_wire(body))
    for persona_id, body in seed["personas"].items():
        catalog.put_persona(TenantId("acme"), PersonaId(persona_id), PersonaConfig.from_wire(body))
    brief = CampaignBrief.from_wire(example(name))
    resolved = resolve_configuration(TenantId("acme"), brief, catalog, datetime(2026, 11, 1, tzinfo=UTC))
    assert resolved.brand.brand_id == brief.brand_id
    assert all(address.endswith("@example.com") for address in brief.approval.reviewers)


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_an_example_explains_itself(name: str) -> None:
    readme = Path(EXAMPLES / name / "README.md").read_text()
    assert readme.startswith("# ")
    assert len(readme) > 400


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_an_example_is_planned_and_written_at_the_first_attempt(name: str) -> None:
    wire = example(name)
    planned = campaign_planner.run(plan_data(wire))
    assert planned["error"] is None
    written = [content_generator.run(data) for data in all_posts(wire, planned["result"])]
    assert [reply["error"] for reply in written if not reply["success"]] == []
    assert {reply["result"]["provenance"]["attempts"] for reply in written} == {1}
    assert near_duplicates([reply["result"]["content"]["text"] for reply in written], SAME) == []


SAME = 0.95
"""Two posts on one message share its words, and differ in their frame and in what stands below."""


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_a_hundred_posts_from_one_brief_differ_and_five_hundred_come_with_a_notice(name: str) -> None:
    wire = example(name) | {"postCount": 100}
    plan = campaign_planner.run(plan_data(wire))["result"]
    texts = [content_generator.run(data)["result"]["content"]["text"] for data in all_posts(wire, plan)]
    assert len(set(texts)) == 100
    assert len(near_duplicates(texts, SAME)) <= 3
    assert "keyMessages" not in {notice.field for notice in campaign(wire | {"postCount": 40}).notices()}
    (notice,) = [n for n in campaign(wire | {"postCount": 500}).notices() if n.field == "keyMessages"]
    assert "500 posts" in notice.message
