"""Is a brief fit to run? One answer for the API, the direct invocation and the ValidateCampaign state."""

from typing import NamedTuple

from lambdas.core.errors import FieldError, InvalidInputError
from lambdas.core.ids import TenantId
from lambdas.core.models.brand import Brand, Persona
from lambdas.core.models.campaign import CampaignBrief, Configuration
from lambdas.core.ports import CatalogStore


class _Findings(NamedTuple):
    brand: Brand | None
    personas: list[Persona]
    errors: list[FieldError]


def resolve_configuration(
    tenant_id: TenantId, brief: CampaignBrief, catalog: CatalogStore, *, at: str = ""
) -> Configuration:
    """The brand and personas a brief names, from the tenant's own catalog.

    Raises ``InvalidInputError`` naming every field that points nowhere or cannot be served; ``at`` prefixes them.
    """
    found = _look_up(tenant_id, brief, catalog)
    errors = found.errors or _uncovered(brief, found.personas)
    if found.brand is None or errors:
        prefixed = [FieldError(f"{at}.{e.field}" if at else e.field, e.message) for e in errors]
        raise InvalidInputError("; ".join(f"{e.field}: {e.message}" for e in prefixed), errors=prefixed)
    return Configuration(brand=found.brand, personas=tuple(found.personas))


def _look_up(tenant_id: TenantId, brief: CampaignBrief, catalog: CatalogStore) -> _Findings:
    errors: list[FieldError] = []
    brand = catalog.get_brand(tenant_id, brief.brand_id)
    if brand is None:
        errors.append(FieldError("brandId", f"there is no brand {brief.brand_id!r}"))
    personas: list[Persona] = []
    for index, persona_id in enumerate(brief.persona_ids):
        persona = catalog.get_persona(tenant_id, persona_id)
        if persona is None:
            errors.append(FieldError(f"personaIds[{index}]", f"there is no persona {persona_id!r}"))
        else:
            personas.append(persona)
    return _Findings(brand, personas, errors)


def _uncovered(brief: CampaignBrief, personas: list[Persona]) -> list[FieldError]:
    """Platforms and languages that none of the personas serves."""
    errors = [
        FieldError(f"platforms[{index}]", f"none of the personas posts on {platform.value}")
        for index, platform in enumerate(brief.platforms)
        if not any(not p.platforms or platform in p.platforms for p in personas)
    ]
    language = brief.language.split("-")[0]
    if not any(not p.languages or language in {tag.split("-")[0] for tag in p.languages} for p in personas):
        errors.append(FieldError("language", f"none of the personas writes {brief.language}"))
    return errors
