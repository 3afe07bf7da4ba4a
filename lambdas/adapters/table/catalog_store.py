"""A tenant's settings, brands and personas in the table.

Actions on the table: ``dynamodb:GetItem`` (get_*), ``BatchGetItem`` (find), ``UpdateItem`` (put_*),
``DeleteItem`` (delete_*).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lambdas.adapters.aws.clients import translate_errors
from lambdas.adapters.table import keys
from lambdas.adapters.table.items import from_item, to_attribute, to_key
from lambdas.adapters.table.table import Table
from lambdas.domain.errors import NotFoundError
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.base import Model
from lambdas.domain.models.brand import Brand, BrandConfig, Persona, PersonaConfig
from lambdas.domain.models.tenant import TenantConfig, TenantSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoCatalog:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

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

    def get_brand(self, tenant_id: TenantId, brand_id: BrandId) -> Brand | None:
        found = self._table.get(keys.brand(tenant_id, brand_id))
        return Brand.from_record(found) if found else None

    def put_brand(self, tenant_id: TenantId, brand_id: BrandId, config: BrandConfig) -> Brand:
        return Brand.from_record(self._put(keys.brand(tenant_id, brand_id), config, {"brandId": brand_id}))

    def delete_brand(self, tenant_id: TenantId, brand_id: BrandId) -> None:
        if not self._table.delete(keys.brand(tenant_id, brand_id)):
            raise NotFoundError(f"there is no brand {brand_id}")

    def get_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> Persona | None:
        found = self._table.get(keys.persona(tenant_id, persona_id))
        return Persona.from_record(found) if found else None

    def put_persona(self, tenant_id: TenantId, persona_id: PersonaId, config: PersonaConfig) -> Persona:
        return Persona.from_record(self._put(keys.persona(tenant_id, persona_id), config, {"personaId": persona_id}))

    def delete_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> None:
        if not self._table.delete(keys.persona(tenant_id, persona_id)):
            raise NotFoundError(f"there is no persona {persona_id}")

    @translate_errors()
    def _put(self, key: keys.ItemKey, config: Model, identity: dict[str, str]) -> dict[str, Any]:
        """Replace every field and count the version up, in one write, so that two editors never make one version."""
        wire = config.to_record() | identity
        absent = [alias for alias in _aliases(type(config)) if alias not in wire]
        names = {f"#f{n}": name for n, name in enumerate([*wire, *absent])}
        expression = "SET " + ", ".join(f"#f{n} = :f{n}" for n in range(len(wire)))
        if absent:
            expression += " REMOVE " + ", ".join(f"#f{n}" for n in range(len(wire), len(names)))
        response = self._table.client.update_item(
            TableName=self._table.name,
            Key=to_key(key),
            UpdateExpression=expression + " ADD #version :one",
            ExpressionAttributeNames=names | {"#version": "version"},
            ExpressionAttributeValues={f":f{n}": to_attribute(value) for n, value in enumerate(wire.values())}
            | {":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        return from_item(response["Attributes"])


def _aliases(model: type[Model]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
