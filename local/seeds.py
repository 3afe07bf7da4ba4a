"""The tenants the local stack comes with: their settings, brands and personas, from ``local/seed/<tenant>.json``.

``{"settings"?: body of PUT /settings, "brands": {id: body of PUT /brands/{id}},
"personas": {id: body of PUT /personas/{id}}}``
"""

import json
from pathlib import Path

from lambdas.adapters.aws.ses_mailer import OWNER_TAG
from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.base import Model
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.tenant import TenantConfig
from local import aws

SEEDS = Path(__file__).parent / "seed"


def tenants() -> list[str]:
    return sorted(path.stem for path in SEEDS.glob("*.json"))


def plant(endpoint_url: str, table: str) -> None:
    """Store what differs from the seed, through the adapter that serves ``PUT /brands/{id}``.

    A brand somebody changed through the API is put back: every start offers the same tenants. Settings stay as changed.
    """
    catalog = TableCatalog(DynamoTable(aws.client("dynamodb", endpoint_url), table))
    for name in tenants():
        tenant, seed = TenantId(name), json.loads((SEEDS / f"{name}.json").read_text())
        _settle(tenant, TenantConfig.from_wire(seed.get("settings", {})), catalog, endpoint_url)
        for brand_id, body in seed["brands"].items():
            brand = BrandConfig.from_wire(body)
            if not _same(catalog.get_brand(tenant, BrandId(brand_id)), brand):
                catalog.put_brand(tenant, BrandId(brand_id), brand)
        for persona_id, body in seed["personas"].items():
            persona = PersonaConfig.from_wire(body)
            if not _same(catalog.get_persona(tenant, PersonaId(persona_id)), persona):
                catalog.put_persona(tenant, PersonaId(persona_id), persona)


def _settle(tenant: TenantId, config: TenantConfig, catalog: TableCatalog, endpoint_url: str) -> None:
    """The tenant's sender, as an identity of the mail service that bears the tenant's tag, and its first settings."""
    if config.sender:
        aws.client("sesv2", endpoint_url).create_email_identity(
            EmailIdentity=config.sender.address, Tags=[{"Key": OWNER_TAG, "Value": tenant}]
        )
    if catalog.get_settings(tenant).version == 0:
        catalog.put_settings(tenant, config)


def _same(stored: Model | None, seed: Model) -> bool:
    """Whether the stored record holds what the seed says; its identity and version are beside the point."""
    if stored is None:
        return False
    wire = stored.to_wire()
    return {name: wire.get(name) for name in seed.to_wire()} == seed.to_wire()
