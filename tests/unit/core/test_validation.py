from typing import Any

import pytest

from lambdas.adapters.memory.catalog import MemoryCatalog
from lambdas.core.errors import InvalidInputError
from lambdas.core.ids import BrandId, PersonaId, TenantId
from lambdas.core.models.brand import BrandConfig, PersonaConfig
from lambdas.core.models.campaign import CampaignBrief
from lambdas.core.validation import resolve_configuration

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
BRAND = BrandConfig(name="Acme", tone=("warm",), voice="Plain.")


def persona(**fields: Any) -> PersonaConfig:
    return PersonaConfig.model_validate(
        {"name": "Anna", "role": "Support", "style": "Short.", "examples": ("Hello.",), **fields}
    )


def brief(**fields: Any) -> CampaignBrief:
    return CampaignBrief.from_wire(
        {
            "name": "Spring",
            "product": {"name": "Pump", "description": "Warm."},
            "goal": "Sell",
            "audience": "Owners",
            "keyMessages": ["Warm"],
            "callToAction": "Book",
            "brandId": "main",
            "personaIds": ["anna"],
            "platforms": ["x", "email"],
            "schedule": {"timeZone": "UTC", "start": "2026-06-01T00:00", "end": "2026-06-08T00:00"},
            "approval": {"reviewers": ["r@example.com"]},
            **fields,
        }
    )


@pytest.fixture
def catalog() -> MemoryCatalog:
    catalog = MemoryCatalog()
    catalog.put_brand(ACME, BrandId("main"), BRAND)
    catalog.put_persona(ACME, PersonaId("anna"), persona())
    catalog.put_persona(ACME, PersonaId("ben"), persona(platforms=("x",), languages=("de-AT",)))
    return catalog


def errors_of(brief: CampaignBrief, catalog: MemoryCatalog, tenant: TenantId = ACME, *, at: str = "") -> list[str]:
    with pytest.raises(InvalidInputError) as error:
        resolve_configuration(tenant, brief, catalog, at=at)
    return [field.field for field in error.value.errors]


def test_the_configuration_is_that_of_the_catalog(catalog: MemoryCatalog) -> None:
    found = resolve_configuration(ACME, brief(personaIds=["ben", "anna"]), catalog)
    assert found.brand == catalog.get_brand(ACME, BrandId("main"))
    assert [person.persona_id for person in found.personas] == ["ben", "anna"]


def test_another_tenants_catalog_is_out_of_reach(catalog: MemoryCatalog) -> None:
    assert errors_of(brief(), catalog, GLOBEX) == ["brandId", "personaIds[0]"]


def test_everything_that_points_nowhere_is_named_at_once(catalog: MemoryCatalog) -> None:
    wrong = brief(brandId="none", personaIds=["anna", "nobody", "no-one"])
    assert errors_of(wrong, catalog, at="campaign") == [
        "campaign.brandId",
        "campaign.personaIds[1]",
        "campaign.personaIds[2]",
    ]


def test_a_platform_that_no_persona_serves(catalog: MemoryCatalog) -> None:
    only_ben = brief(personaIds=["ben"], platforms=["x", "email", "sms"], language="de")
    assert errors_of(only_ben, catalog) == ["platforms[1]", "platforms[2]"]
    resolve_configuration(ACME, brief(personaIds=["ben", "anna"], platforms=["x", "sms"]), catalog)


@pytest.mark.parametrize("language", ["de", "de-AT", "de-CH"])
def test_a_persona_writes_a_language_in_all_its_countries(catalog: MemoryCatalog, language: str) -> None:
    resolve_configuration(ACME, brief(personaIds=["ben"], platforms=["x"], language=language), catalog)


def test_a_language_that_no_persona_writes(catalog: MemoryCatalog) -> None:
    assert errors_of(brief(personaIds=["ben"], platforms=["x"], language="fr"), catalog) == ["language"]


def test_the_message_says_where_and_what(catalog: MemoryCatalog) -> None:
    with pytest.raises(InvalidInputError, match=r"^campaign\.brandId: there is no brand 'none'$"):
        resolve_configuration(ACME, brief(brandId="none"), catalog, at="campaign")
