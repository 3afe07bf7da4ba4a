"""The ports to stored data, as small Protocols. ``tests/contract`` tests both the AWS implementation and the fake."""

# The Protocols use the models in signatures only, so a function that needs a clock does not import the campaign's
# models.
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar, Unpack

from lambdas.domain.ids import BrandId, CampaignId, PersonaId, PostId, TenantId
from lambdas.domain.ids import CampaignKey as CampaignKey
from lambdas.ports.approval_store import ApprovalStore as ApprovalStore

if TYPE_CHECKING:
    from lambdas.domain.campaign_changes import CampaignChanges
    from lambdas.domain.due_entry import DueEntry, Kind
    from lambdas.domain.models.active import ActiveCampaign
    from lambdas.domain.models.base import Model
    from lambdas.domain.models.brand import Brand, BrandConfig, Persona, PersonaConfig
    from lambdas.domain.models.campaign import Campaign, CampaignStatus, PostCounts
    from lambdas.domain.models.checkpoint import Checkpoint
    from lambdas.domain.models.effect import Effect
    from lambdas.domain.models.post import Batch, Claim, Post
    from lambdas.domain.models.tenant import TenantConfig, TenantSettings

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """A page of a list; ``next_cursor`` is opaque and ``None`` on the last page."""

    items: list[T]
    next_cursor: str | None


class IdempotencyRecord(NamedTuple):
    """What an ``Idempotency-Key`` was first used for."""

    key: str
    body_hash: str
    campaign_id: CampaignId


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, time-zone-aware, in UTC."""
        ...


class IdSource(Protocol):
    def ulid(self) -> str: ...

    def nonce(self) -> str:
        """128 random bits, hexadecimal."""
        ...


class CampaignStore(Protocol):
    def create(self, campaign: Campaign, idempotency: IdempotencyRecord | None = None) -> None:
        """Store a new campaign, its entry in the tenant's list and its idempotency record, all or nothing. Raises
        ``ConflictError`` if the id or the idempotency key is taken."""
        ...

    def owner_of(self, campaign_id: CampaignId) -> TenantId | None:
        """The tenant that the campaign belongs to; ``None`` if it does not exist. Read consistently."""
        ...

    def find_idempotent(self, tenant_id: TenantId, key: str) -> IdempotencyRecord | None: ...

    def remember(self, tenant_id: TenantId, idempotency: IdempotencyRecord, at: datetime) -> None:
        """Assign a key to an existing campaign; a key that is taken is not changed."""

    def get(self, key: CampaignKey) -> Campaign:
        """Read consistently, without its configuration; raises ``NotFoundError``."""

    def get_configured(self, key: CampaignKey) -> Campaign:
        """The same with its configuration, if there is one yet, in one request."""

    def page(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Campaign]:
        """Newest first; unreadable records are omitted and logged. Raises ``InvalidInputError`` for an invalid
        cursor."""

    def update(
        self,
        key: CampaignKey,
        *,
        expected: Sequence[CampaignStatus],
        of_execution: str | None = None,
        at: datetime,
        **changes: Unpack[CampaignChanges],
    ) -> Campaign:
        """Change the named fields if the status is one of ``expected``, and return the new record. Raises
        ``NotFoundError``, ``ConflictError`` with ``details['status']`` if the status is another, and
        ``ConcurrentUpdateError`` if the execution on record (none: the first) differs from ``of_execution``."""

    def change(
        self,
        key: CampaignKey,
        *,
        expected: Sequence[CampaignStatus],
        of_execution: str | None = None,
        at: datetime,
        result: Model | None = None,
        **changes: Unpack[CampaignChanges],
    ) -> None:
        """``update`` without a return value, which saves a request. ``result``: what the step returns, if this is its
        last write; its checkpoint is completed in the same transaction."""

    def erase(self, key: CampaignKey, at_most: int) -> bool:
        """Remove up to so many of the campaign's items, all but its record; answers whether none is left."""
        ...

    def forget(self, key: CampaignKey) -> None:
        """Remove the record of a campaign that is being deleted, and its place in the tenant's list. Its id and its
        idempotency key stay taken: neither ever makes another campaign. Also where the record is gone already."""
        ...


