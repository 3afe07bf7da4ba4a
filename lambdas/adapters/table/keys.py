"""The keys of the one table. Everything of a campaign is one partition; a tenant's own things are another.

=========================================  =====================================================  =================
PK                                         SK                                                     item
=========================================  =====================================================  =================
``TENANT#<tenant>#CAMPAIGN#<campaign>``    ``CAMPAIGN``                                           the record
same                                       ``CAMPAIGN#CONFIGURATION``                             its brand, personas
same                                       ``POST#<post>``                                        a post, plan order
same                                       ``BATCH#<00000>``                                      a batch's tally
same                                       ``CHECKPOINT#<entered>#<execution>#<step>#<attempt>``  a step's attempt
same                                       ``APPROVAL#<callback>``                                a request
same                                       ``VOTE#<callback>#<vote>#<000>``                        what a reviewer said
same                                       ``BESIDE#<callback>``                                   of an older request
same                                       ``EFFECT#<kind>#<name>``                               something made outside
same                                       ``NEWS#<about>#<00>``                                  a mail about it
same                                       ``ACTIVE``                                             when to look after it
``CAMPAIGN#<campaign>``                    ``OWNER``                                              whose the id is
``TENANT#<tenant>``                        ``CAMPAIGN#<campaign>``                                place in the list
same                                       ``BRAND#<brand>``, ``PERSONA#<persona>``               catalog
same                                       ``SETTINGS``                                           the tenant's
same                                       ``PROMISES``                                           of room to build
same                                       ``IDEMPOTENCY#<sha256 of the key>``                    expires by TTL
``OPEN_APPROVALS#<0..3>``                  ``<callback>``                                         older versions' index
``DUE#<kind>#<0..3>``                      ``<time>#<tenant>#<campaign>[#<id>]``                  look at it then
=========================================  =====================================================  =================

There is no index: a campaign's list place never changes, and what does change is read from its record.
"""

import hashlib
from datetime import datetime

from lambdas.domain.ids import BrandId, CallbackId, CampaignId, CampaignKey, PersonaId, PostId, TenantId
from lambdas.domain.models.base import iso
from lambdas.domain.models.checkpoint import Checkpoint
from lambdas.ports.table import PK as PK
from lambdas.ports.table import SK as SK
from lambdas.ports.table import ItemKey as ItemKey

EXPIRES_AT = "expiresAt"
"""The table's TTL attribute: seconds since 1970. An approval has a field of that name, which is text and so no TTL."""

POSTS = "POST#"
BATCHES = "BATCH#"
CHECKPOINTS = "CHECKPOINT#"
APPROVALS = "APPROVAL#"
VOTES = "VOTE#"
EFFECTS = "EFFECT#"
NEWS = "NEWS#"
CAMPAIGNS = "CAMPAIGN#"
BRANDS = "BRAND#"
PERSONAS = "PERSONA#"
OPEN_APPROVALS = "OPEN_APPROVALS#"
OPEN_APPROVALS_SHARDS = 4
THIS_ERA = "0"
"""Every ULID until the year 3084 begins with it; a key condition accepts no empty prefix."""


def tenant_partition(tenant_id: TenantId) -> str:
    return f"TENANT#{tenant_id}"


def campaign_partition(key: CampaignKey) -> str:
    return f"TENANT#{key.tenant_id}#CAMPAIGN#{key.campaign_id}"


def owner(campaign_id: CampaignId) -> ItemKey:
    """Executions are identified by the campaign's id alone, so an id belongs to one tenant only."""
    return ItemKey(f"CAMPAIGN#{campaign_id}", "OWNER")


def campaign(key: CampaignKey) -> ItemKey:
    return ItemKey(campaign_partition(key), "CAMPAIGN")


def configuration(key: CampaignKey) -> ItemKey:
    """Sorts directly after the record, so that one query with few read units returns both."""
    return ItemKey(campaign_partition(key), "CAMPAIGN#CONFIGURATION")


def post(key: CampaignKey, post_id: PostId) -> ItemKey:
    return ItemKey(campaign_partition(key), f"{POSTS}{post_id}")


