"""Whatever is accepted can be stored: an item of the table holds 400 KB, and nothing is found too large later."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambdas.adapters.table.items import to_attribute
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import BrandId, CorrelationId, PersonaId
from lambdas.domain.models.brand import Brand, BrandConfig, Configuration, PersonaConfig
from lambdas.domain.models.campaign import CampaignBrief, Cause, Failure
from lambdas.domain.platforms import Platform
from lambdas.domain.record_size import MAX_ITEM_BYTES, RESERVE_BYTES, fits, record_bytes
from lambdas.services.submission import Submission, submit
from tests.fakes import MemoryClock
from tests.support import samples
from tests.support.samples import brief
from tests.support.world import World

TEA, E_ACUTE = "\N{TEAPOT}", "\N{LATIN SMALL LETTER E WITH ACUTE}"  # four bytes and two


def largest_brand(letter: str, banned: int) -> BrandConfig:
    line = letter * 300
    return BrandConfig.from_wire(
        {
            "name": letter * 100,
            "tone": [line] * 8,
            "voice": letter * 2_000,
            "tagline": line,
            "hashtags": ["#" + "e" * 100] * 10,
            "bannedWords": [line] * banned,
            "disclaimers": [{"text": line, "platforms": list(Platform)}] * 10,
            "handles": dict.fromkeys(Platform, "@" + "a" * 64),
        }
    )


def largest_persona(letter: str, examples: int) -> PersonaConfig:
    return PersonaConfig.from_wire(
        {
            "name": letter * 100,
            "role": letter * 300,
            "style": letter * 2_000,
            "examples": [letter * 2_000] * examples,
            "platforms": list(Platform),
            "languages": ["en", "de-AT"],
        }
    )


def largest_brief(letter: str, personas: int) -> dict[str, Any]:
    line, paragraph = letter * 300, letter * 2_000
    addresses = [f"{'a' * 60}{number:03d}@{'b' * 60}.{'c' * 60}.{'d' * 55}.com" for number in range(60)]
    return brief(
        name=letter * 120,
        product={"name": letter * 120, "description": paragraph, "url": f"https://example.com/{letter * 150}"},
        goal=paragraph,
        audience=paragraph,
        keyMessages=[line] * 20,
        callToAction=line,
        personaIds=[f"{'p' * 60}{number:02d}" for number in range(personas)],
        platforms=list(Platform),
        schedule={
            "timeZone": "America/Argentina/ComodRivadavia",
            "start": "2026-04-01T09:00:00",
            "end": "2027-04-30T18:00:00",
            "blackoutDates": [f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in range(330)],
        },
        approval={
            "reviewers": addresses[:20],
            "quorum": "all",
            "secondStage": {"reviewers": addresses[20:40]},
            "onTimeout": "escalate",
            "escalateTo": addresses[40:],
            "remindAfterHours": list(range(1, 11)),
        },
    )


def _world(brand: BrandConfig, persona: PersonaConfig, wire: dict[str, Any]) -> World:
    world = World()
    world.catalog.put_brand(samples.TENANT, BrandId(wire["brandId"]), brand)
    for name in wire["personaIds"]:
        world.catalog.put_persona(samples.TENANT, PersonaId(name), persona)
    return world


letters = st.sampled_from(["a", '"', E_ACUTE, TEA])


@settings(max_examples=60, deadline=None)
@given(letters, st.integers(1, 20), st.integers(1, 20), st.integers(0, 200))
@example(TEA, 20, 20, 200)  # 3.4 MB of personas
@example("a", 5, 20, 200)  # 200 KB of them, and 60 KB of brand
def test_what_is_accepted_fits_and_what_does_not_is_refused_with_its_field(letter, personas, examples, banned):
    wire = largest_brief(letter, personas)
    brand, persona = largest_brand(letter, banned), largest_persona(letter, examples)
    world = _world(brand, persona, wire)
    sent = Submission(samples.TENANT, wire, "robin", CorrelationId("c"))
    if record_bytes(brand.to_record()) + personas * record_bytes(persona.to_record()) > MAX_ITEM_BYTES:
        with pytest.raises(InvalidInputError) as refused:
            submit(sent, world)
        assert [problem.field for problem in refused.value.errors] == ["personaIds"]
        assert world.campaigns.page(samples.TENANT, 1).items == []
        return
    try:
        accepted = submit(sent, world)
    except InvalidInputError:
        kept = record_bytes(brand.to_record()) + personas * (record_bytes(persona.to_record()) + 100)
        assert kept + RESERVE_BYTES + 100 > MAX_ITEM_BYTES, "nothing is refused that would fit"
        return
    found, voices = world.catalog.find(samples.TENANT, BrandId(wire["brandId"]), wire["personaIds"])
    assert found is not None
    configuration = Configuration(brand=found, personas=tuple(voices.values()))
    assert _as_dynamodb_counts(configuration.to_record()) <= MAX_ITEM_BYTES
    failed = accepted.campaign.model_copy(update={"error": _largest_failure(letter)})
    assert _as_dynamodb_counts(failed.to_record()) <= MAX_ITEM_BYTES


@pytest.mark.parametrize("letter", ["a", TEA])
def test_what_a_tenant_may_store_fits_each_by_itself(letter):
    """The largest the models allow of each; a body may have 256 KB, which is less for some."""
    brand = Brand(brand_id=BrandId("b"), version=1, **dict(largest_brand(letter, 200)))
    assert fits(brand.to_record())
    assert fits(largest_persona(letter, 20).to_record())
    assert fits(CampaignBrief.from_wire(largest_brief(letter, 20)).to_record())


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**30), 10**30)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), inner)
        ),
        max_leaves=30,
    )
)
def test_a_record_is_never_larger_than_it_is_said_to_be(wire):
    assert _as_dynamodb_counts(wire) <= record_bytes(wire)


def _largest_failure(letter: str) -> Failure:
    cause = Cause(error="E" * 100, message=letter * 500)
    return Failure(code="X" * 100, message=letter * 2_000, at=MemoryClock().now(), retryable=True, causes=(cause,) * 3)


def _as_dynamodb_counts(wire: Any) -> int:
    """Bytes of the item by the rules of its own format."""

    def size(attribute: Any) -> int:
        ((kind, value),) = attribute.items()
        match kind:
            case "S":
                return len(value.encode())
            case "N":
                mantissa = value.lower().split("e")[0]
                digits = mantissa.replace("-", "").replace(".", "").strip("0")
                return (len(digits) + 1) // 2 + 1 + value.startswith("-")
            case "M":
                return 3 + sum(1 + len(name.encode()) + size(member) for name, member in value.items())
            case "L":
                return 3 + sum(1 + size(member) for member in value)
        return 1

    return size(to_attribute(wire))
