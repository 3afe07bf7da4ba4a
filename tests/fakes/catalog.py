"""A tenant's settings, brands and personas in memory."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from lambdas.domain.errors import NotFoundError
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.brand import Brand, BrandConfig, Persona, PersonaConfig
from lambdas.domain.models.tenant import TenantConfig, TenantSettings


class MemoryCatalog:
    def __init__(self) -> None:
        self._brands: dict[tuple[TenantId, BrandId], dict[str, Any]] = {}
        self._personas: dict[tuple[TenantId, PersonaId], dict[str, Any]] = {}
        self._settings: dict[TenantId, dict[str, Any]] = {}
        self._lock = Lock()

    def find(
        self, tenant_id: TenantId, brand_id: BrandId, persona_ids: Sequence[PersonaId]
    ) -> tuple[Brand | None, dict[PersonaId, Persona]]:
        found = {persona_id: self.get_persona(tenant_id, persona_id) for persona_id in persona_ids}
        voices = {persona_id: persona for persona_id, persona in found.items() if persona}
        return self.get_brand(tenant_id, brand_id), voices

    def get_settings(self, tenant_id: TenantId) -> TenantSettings:
        return TenantSettings.from_record(self._settings.get(tenant_id, {}))

    def put_settings(self, tenant_id: TenantId, config: TenantConfig) -> TenantSettings:
        with self._lock:
            version = self._settings.get(tenant_id, {}).get("version", 0) + 1
            self._settings[tenant_id] = config.to_record() | {"version": version}
            return TenantSettings.from_record(self._settings[tenant_id])

    def get_brand(self, tenant_id: TenantId, brand_id: BrandId) -> Brand | None:
        wire = self._brands.get((tenant_id, brand_id))
        return Brand.from_record(wire) if wire else None

    def put_brand(self, tenant_id: TenantId, brand_id: BrandId, config: BrandConfig) -> Brand:
        with self._lock:
            place = (tenant_id, brand_id)
            version = self._brands.get(place, {}).get("version", 0) + 1
            self._brands[place] = config.to_record() | {"brandId": brand_id, "version": version}
            return Brand.from_record(self._brands[place])

    def delete_brand(self, tenant_id: TenantId, brand_id: BrandId) -> None:
        with self._lock:
            if self._brands.pop((tenant_id, brand_id), None) is None:
                raise NotFoundError(f"there is no brand {brand_id}")

    def get_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> Persona | None:
        wire = self._personas.get((tenant_id, persona_id))
        return Persona.from_record(wire) if wire else None

    def put_persona(self, tenant_id: TenantId, persona_id: PersonaId, config: PersonaConfig) -> Persona:
        with self._lock:
            place = (tenant_id, persona_id)
            version = self._personas.get(place, {}).get("version", 0) + 1
            self._personas[place] = config.to_record() | {"personaId": persona_id, "version": version}
            return Persona.from_record(self._personas[place])

    def delete_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> None:
        with self._lock:
            if self._personas.pop((tenant_id, persona_id), None) is None:
                raise NotFoundError(f"there is no persona {persona_id}")
