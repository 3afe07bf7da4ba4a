"""Texts that campaigns must not repeat: one object for each tenant, and each campaign's copy beside its manifest.

Actions on the bucket: below ``recent-texts/`` ``s3:GetObject`` and ``s3:ListBucket`` (of_tenant, add, forget)
and ``s3:PutObject`` (add, forget); below ``tenants/`` ``s3:PutObject`` (put), ``s3:GetObject`` and ``s3:ListBucket``
(get) and ``s3:DeleteObject`` (remove).
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.adapters.system import SystemTimer
from lambdas.domain.errors import ConcurrentUpdateError
from lambdas.domain.ids import CampaignKey, TenantId
from lambdas.domain.models.base import canonical
from lambdas.domain.models.recent import RecentCampaigns
from lambdas.ports.objects import CampaignTexts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REMEMBERED = 8
"""Campaigns kept in memory: a worker serves a few at a time, and the texts of each take up to a megabyte."""
ATTEMPTS = 8
"""Attempts to add to a tenant's texts; they take about two seconds on average and five at most."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
"""Seconds, doubled from the first to the last. The pause is a random part of it, so that writers do not collide
again."""
_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
"""Another writer was faster: the object changed (412), is being changed (409) or was deleted (404). Read it and try
again (docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)."""


def _pause(seconds: float) -> None:
    timer = SystemTimer()
    timer.sleep(timer.any_up_to(seconds))


class S3RecentTexts:
    """Encryption is the bucket's default. ``pause`` waits for up to the given seconds."""

    def __init__(self, client: "S3Client", bucket: str, pause: Callable[[float], None] = _pause) -> None:
        self._client = client
        self._bucket = bucket
        self._pause = pause

    @translate_errors()
    def of_tenant(self, tenant_id: TenantId) -> RecentCampaigns:
        return self._tenants(tenant_id)[0]

    def add(self, key: CampaignKey, texts: Sequence[str]) -> None:
        self._change(key.tenant_id, lambda before: before.added(key.campaign_id, texts))

    def forget(self, key: CampaignKey) -> None:
        self._change(key.tenant_id, lambda before: before.without(key.campaign_id))

    @translate_errors()
    def _change(self, tenant_id: TenantId, change: Callable[[RecentCampaigns], RecentCampaigns]) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                self._pause(min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE))
            before, etag = self._tenants(tenant_id)
            after = change(before)
            if after == before or self._replaced(tenant_id, after, etag):
                return
        raise ConcurrentUpdateError(f"the tenant's recent texts changed at each of {ATTEMPTS} attempts")

    def _tenants(self, tenant_id: TenantId) -> tuple[RecentCampaigns, str | None]:
        """With the object's ETag; ``None`` if there is none. Reads are strongly consistent
        (docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html)."""
        found = self._read(tenant_name(tenant_id))
        return (RecentCampaigns.from_record(json.loads(found[0])), found[1]) if found else (RecentCampaigns(), None)

    def _replaced(self, tenant_id: TenantId, texts: RecentCampaigns, etag: str | None) -> bool:
        """Whether the object was still the one that was read. The condition needs ``s3:GetObject`` as well."""
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            self._put(tenant_name(tenant_id), canonical(texts.to_record()), **condition)
        except ClientError as error:
            if error_code(error) in _LOST:
                return False
            raise
        return True

    @translate_errors()
    def put(self, key: CampaignKey, texts: Sequence[str]) -> None:
        self._put(_name(key), canonical(list(texts)))

    def _put(self, name: str, body: bytes, **condition: str) -> None:
        put: Any = self._client.put_object  # its type has each parameter by name
        put(Bucket=self._bucket, Key=name, Body=body, ContentType="application/json", **condition)

    @translate_errors()
    def get(self, key: CampaignKey) -> tuple[str, ...]:
        found = self._read(_name(key))
        return tuple(json.loads(found[0])) if found else ()

    def _read(self, name: str) -> tuple[bytes, str] | None:
        """Body and ETag of an object; ``None`` if there is none."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=name)
        except ClientError as error:
            if error_code(error) == "NoSuchKey" or (error_code(error) == "AccessDenied" and not self._listed(name)):
                return None
            raise
        return found["Body"].read(), found["ETag"]

    def _listed(self, name: str) -> bool:
        """Whether the object exists.

        S3 answers 404 only to callers that may list the bucket, and 403 to all others
        (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html). Whether a permission to list that is limited to a
        prefix is enough for that is not documented. So a 403 is checked with a list request that names its prefix. If
        the caller may not list either, the 403 is raised.
        """
        found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=name, MaxKeys=1)
        return any(item.get("Key") == name for item in found.get("Contents", []))

    @translate_errors()
    def remove(self, key: CampaignKey) -> None:
        """S3 reports success for an object that does not exist."""
        self._client.delete_object(Bucket=self._bucket, Key=_name(key))


def tenant_name(tenant_id: TenantId) -> str:
    """Not below ``tenants/``: objects there expire after a month, and Compensate may delete them."""
    return f"recent-texts/{tenant_id}.json"


def _name(key: CampaignKey) -> str:
    return f"tenants/{key.tenant_id}/campaigns/{key.campaign_id}/recent-texts.json"


class RememberedTexts:
    """A wrapper for a process that reads a campaign's texts once.

    For steps that write posts: once posts are being written, a campaign's texts no longer change.
    """

    def __init__(self, texts: CampaignTexts) -> None:
        self._get = lru_cache(maxsize=_REMEMBERED)(texts.get)

    def get(self, key: CampaignKey) -> tuple[str, ...]:
        return self._get(key)
