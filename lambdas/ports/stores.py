"""What the services need from the outside, as small Protocols. ``tests/contract`` runs on AWS's form and the fake."""

# The Protocols name the models in their signatures only: who needs a clock does not load the campaign's models.
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
    """What an ``Idempotency-Key`` stood for when it was first seen."""

    key: str
    body_hash: str
    campaign_id: CampaignId


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware and in UTC."""
        ...


class IdSource(Protocol):
    def ulid(self) -> str: ...

    def nonce(self) -> str:
        """128 random bits, hexadecimal."""
        ...


class CampaignStore(Protocol):
    def create(self, campaign: Campaign, idempotency: IdempotencyRecord | None = None) -> None:
        """Store a new campaign, its place in the tenant's list and its idempotency record, all or nothing.

        Raises ``ConflictError`` when the id or the idempotency key is taken.
        """
        ...

    def owner_of(self, campaign_id: CampaignId) -> TenantId | None:
        """Whose campaign it is; ``None`` when there is none of that id. Read consistently."""
        ...

    def find_idempotent(self, tenant_id: TenantId, key: str) -> IdempotencyRecord | None: ...

    def remember(self, tenant_id: TenantId, idempotency: IdempotencyRecord, at: datetime) -> None:
        """Let a key stand for a campaign that is there already; a key that is taken stays as it is."""

    def get(self, key: CampaignKey) -> Campaign:
        """Read consistently, without its configuration; raises ``NotFoundError``."""

    def get_configured(self, key: CampaignKey) -> Campaign:
        """The same with its configuration, if it has one yet, in one request."""

    def page(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Campaign]:
        """Newest first, without records that this version cannot read, which are logged. Raises ``InvalidInputError``
        for a cursor that is not one of ours."""

    def update(
        self,
        key: CampaignKey,
        *,
        expected: Sequence[CampaignStatus],
        of_execution: str | None = None,
        at: datetime,
        **changes: Unpack[CampaignChanges],
    ) -> Campaign:
        """Change the named fields if the status is one of ``expected``, and answer the new record.

        Raises ``NotFoundError``, ``ConflictError`` with ``details['status']`` when the status is another, and
        ``ConcurrentUpdateError`` when the execution on record (none: the first) is another than ``of_execution``.
        """

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
        """``update`` without an answer, which takes a request less in a step.

        ``result`` is what the step answers after this, its last write: its checkpoint gets its end together with it.
        """


class PostStore(Protocol):
    def plan(
        self, key: CampaignKey, posts: Sequence[Post], batches: Sequence[Batch], there: Collection[PostId] = ()
    ) -> None:
        """Store what is not there yet; the rest stays as it is. ``there``: posts that were found, and are not sent."""

    def get(self, key: CampaignKey, post_id: PostId) -> Post: ...

    def get_many(self, key: CampaignKey, post_ids: Sequence[PostId]) -> list[Post]:
        """Read consistently, in the order asked for; ids that do not exist are left out.

        Everything from the first to the last of them is read, so ask for neighbours: a batch, a page.
        """
        ...

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Post]:
        """In plan order."""
        ...

    def claim(self, key: CampaignKey, batch_id: int, claim: Claim) -> bool:
        """Hold the unwritten posts of a batch under ``claim``; answers whether they are: not while another's claim is
        valid, and not when there is no such batch. An owner's next attempt takes over from its last one, and the same
        claim again holds as before.
        """
        ...

    def claims(self, key: CampaignKey) -> dict[int, Claim]:
        """By batch, also those that have lapsed. Read consistently."""
        ...

    def finish(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        """Store written (or failed) posts, each only if its version is still the one given; answers those stored."""
        ...

    def reopen(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        """Failed posts back to ``planned``, each only if its version is still the one given; answers those changed."""
        ...

    def release(self, key: CampaignKey, batch_id: int, claim: Claim) -> None:
        """Nobody holds the batch any longer, unless it is held by another ``claim`` by now."""
        ...

    def revise(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        """Make posts ``planned`` again with the ``revision`` they carry and without a text, each only if its version
        is still the one given; answers those changed. Nobody holds the batch from then on.
        """
        ...

    def edit(self, key: CampaignKey, post: Post) -> Post:
        """Store ``content``, ``provenance`` and ``edit`` of a post whose version is still the one given.

        Raises ``ConcurrentUpdateError``.
        """
        ...

    def progress(self, key: CampaignKey) -> PostCounts:
        """Counts from the batches' own tallies: cheap, and behind by at most the batches in flight."""
        ...

    def count(self, key: CampaignKey) -> PostCounts:
        """Counts from the posts themselves, read consistently: exact, and reads every post."""
        ...


