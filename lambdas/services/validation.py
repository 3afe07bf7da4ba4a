"""Whether a brief can be carried out: one check for the API, the direct invocation and the state ValidateCampaign."""

from datetime import datetime
from math import ceil
from typing import NamedTuple

from lambdas.domain.calendar import open_days, open_minutes, planned_count
from lambdas.domain.compliance.urls import link_problems
from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import TenantId
from lambdas.domain.models.brand import Brand, Configuration, Persona
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.platforms import LABELS, Platform
from lambdas.domain.record_size import MAX_ITEM_BYTES, RESERVE_BYTES, record_bytes
from lambdas.ports.stores import CatalogStore


class _Findings(NamedTuple):
    brand: Brand | None
    personas: list[Persona]
    errors: list[FieldError]


def resolve_configuration(
    tenant_id: TenantId, brief: CampaignBrief, catalog: CatalogStore, now: datetime, *, at: str = ""
) -> Configuration:
    """The brand and personas that a brief names, from the tenant's catalog, if the brief can be carried out from
    ``now`` on.

    Raises ``InvalidInputError`` naming every field that refers to something missing or cannot be met; ``at`` prefixes
    them.
    """
    found = _look_up(tenant_id, brief, catalog)
    ahead = brief.starting(now)
    errors = (
        found.errors
        + (_impossible(ahead, now) or _misplaced(brief, now) or _overcrowded(ahead))
        + _foreign_link(brief, found.brand)
        or _uncovered(brief, found.personas)
        or _crowded(ahead, found.personas)
        or _oversized(found)
    )
    if found.brand is None or errors:
        prefixed = [FieldError(f"{at}.{e.field}" if at else e.field, e.message) for e in errors]
        raise InvalidInputError("; ".join(f"{e.field}: {e.message}" for e in prefixed), errors=prefixed)
    return Configuration(brand=found.brand, personas=tuple(found.personas))


def _look_up(tenant_id: TenantId, brief: CampaignBrief, catalog: CatalogStore) -> _Findings:
    errors: list[FieldError] = []
    brand, voices = catalog.find(tenant_id, brief.brand_id, brief.persona_ids)
    if brand is None:
        errors.append(FieldError("brandId", f"there is no brand {brief.brand_id!r}"))
    for index, persona_id in enumerate(brief.persona_ids):
        if persona_id not in voices:
            errors.append(FieldError(f"personaIds[{index}]", f"there is no persona {persona_id!r}"))
    personas = [voices[persona_id] for persona_id in brief.persona_ids if persona_id in voices]
    return _Findings(brand, personas, errors)


def _uncovered(brief: CampaignBrief, personas: list[Persona]) -> list[FieldError]:
    """Platforms and languages that no persona supports."""
    errors = [
        FieldError(f"platforms[{index}]", f"none of the personas posts on {platform.value}")
        for index, platform in enumerate(brief.platforms)
        if not any(p.posts_on(platform) for p in personas)
    ]
    if not any(persona.writes(brief.language) for persona in personas):
        errors.append(FieldError("language", f"none of the personas writes {brief.language}"))
    return errors


def _impossible(brief: CampaignBrief, now: datetime) -> list[FieldError]:
    """The errors of a schedule in which no posting time is left."""
    if brief.schedule.end_utc() <= now:
        return [FieldError("schedule.end", f"has passed: it is now {brief.schedule.told(now)}")]
    found: dict[str, dict[str, None]] = {}
    for platform in brief.platforms:
        try:
            open_minutes(brief.schedule, platform, enough=1)
        except InvalidInputError as error:
            for each in error.errors:
                found.setdefault(each.field, {})[each.message] = None
    return [FieldError(field, "; ".join(messages)) for field, messages in found.items()]


