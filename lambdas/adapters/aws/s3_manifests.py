"""The map's items as an object in S3. Actions on the bucket: ``s3:PutObject`` (write), ``DeleteObject`` (remove)."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lambdas.adapters.aws.clients import translate_errors
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.post import Batch
from lambdas.domain.models.workflow import ManifestLocation

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def manifest_name(key: CampaignKey, revision: int) -> str:
    """A late repeat of an earlier plan must not overwrite the manifest of a revision."""
    file = f"revision-{revision}.json" if revision else "batches.json"
    return f"tenants/{key.tenant_id}/campaigns/{key.campaign_id}/{file}"


class S3Manifests:
    """Encryption is the bucket's default."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def locate(self, key: CampaignKey, revision: int = 0) -> ManifestLocation:
        return ManifestLocation(bucket=self._bucket, key=manifest_name(key, revision))

    @translate_errors()
    def write(self, key: CampaignKey, batches: Sequence[Batch], revision: int = 0) -> ManifestLocation:
        place = self.locate(key, revision)
        body = json.dumps([batch.to_wire() for batch in batches], separators=(",", ":")).encode()
        self._client.put_object(Bucket=place.bucket, Key=place.key, Body=body, ContentType="application/json")
        return place

    @translate_errors()
    def remove(self, location: ManifestLocation) -> None:
        """S3 reports success for an object that does not exist."""
        self._client.delete_object(Bucket=location.bucket, Key=location.key)
