"""A tenant's settings, brands and personas in the table.

Actions on the table: ``dynamodb:GetItem`` (get_*), ``BatchGetItem`` (find), ``UpdateItem`` (put_*),
``DeleteItem`` (delete_*), ``Query`` (brands, personas).
"""

from collections.abc import Sequence
from typing import Any

from lambdas.adapters.table import keys
from lambdas.adapters.table.cursors import page_of
from lambdas.domain.errors import NotFoundError
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.base import Model
from lambdas.domain.models.brand import Brand, BrandConfig, Persona, PersonaConfig
from lambdas.domain.models.tenant import TenantConfig, TenantSettings
from lambdas.ports.paging import decode_place, encode_place
from lambdas.ports.stores import Page
from lambdas.ports.table import EXISTS, ItemKey, Table, Update


class TableCatalog:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(
        self, tenant_id: TenantId, brand_id: BrandId, persona_ids: Sequence[PersonaId]
    ) -> tuple[Brand | None, dict[PersonaId, Persona]]:
        place = keys.brand(tenant_id, brand_id)
        places = {keys.persona(tenant_id, persona_id): persona_id for persona_id in persona_ids}
        found = self._table.get_many([place, *places])
        voices = {name: Persona.from_record(found[key]) for key, name in places.items() if key in found}
        return (Brand.from_record(found[place]) if place in found else None), voices

    def get_settings(self, tenant_id: TenantId) -> TenantSettings:
        return TenantSettings.from_record(self._table.get(keys.settings(tenant_id)) or {})

    def put_settings(self, tenant_id: TenantId, config: TenantConfig) -> TenantSettings:
        return TenantSettings.from_record(self._put(keys.settings(tenant_id), config, {}))

    def brands(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Brand]:
        after = keys.brand(tenant_id, BrandId(decode_place(cursor))) if cursor else None
        found, more = page_of(self._table, keys.tenant_partition(tenant_id), keys.BRANDS, limit, after)
        items = [Brand.from_record(item) for item in found]
        return Page(items, encode_place(items[-1].brand_id) if more else None)

    def personas(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Persona]:
        after = keys.persona(tenant_id, PersonaId(decode_place(cursor))) if cursor else None
        found, more = page_of(self._table, keys.tenant_partition(tenant_id), keys.PERSONAS, limit, after)
        items = [Persona.from_record(item) for item in found]
        return Page(items, encode_place(items[-1].persona_id) if more else None)

    def get_brand(self, tenant_id: TenantId, brand_id: BrandId) -> Brand | None:
        found = self._table.get(keys.brand(tenant_id, brand_id))
        return Brand.from_record(found) if found else None

    def put_brand(self, tenant_id: TenantId, brand_id: BrandId, config: BrandConfig) -> Brand:
        return Brand.from_record(self._put(keys.brand(tenant_id, brand_id), config, {"brandId": brand_id}))

    def delete_brand(self, tenant_id: TenantId, brand_id: BrandId) -> None:
        if not self._table.delete_if(keys.brand(tenant_id, brand_id), EXISTS):
            raise NotFoundError(f"there is no brand {brand_id}")

    def get_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> Persona | None:
        found = self._table.get(keys.persona(tenant_id, persona_id))
        return Persona.from_record(found) if found else None

    def put_persona(self, tenant_id: TenantId, persona_id: PersonaId, config: PersonaConfig) -> Persona:
        return Persona.from_record(self._put(keys.persona(tenant_id, persona_id), config, {"personaId": persona_id}))

    def delete_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> None:
        if not self._table.delete_if(keys.persona(tenant_id, persona_id), EXISTS):
            raise NotFoundError(f"there is no persona {persona_id}")

    def _put(self, key: ItemKey, config: Model, identity: dict[str, str]) -> dict[str, Any]:
        """Replace all fields and increase the version in one write, so that two concurrent writes never get the same
        version."""
        fields = config.to_record() | identity
        absent = [alias for alias in _aliases(type(config)) if alias not in fields]
        return self._table.update_if(Update(key, fields, add={"version": 1}, remove=absent))


def _aliases(model: type[Model]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