def _misplaced(brief: CampaignBrief, now: datetime) -> list[FieldError]:
    """Hours of a platform that the campaign does not use, and a deadline before anybody could be told of it."""
    errors = [
        FieldError(f"schedule.platforms.{platform.value}", "the campaign does not post there; see platforms")
        for platform in brief.schedule.platforms or {}
        if platform not in brief.platforms
    ]
    deadline = brief.deadline_utc()
    if deadline is not None and deadline <= now:
        errors.append(FieldError("deadline", f"has passed: it is now {brief.schedule.told(now)}"))
    elif deadline is not None and deadline <= brief.schedule.start_utc():
        errors.append(FieldError("deadline", "must be after schedule.start, or no post can speak of it in time"))
    return errors


def _overcrowded(brief: CampaignBrief) -> list[FieldError]:
    """Errors if there are more posts than a channel may carry in a day."""
    total, channels, bound = planned_count(brief), len(brief.platforms), brief.schedule.posts_per_day
    enough = ceil(total / (channels * bound))
    days = {platform: open_days(brief.schedule, platform, enough=enough) for platform in brief.platforms}
    shares = {platform: _share(total, brief, platform) for platform in brief.platforms}
    if all(share <= days[platform] * bound for platform, share in shares.items()):
        return []
    tightest = min(days, key=lambda platform: days[platform])
    fewest = days[tightest]
    where = "" if fewest == max(days.values()) else f" on {LABELS[tightest]}"
    each = ceil(total / (fewest * channels)) if fewest else 0
    message = (
        f"{total:,} posts are more than {bound} a day on each channel ({_number(fewest, 'day')}{where}, "
        f"{_number(channels, 'channel')}); ask for {fewest * channels * bound:,} or fewer, for a longer window, or "
        f"allow more with schedule.maxPostsPerDay ({each:,} for all of them)"
    )
    return [FieldError(_count_field(brief), message)]


def _share(total: int, brief: CampaignBrief, platform: Platform) -> int:
    """How many of the posts are for one platform: the numbers differ by at most one, and the first ones have more."""
    each, left = divmod(total, len(brief.platforms))
    return each + (brief.platforms.index(platform) < left)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _foreign_link(brief: CampaignBrief, brand: Brand | None) -> list[FieldError]:
    """Errors if links to the product page are not allowed, in general or by the brand's rules: every post with the link
    would fail."""
    url = brief.product.url
    if url and (url.username or url.password):
        return [FieldError("product.url", "must not have a user name or a password, which every post would publish")]
    if brand is None or url is None:
        return []
    return [
        FieldError("product.url", f"the brand forbids it: {problem}")
        for problem in link_problems([str(url)], brand.links)
    ]


def _oversized(found: _Findings) -> list[FieldError]:
    """Errors if brand and personas are too large to be stored with the campaign."""
    parts = [*found.personas, *([found.brand] if found.brand else [])]
    size = sum(record_bytes(part.to_record()) for part in parts) + RESERVE_BYTES
    if size <= MAX_ITEM_BYTES:
        return []
    message = f"they and the brand have {size} bytes together, and a campaign keeps {MAX_ITEM_BYTES}; name fewer"
    return [FieldError("personaIds", message)]


def _crowded(brief: CampaignBrief, personas: list[Persona]) -> list[FieldError]:
    """Errors if there are more posts than the personas can publish at one a minute each.

    The planner, which knows the order, may still refuse what passes here; what fails here can certainly not be planned.
    """
    total = planned_count(brief)
    minutes = {platform: open_minutes(brief.schedule, platform, enough=total) for platform in brief.platforms}
    speakers = [persona for persona in personas if persona.writes(brief.language)]
    shares = [(total, max(minutes.values()), len(speakers))]
    for platform in brief.platforms:
        served = sum(persona.posts_on(platform) for persona in speakers)
        shares.append((total // len(brief.platforms), minutes[platform], served))
    if all(posts <= there * people for posts, there, people in shares):
        return []
    fewest = min(minutes.values())
    return [
        FieldError(
            _count_field(brief), f"{total} posts do not fit into the {fewest} minutes in which the campaign may post"
        )
    ]


def _count_field(brief: CampaignBrief) -> str:
    return "schedule.cadence" if brief.post_count is None else "postCount"
