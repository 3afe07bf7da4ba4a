"""What ``CatalogStore`` promises, on a table in memory and on DynamoDB."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.domain.errors import InvalidInputError, NotFoundError
from lambdas.domain.ids import BrandId, PersonaId
from lambdas.domain.models.brand import Brand, Persona
from lambdas.domain.models.tenant import TenantConfig, TenantSettings
from lambdas.ports.stores import CatalogStore
from lambdas.ports.table import Table
from tests.contract.samples import ACME, GLOBEX, brand_config, persona_config

KETTLES, ANN, BEN = BrandId("kettles"), PersonaId("ann"), PersonaId("ben")


@pytest.fixture
def catalog(table: Table) -> CatalogStore:
    return TableCatalog(table)


@pytest.fixture
def shared(shared_table: Table) -> CatalogStore:
    return TableCatalog(shared_table)


def test_there_is_nothing_at_first(catalog: CatalogStore) -> None:
    assert catalog.get_brand(ACME, KETTLES) is None
    assert catalog.get_persona(ACME, ANN) is None


def test_stores_the_first_version(catalog: CatalogStore) -> None:
    config = brand_config(tagline="Hot!", handles={"x": "@kettles"}, maxReadingGrade=8)
    brand = Brand(brand_id=KETTLES, version=1, **dict(config))
    assert catalog.put_brand(ACME, KETTLES, config) == catalog.get_brand(ACME, KETTLES) == brand
    persona = Persona(persona_id=ANN, version=1, **dict(persona_config()))
    assert catalog.put_persona(ACME, ANN, persona_config()) == catalog.get_persona(ACME, ANN) == persona


def test_a_change_replaces_everything_and_counts_up(catalog: CatalogStore) -> None:
    catalog.put_brand(ACME, KETTLES, brand_config(tagline="Hot!", hashtags=["#tea"], maxReadingGrade=8))
    brand = catalog.put_brand(ACME, KETTLES, brand_config(name="Pots"))
    assert brand == Brand(brand_id=KETTLES, version=2, **dict(brand_config(name="Pots")))
    assert catalog.get_brand(ACME, KETTLES) == brand
    catalog.put_persona(ACME, ANN, persona_config(languages=["de"]))
    assert catalog.put_persona(ACME, ANN, persona_config()).version == 2
    assert catalog.get_persona(ACME, ANN) == Persona(persona_id=ANN, version=2, **dict(persona_config()))


def test_tenants_do_not_see_each_other(catalog: CatalogStore) -> None:
    catalog.put_brand(ACME, KETTLES, brand_config())
    catalog.put_persona(ACME, ANN, persona_config())
    assert catalog.find(ACME, KETTLES, [BEN, ANN]) == (
        catalog.get_brand(ACME, KETTLES),
        {ANN: catalog.get_persona(ACME, ANN)},
    )
    assert catalog.find(GLOBEX, KETTLES, [ANN]) == (None, {})
    assert catalog.get_brand(GLOBEX, KETTLES) is None
    assert catalog.get_persona(GLOBEX, ANN) is None
    assert catalog.put_brand(GLOBEX, KETTLES, brand_config()).version == 1


def test_deletes_what_is_there_and_says_when_it_is_not(catalog: CatalogStore) -> None:
    catalog.put_brand(ACME, KETTLES, brand_config())
    catalog.put_persona(ACME, ANN, persona_config())
    catalog.delete_brand(ACME, KETTLES)
    catalog.delete_persona(ACME, ANN)
    assert catalog.get_brand(ACME, KETTLES) is None
    assert catalog.get_persona(ACME, ANN) is None
    with pytest.raises(NotFoundError):
        catalog.delete_brand(ACME, KETTLES)
    with pytest.raises(NotFoundError):
        catalog.delete_persona(ACME, ANN)


def test_editors_at_once_never_make_the_same_version(shared: CatalogStore) -> None:
    with ThreadPoolExecutor(10) as pool:
        brands = pool.map(lambda n: shared.put_brand(ACME, KETTLES, brand_config(name=f"Brand {n}")), range(10))
        assert sorted(brand.version for brand in brands) == list(range(1, 11))


def test_settings_are_defaults_until_they_are_stored(catalog: CatalogStore) -> None:
    assert catalog.get_settings(ACME) == TenantSettings()
    config = TenantConfig.from_wire(
        {"sender": {"address": "hi@acme.example"}, "slack": {"channel": "C0123456789"}, "notify": ["a@acme.example"]}
    )
    assert catalog.put_settings(ACME, config) == TenantSettings(version=1, **dict(config)) == catalog.get_settings(ACME)
    assert catalog.put_settings(ACME, TenantConfig()) == TenantSettings(version=2) == catalog.get_settings(ACME)
    assert catalog.get_settings(GLOBEX).version == 0


def test_lists_by_id_page_by_page_and_of_the_tenant_only(catalog: CatalogStore) -> None:
    for name in ("pots", "kettles", "lids"):
        catalog.put_brand(ACME, BrandId(name), brand_config())
        catalog.put_persona(ACME, PersonaId(name), persona_config())
    catalog.put_brand(GLOBEX, BrandId("kites"), brand_config())
    first = catalog.brands(ACME, 2)
    rest = catalog.brands(ACME, 2, first.next_cursor)
    assert ([brand.brand_id for brand in first.items], first.next_cursor is None) == (["kettles", "lids"], False)
    assert ([brand.brand_id for brand in rest.items], rest.next_cursor) == (["pots"], None)
    assert [persona.persona_id for persona in catalog.personas(ACME, 3).items] == ["kettles", "lids", "pots"]
    assert catalog.personas(GLOBEX, 3) == ([], None)
    with pytest.raises(InvalidInputError):
        catalog.brands(ACME, 2, "not-a-cursor!")