def batch(key: CampaignKey, batch_id: int) -> ItemKey:
    return ItemKey(campaign_partition(key), f"{BATCHES}{batch_id:05d}")


def checkpoint(key: CampaignKey, entry: Checkpoint) -> ItemKey:
    """Without the time at which the attempt began, which differs if the engine delivers the same attempt twice."""
    execution_name = entry.execution_arn.rsplit(":", 1)[-1]
    # Records of version 0.1 do not have the time of entry; they are sorted by execution, as before.
    entered = f"{iso(entry.entered_at)}#" if entry.entered_at else ""
    name = f"{entered}{execution_name}#{entry.step_name}#{entry.attempt:03d}"
    return ItemKey(campaign_partition(key), f"{CHECKPOINTS}{name}")


def approval(key: CampaignKey, callback_id: CallbackId) -> ItemKey:
    return ItemKey(campaign_partition(key), f"{APPROVALS}{callback_id}")


def beside_approval(key: CampaignKey, callback_id: CallbackId) -> ItemKey:
    """The part of a request's record that an execution of an older version could not read."""
    return ItemKey(campaign_partition(key), f"BESIDE#{callback_id}")


def effect(key: CampaignKey, kind: str, name: str) -> ItemKey:
    return ItemKey(campaign_partition(key), f"{EFFECTS}{kind}#{name}")


def news(key: CampaignKey, about: str, number: int) -> ItemKey:
    """The mail to one of those who are told: which of them they are, and not their address."""
    return ItemKey(campaign_partition(key), f"{NEWS}{about}#{number:02d}")


def words_prefix(callback_id: CallbackId) -> str:
    return f"{VOTES}{callback_id}#"


def words(key: CampaignKey, callback_id: CallbackId, vote_id: str, part: int) -> ItemKey:
    return ItemKey(campaign_partition(key), f"{words_prefix(callback_id)}{vote_id}#{part:03d}")


def open_approvals_partition(shard: int) -> str:
    return f"{OPEN_APPROVALS}{shard}"


def listed(tenant_id: TenantId, campaign_id: CampaignId) -> ItemKey:
    return ItemKey(tenant_partition(tenant_id), f"{CAMPAIGNS}{campaign_id}")


def brand(tenant_id: TenantId, brand_id: BrandId) -> ItemKey:
    return ItemKey(tenant_partition(tenant_id), f"{BRANDS}{brand_id}")


def persona(tenant_id: TenantId, persona_id: PersonaId) -> ItemKey:
    return ItemKey(tenant_partition(tenant_id), f"{PERSONAS}{persona_id}")


def settings(tenant_id: TenantId) -> ItemKey:
    return ItemKey(tenant_partition(tenant_id), "SETTINGS")


def promises(tenant_id: TenantId) -> ItemKey:
    return ItemKey(tenant_partition(tenant_id), "PROMISES")


def idempotency(tenant_id: TenantId, idempotency_key: str) -> ItemKey:
    """Hashed, because callers choose the key: it may have any length and any characters."""
    return ItemKey(tenant_partition(tenant_id), f"IDEMPOTENCY#{hashlib.sha256(idempotency_key.encode()).hexdigest()}")


def active(key: CampaignKey) -> ItemKey:
    return ItemKey(campaign_partition(key), "ACTIVE")


ACTIVE_LISTS = 8
"""Partitions of the list of active campaigns that version 0.3 and earlier kept; read to take it over."""


def active_list(number: int) -> str:
    return f"ACTIVE#{number}"


def listed_active(key: CampaignKey) -> ItemKey:
    number = hashlib.sha256(key.campaign_id.encode()).digest()[0] % ACTIVE_LISTS
    return ItemKey(active_list(number), f"{CAMPAIGNS}{key.tenant_id}#{key.campaign_id}")


def due_partition(kind: str, shard: int) -> str:
    return f"DUE#{kind}#{shard}"


def due(kind: str, shard: int, at: datetime, key: CampaignKey, item: str) -> ItemKey:
    """``item`` is the id of a record within the campaign, or empty."""
    place = "#".join((iso(at), *key, item) if item else (iso(at), *key))
    return ItemKey(due_partition(kind, shard), place)