class CatalogStore(Protocol):
    """What a tenant maintains: its settings, brands and personas. ``get_*`` answers ``None`` when there is none."""

    def get_settings(self, tenant_id: TenantId) -> TenantSettings:
        """Version 0, with every default, where none were stored."""
        ...

    def put_settings(self, tenant_id: TenantId, config: TenantConfig) -> TenantSettings: ...

    def find(
        self, tenant_id: TenantId, brand_id: BrandId, persona_ids: Sequence[PersonaId]
    ) -> tuple[Brand | None, dict[PersonaId, Persona]]:
        """A brand and those of the personas that there are, in one request."""
        ...

    def get_brand(self, tenant_id: TenantId, brand_id: BrandId) -> Brand | None: ...

    def put_brand(self, tenant_id: TenantId, brand_id: BrandId, config: BrandConfig) -> Brand:
        """Store a new version and answer it."""
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
        """Store how an attempt ended: it completes what ``begin`` stored, and keeps the effect that was marked on it.

        The first end stays. What comes later of the same attempt of the same step in the same execution is a
        duplicate, to which nobody listens any more.
        """
        ...

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Checkpoint]:
        """In the order in which states were entered. Raises ``InvalidInputError`` for a cursor of somebody else's."""
        ...

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        """Oldest first."""
        ...


class EffectStore(Protocol):
    """``put`` replaces the effect of the same kind and name; ``all`` answers the oldest first."""

    def put(self, key: CampaignKey, effect: Effect) -> None: ...

    def all(self, key: CampaignKey) -> list[Effect]: ...


class ActiveCampaigns(Protocol):
    def get(self, key: CampaignKey) -> ActiveCampaign | None: ...

    def look_at(self, entry: ActiveCampaign, due_at: datetime, now: datetime) -> None:
        """Have the campaign looked at at ``due_at`` and not at the time of before; keeps the entry's other fields."""
        ...

    def remove(self, key: CampaignKey) -> None: ...

    def listed(self, shard: int, limit: int) -> list[CampaignKey]:
        """Up to ``limit`` of a shard's share of the list that version 0.3 and earlier kept in place of the index."""
        ...

    def forget_listed(self, key: CampaignKey) -> None: ...


class DueIndex(Protocol):
    def due(self, kind: Kind, shard: int, until: datetime | None) -> Iterator[DueEntry]:
        """The entries whose time is ``until`` or earlier (``None``: all), oldest first, read as they are asked for."""
        ...

    def put(self, entry: DueEntry) -> None:
        """An entry of the same record and time is replaced."""
        ...

    def remove(self, entry: DueEntry) -> None:
        """Unless it was put again after it was read."""
        ...


class Limits(NamedTuple):
    """Of one tenant."""

    campaigns: int
    model_calls: int


class Promises(Protocol):
    """What a tenant's campaigns were promised: model calls by campaign."""

    def make(self, key: CampaignKey, calls: int, limits: Limits) -> bool:
        """Promise a campaign ``calls`` if both limits allow it; one that has a promise keeps it. Whether it has one."""
        ...

    def made(self, tenant_id: TenantId) -> Mapping[CampaignId, int]: ...

    def forget(self, key: CampaignKey, calls: int) -> None:
        """Take a promise of so many calls back; nothing when there is none."""
        ...
