import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.brand import BrandConfig, LinkPolicy, PersonaConfig
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.services.validation import resolve_configuration
from tests.fakes import MemoryTable
from tests.support.samples import plain_brief

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BRAND = BrandConfig(name="Acme", tone=("warm",), voice="Plain.")


def persona(**fields: Any) -> PersonaConfig:
    return PersonaConfig.model_validate(
        {"name": "Anna", "role": "Support", "style": "Short.", "examples": ("Hello.",), **fields}
    )


def brief(**fields: Any) -> CampaignBrief:
    own: dict[str, Any] = {
        "brandId": "main",
        "personaIds": ["anna"],
        "platforms": ["x", "email"],
        "schedule": {"timeZone": "UTC", "start": "2026-06-01T00:00", "end": "2026-06-08T00:00"},
    }
    return CampaignBrief.from_wire(plain_brief(**own | fields))


def stocked() -> TableCatalog:
    catalog = TableCatalog(MemoryTable())
    catalog.put_brand(ACME, BrandId("main"), BRAND)
    catalog.put_persona(ACME, PersonaId("anna"), persona())
    catalog.put_persona(ACME, PersonaId("ben"), persona(platforms=("x",), languages=("de-AT",)))
    return catalog


@pytest.fixture
def catalog() -> TableCatalog:
    return stocked()


def errors_of(
    brief: CampaignBrief, catalog: TableCatalog, tenant: TenantId | None = None, *, at: str = "", now: datetime = NOW
) -> list[str]:
    """Fields that are refused; none when the brief is fine."""
    try:
        resolve_configuration(tenant or ACME, brief, catalog, now, at=at)
    except InvalidInputError as error:
        return [field.field for field in error.errors]
    return []


def test_the_configuration_is_that_of_the_catalog(catalog: TableCatalog) -> None:
    found = resolve_configuration(ACME, brief(personaIds=["ben", "anna"]), catalog, NOW)
    assert found.brand == catalog.get_brand(ACME, BrandId("main"))
    assert [person.persona_id for person in found.personas] == ["ben", "anna"]


def test_another_tenants_catalog_is_out_of_reach(catalog: TableCatalog) -> None:
    assert errors_of(brief(), catalog, GLOBEX) == ["brandId", "personaIds[0]"]


def test_everything_that_points_nowhere_is_named_at_once(catalog: TableCatalog) -> None:
    wrong = brief(brandId="none", personaIds=["anna", "nobody", "no-one"])
    assert errors_of(wrong, catalog, at="campaign") == [
        "campaign.brandId",
        "campaign.personaIds[1]",
        "campaign.personaIds[2]",
    ]


def test_a_platform_that_no_persona_serves(catalog: TableCatalog) -> None:
    only_ben = brief(personaIds=["ben"], platforms=["x", "email", "sms"], language="de")
    assert errors_of(only_ben, catalog) == ["platforms[1]", "platforms[2]"]
    resolve_configuration(ACME, brief(personaIds=["ben", "anna"], platforms=["x", "sms"]), catalog, NOW)


@pytest.mark.parametrize("language", ["de", "de-AT", "de-CH"])
def test_a_persona_writes_a_language_in_all_its_countries(catalog: TableCatalog, language: str) -> None:
    resolve_configuration(ACME, brief(personaIds=["ben"], platforms=["x"], language=language), catalog, NOW)


def test_a_language_that_no_persona_writes(catalog: TableCatalog) -> None:
    assert errors_of(brief(personaIds=["ben"], platforms=["x"], language="fr"), catalog) == ["language"]


def test_the_message_says_where_and_what(catalog: TableCatalog) -> None:
    with pytest.raises(InvalidInputError, match=r"^campaign\.brandId: there is no brand 'none'$"):
        resolve_configuration(ACME, brief(brandId="none"), catalog, NOW, at="campaign")


def schedule(**fields: Any) -> dict[str, Any]:
    window = {"timeZone": "Europe/Berlin", "start": "2026-06-01T08:00", "end": "2026-06-02T20:00"}
    return window | {"maxPostsPerDay": 10_000} | fields


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schedule": schedule(blackoutDates=["2026-06-01", "2026-06-02"])}, "schedule.blackoutDates"),
        ({"schedule": schedule(start="2026-06-01T21:00", end="2026-06-02T07:59")}, "schedule"),
        ({"schedule": schedule(start="2026-12-25T00:00", end="2026-12-26T23:00", holidayCountry="DE")}, "schedule"),
        ({"schedule": schedule(holidayCountry="XX")}, "schedule.holidayCountry"),
        ({"schedule": schedule(end="2036-07-01T00:00")}, "schedule.end"),
        # 720 minutes on the first day and 720 on the second, and one who speaks.
        ({"schedule": schedule(), "postCount": 1_441}, "postCount"),
        ({"schedule": schedule(cadence={"posts": 721, "per": "day"})}, "schedule.cadence"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused(catalog: TableCatalog, changes: dict[str, Any], field: str) -> None:
    assert errors_of(brief(**changes), catalog) == [field]
    assert errors_of(brief(**changes), catalog, at="campaign") == [f"campaign.{field}"]


def test_as_many_posts_as_there_are_minutes_are_possible(catalog: TableCatalog) -> None:
    resolve_configuration(ACME, brief(schedule=schedule(), postCount=1_440), catalog, NOW)


def test_two_personas_can_say_twice_as_much_where_both_may_speak(catalog: TableCatalog) -> None:
    catalog.put_persona(ACME, PersonaId("cleo"), persona(platforms=("x",)))
    both = {"personaIds": ["anna", "cleo"], "schedule": schedule(), "postCount": 2_880}
    resolve_configuration(ACME, brief(platforms=["x"], **both), catalog, NOW)
    # Half of them are for a platform that only one of the two serves: fine. All of them are not.
    resolve_configuration(ACME, brief(platforms=["x", "email"], **both), catalog, NOW)
    assert errors_of(brief(platforms=["email"], **both), catalog) == ["postCount"]


def test_an_impossible_schedule_is_told_together_with_what_is_not_there(catalog: TableCatalog) -> None:
    nowhere = brief(brandId="none", schedule=schedule(blackoutDates=["2026-06-01", "2026-06-02"]))
    assert errors_of(nowhere, catalog) == ["brandId", "schedule.blackoutDates"]


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        (datetime(2026, 6, 2, 18, 0, tzinfo=UTC), ["schedule.end"]),  # the window's last moment: 20:00 in Berlin
        (datetime(2031, 1, 1, tzinfo=UTC), ["schedule.end"]),
        (datetime(2026, 6, 2, 17, 59, tzinfo=UTC), []),
    ],
)
def test_a_window_that_has_passed_is_refused(catalog: TableCatalog, now: datetime, refused: list[str]) -> None:
    assert errors_of(brief(schedule=schedule(), postCount=1), catalog, now=now) == refused


