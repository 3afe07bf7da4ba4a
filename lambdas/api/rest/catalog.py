"""``/brands``, ``/personas`` and ``/settings``: what a tenant stores for all its campaigns."""

from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from lambdas.api.rest.answers import Answer, answer, described, listing
from lambdas.api.rest.campaigns import Cursor, Limit
from lambdas.api.rest.request import Routes, caller, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import Listing
from lambdas.domain.errors import FieldError, InvalidInputError, NotFoundError
from lambdas.domain.ids import BrandIdField, PersonaIdField
from lambdas.domain.models.brand import Brand, BrandConfig, Persona, PersonaConfig
from lambdas.domain.models.tenant import TenantConfig, TenantSettings

BRANDS, PERSONAS, SETTINGS = "Brands", "Personas", "Settings"
BrandPath = Annotated[BrandIdField, Path()]
PersonaPath = Annotated[PersonaIdField, Path()]


def as_sent(body: Any, **identity: str) -> Any:
    """``body`` without the fields that the server sets, so that what ``GET`` returned can be sent back.

    ``version`` is ignored: the last write wins. Raises ``InvalidInputError`` for an id that differs from the path's.
    """
    if not isinstance(body, Mapping):
        return body
    for name, value in identity.items():
        if body.get(name, value) != value:
            problem = FieldError(name, f"the path says {value}; leave the field out, or send the same")
            raise InvalidInputError(f"{name}: {problem.message}", errors=[problem])
    return {name: value for name, value in body.items() if name != "version" and name not in identity}


class BrandRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        path = "/brands/<brand_id>"
        app.get("/brands", **described("listBrands", "Brands, by id", tag=BRANDS, answers=Listing[Brand]))(self.list)
        app.put(
            path,
            **described("putBrand", "Store a brand", tag=BRANDS, answers=Brand, body="BrandConfig"),
        )(self.put)
        app.get(path, **described("getBrand", "One brand", tag=BRANDS, answers=Brand))(self.get)
        app.delete(
            path,
            **described("deleteBrand", "Delete a brand", tag=BRANDS, answers=None, status=204),
        )(self.delete)

    def list(self, limit: Limit = 20, cursor: Cursor = None) -> Answer:
        page = self._ports.catalog.brands(caller(self._app.current_event).tenant_id, limit, cursor)
        return listing(page.items, page.next_cursor)

    def put(self, brand_id: BrandPath) -> Answer:
        who = manager(self._app.current_event)
        config = BrandConfig.from_wire(as_sent(json_body(self._app.current_event), brandId=brand_id))
        return answer(self._ports.catalog.put_brand(who.tenant_id, brand_id, config))

    def get(self, brand_id: BrandPath) -> Answer:
        brand = self._ports.catalog.get_brand(caller(self._app.current_event).tenant_id, brand_id)
        if brand is None:
            raise NotFoundError(f"there is no brand {brand_id!r}")
        return answer(brand)

    def delete(self, brand_id: BrandPath) -> Answer:
        self._ports.catalog.delete_brand(manager(self._app.current_event).tenant_id, brand_id)
        return Response(204)


class PersonaRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        path = "/personas/<persona_id>"
        listed = described("listPersonas", "Personas, by id", tag=PERSONAS, answers=Listing[Persona])
        app.get("/personas", **listed)(self.list)
        app.put(
            path,
            **described("putPersona", "Store a persona", tag=PERSONAS, answers=Persona, body="PersonaConfig"),
        )(self.put)
        app.get(path, **described("getPersona", "One persona", tag=PERSONAS, answers=Persona))(self.get)
        app.delete(
            path,
            **described("deletePersona", "Delete a persona", tag=PERSONAS, answers=None, status=204),
        )(self.delete)

    def list(self, limit: Limit = 20, cursor: Cursor = None) -> Answer:
        page = self._ports.catalog.personas(caller(self._app.current_event).tenant_id, limit, cursor)
        return listing(page.items, page.next_cursor)

    def put(self, persona_id: PersonaPath) -> Answer:
        who = manager(self._app.current_event)
        config = PersonaConfig.from_wire(as_sent(json_body(self._app.current_event), personaId=persona_id))
        return answer(self._ports.catalog.put_persona(who.tenant_id, persona_id, config))

    def get(self, persona_id: PersonaPath) -> Answer:
        persona = self._ports.catalog.get_persona(caller(self._app.current_event).tenant_id, persona_id)
        if persona is None:
            raise NotFoundError(f"there is no persona {persona_id!r}")
        return answer(persona)

    def delete(self, persona_id: PersonaPath) -> Answer:
        self._ports.catalog.delete_persona(manager(self._app.current_event).tenant_id, persona_id)
        return Response(204)


class SettingsRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        app.get("/settings", **described("getSettings", "The tenant's settings", tag=SETTINGS, answers=TenantSettings))(
            self.get
        )
        app.put(
            "/settings",
            **described(
                "putSettings",
                "Store the tenant's settings",
                tag=SETTINGS,
                answers=TenantSettings,
                body="TenantConfig",
            ),
        )(self.put)

    def get(self) -> Answer:
        return answer(self._ports.catalog.get_settings(caller(self._app.current_event).tenant_id))

    def put(self) -> Answer:
        """Raises ``InvalidInputError`` for a sender that SES would not accept from this tenant."""
        who = manager(self._app.current_event)
        config = TenantConfig.from_wire(as_sent(json_body(self._app.current_event)))
        refusal = self._ports.senders.refusal(who.tenant_id, config.sender.address) if config.sender else None
        if refusal:
            problem = FieldError("sender.address", refusal)
            raise InvalidInputError(f"{problem.field} {problem.message}", errors=[problem])
        return answer(self._ports.catalog.put_settings(who.tenant_id, config))