class PostStore(Protocol):
    def plan(
        self, key: CampaignKey, posts: Sequence[Post], batches: Sequence[Batch], there: Collection[PostId] = ()
    ) -> None:
        """Store what does not exist yet; the rest is not changed. ``there``: posts that are known to exist, and are not
        sent."""

    def get(self, key: CampaignKey, post_id: PostId) -> Post: ...

    def get_many(self, key: CampaignKey, post_ids: Sequence[PostId]) -> list[Post]:
        """Read consistently, in the given order; unknown ids are omitted. Everything from the first to the last of them
        is read, so ask for adjacent posts: a batch, a page."""
        ...

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Post]:
        """In plan order."""
        ...

    def claim(self, key: CampaignKey, batch_id: int, claim: Claim) -> bool:
        """Claim the unwritten posts of a batch; returns whether that succeeded. It fails while another claim is valid
        or if there is no such batch. An owner's next attempt takes over; a repeated claim succeeds."""
        ...

    def claims(self, key: CampaignKey) -> dict[int, Claim]:
        """By batch, including expired ones. Read consistently."""
        ...

    def finish(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        """Store written (or failed) posts, each only if its version is unchanged; returns those stored."""
        ...

    def reopen(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        """Failed posts back to ``planned``, each only if its version is unchanged; returns those changed."""
        ...

    def release(self, key: CampaignKey, batch_id: int, claim: Claim) -> None:
        """Release the batch, unless it is held by another ``claim`` by now."""
        ...

    def revise(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        """Make posts ``planned`` again with the ``revision`` they carry, without a text, if unchanged; releases the
        batch."""
        ...

    def edit(self, key: CampaignKey, post: Post) -> Post:
        """Store what a person changed of a post whose version is still the one given: text, time, whether it goes out.

        Raises ``ConcurrentUpdateError``.
        """
        ...

    def progress(self, key: CampaignKey) -> PostCounts:
        """Counts from the batches' own tallies: cheap, and may lack the batches in progress."""
        ...

    def count(self, key: CampaignKey) -> PostCounts:
        """Counts from the posts themselves, read consistently: exact, but reads every post."""
        ...


class CatalogStore(Protocol):
    """What a tenant maintains: settings, brands and personas. ``get_*`` returns ``None`` if there is none."""

    def get_settings(self, tenant_id: TenantId) -> TenantSettings:
        """Version 0 with all defaults if none were stored."""
        ...

    def put_settings(self, tenant_id: TenantId, config: TenantConfig) -> TenantSettings: ...

    def find(
        self, tenant_id: TenantId, brand_id: BrandId, persona_ids: Sequence[PersonaId]
    ) -> tuple[Brand | None, dict[PersonaId, Persona]]:
        """A brand and the existing ones of the personas, in one request."""
        ...

    def brands(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Brand]:
        """By id. Raises ``InvalidInputError`` for a cursor that is not one of ours."""
        ...

    def personas(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Persona]: ...

    def get_brand(self, tenant_id: TenantId, brand_id: BrandId) -> Brand | None: ...

    def put_brand(self, tenant_id: TenantId, brand_id: BrandId, config: BrandConfig) -> Brand:
        """Store a new version and return it."""
        ...

    def delete_brand(self, tenant_id: TenantId, brand_id: BrandId) -> None:
        """Raises ``NotFoundError``."""
        ...

    def get_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> Persona | None: ...

    def put_persona(self, tenant_id: TenantId, persona_id: PersonaId, config: PersonaConfig) -> Persona: ...

    def delete_persona(self, tenant_id: TenantId, persona_id: PersonaId) -> None: ...


class CheckpointStore(Protocol):
    def begin(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        """Store the beginning of an attempt, unless the attempt has a checkpoint already."""
        ...

    def record(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        """Store how an attempt ended: completes what ``begin`` stored, and keeps the effect that was recorded on it.
        The first end is kept; a later one of the same attempt is from a duplicate delivery and is ignored."""
        ...

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Checkpoint]:
        """In the order in which states were entered. Raises ``InvalidInputError`` for an invalid cursor."""
        ...

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        """Oldest first."""
        ...


class EffectStore(Protocol):
    """``put`` replaces the effect of the same kind and name; ``all`` returns the oldest first."""

    def put(self, key: CampaignKey, effect: Effect) -> None: ...

    def all(self, key: CampaignKey) -> list[Effect]: ...


class ActiveCampaigns(Protocol):
    def get(self, key: CampaignKey) -> ActiveCampaign | None: ...

    def look_at(self, entry: ActiveCampaign, due_at: datetime, now: datetime) -> None:
        """Make the campaign due at ``due_at`` instead of its previous time; keeps the entry's other fields."""
        ...

    def remove(self, key: CampaignKey) -> None: ...

    def listed(self, shard: int, limit: int) -> list[CampaignKey]:
        """Up to ``limit`` campaigns from a shard's part of the list that version 0.3 and earlier kept instead of the
        index."""
        ...

    def forget_listed(self, key: CampaignKey) -> None: ...


class DueIndex(Protocol):
    def due(self, kind: Kind, shard: int, until: datetime | None) -> Iterator[DueEntry]:
        """The entries whose time is ``until`` or earlier (``None``: all), oldest first, read lazily."""
        ...

    def put(self, entry: DueEntry) -> None:
        """An entry of the same record and time is replaced."""
        ...

    def remove(self, entry: DueEntry) -> None:
        """Does nothing if it was put again after it was read."""
        ...


class Limits(NamedTuple):
    """The limits of one tenant."""

    campaigns: int
    model_calls: int


class Promises(Protocol):
    """The model calls that are reserved for a tenant's campaigns."""

    def make(self, key: CampaignKey, calls: int, limits: Limits) -> bool:
        """Reserve ``calls`` for a campaign if both limits allow it; an existing reservation is kept. Returns whether
        there is one."""
        ...

    def made(self, tenant_id: TenantId) -> Mapping[CampaignId, int]: ...

    def forget(self, key: CampaignKey, calls: int) -> None:
        """Cancel a reservation of that many calls, if there is one."""
        ...