def test_of_a_window_that_began_before_the_rest_counts(catalog: TableCatalog) -> None:
    """Two days are open, and of the first only what is left: 60 minutes, with one who speaks."""
    now, whole = datetime(2026, 6, 1, 17, 0, tzinfo=UTC), {"platforms": ["x"], "schedule": schedule()}
    assert errors_of(brief(**whole, postCount=780), catalog, now=now) == []
    assert errors_of(brief(**whole, postCount=781), catalog, now=now) == ["postCount"]
    assert errors_of(brief(**whole, postCount=781), catalog, now=now - timedelta(minutes=1)) == []
    late = schedule(end="2026-06-01T21:00")
    assert errors_of(brief(schedule=late, postCount=1), catalog, now=now + timedelta(minutes=61)) == ["schedule"]


def test_a_channel_carries_so_many_posts_a_day_unless_more_are_asked_for(catalog: TableCatalog) -> None:
    """Nine thousand posts in twelve days are one a minute."""
    window = {"timeZone": "UTC", "start": "2026-06-01T00:00", "end": "2026-06-12T23:59"}
    dozen = schedule(maxPostsPerDay=None, days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], **window)
    one, two = {"platforms": ["x"], "schedule": dozen}, {"platforms": ["x", "email"], "schedule": dozen}
    assert errors_of(brief(**two, postCount=9_000), catalog) == ["postCount"]
    assert errors_of(brief(**two, postCount=1_200), catalog) == []
    assert errors_of(brief(**two, postCount=1_201), catalog) == ["postCount"]
    assert errors_of(brief(**one, postCount=601), catalog) == ["postCount"]
    raised = dozen | {"maxPostsPerDay": 375}
    assert errors_of(brief(**one | {"schedule": raised}, postCount=4_500), catalog) == []
    with pytest.raises(InvalidInputError, match=r"4,501 posts .* 375 a day .* \(12 days, 1 channel\).*4,500.*376"):
        resolve_configuration(ACME, brief(**one | {"schedule": raised}, postCount=4_501), catalog, NOW)
    by_cadence = dozen | {"cadence": {"posts": 51, "per": "day"}}
    assert errors_of(brief(platforms=["x"], schedule=by_cadence), catalog) == ["schedule.cadence"]
    # Days on which it may not post carry nothing.
    off = dozen | {"blackoutDates": ["2026-06-01", "2026-06-02"]}
    assert errors_of(brief(platforms=["x"], schedule=off, postCount=501), catalog) == ["postCount"]
    assert errors_of(brief(platforms=["x"], schedule=off, postCount=500), catalog) == []


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://acme.example/pump", []),
        ("https://shop.acme.example", []),
        ("https://evil.agency/pump", ["product.url"]),
        ("https://acme.example.evil.shop/", ["product.url"]),
        (None, []),
    ],
)
def test_a_product_page_that_the_brand_forbids_is_refused(
    catalog: TableCatalog, url: str | None, refused: list[str]
) -> None:
    links = LinkPolicy(allowed_domains=("acme.example",))
    catalog.put_brand(ACME, BrandId("main"), BRAND.model_copy(update={"links": links}))
    product = {"name": "Pump", "description": "Warm."} | ({"url": url} if url else {})
    assert errors_of(brief(product=product), catalog) == refused


def test_voices_too_large_to_be_kept_are_refused(catalog: TableCatalog) -> None:
    """A persona may have 20 examples of 2,000 characters, and a campaign 20 personas: far over an item's 400 KB."""
    names = [f"p{number}" for number in range(3)]
    for name in names:
        catalog.put_persona(ACME, PersonaId(name), persona(examples=("\U0001fad6" * 2_000,) * 17))
    assert errors_of(brief(personaIds=names), catalog) == ["personaIds"]
    assert errors_of(brief(personaIds=names[:2]), catalog) == []


def test_holidays_are_only_loaded_for_those_who_name_a_country() -> None:
    code = """
import sys
from tests.unit.domain.test_validation import ACME, NOW, brief, stocked
from lambdas.services.validation import resolve_configuration
resolve_configuration(ACME, brief(), stocked(), NOW)
assert "holidays" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
