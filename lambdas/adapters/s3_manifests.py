"""The map's items as an object in S3. Action on the bucket: ``s3:PutObject``."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lambdas.adapters.aws import translate_errors
from lambdas.core.ids import CampaignKey
from lambdas.core.models.post import Batch
from lambdas.core.models.workflow import ManifestLocation

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def manifest_name(key: CampaignKey, revision: int) -> str:
    """A late repeat of an earlier plan must not replace what the map of a revision reads."""
    file = f"revision-{revision}.json" if revision else "batches.json"
    return f"tenants/{key.tenant_id}/campaigns/{key.campaign_id}/{file}"


class S3Manifests:
    """Encryption is the bucket's default."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @translate_errors()
    def write(self, key: CampaignKey, batches: Sequence[Batch], revision: int = 0) -> ManifestLocation:
        name = manifest_name(key, revision)
        body = json.dumps([batch.to_wire() for batch in batches], separators=(",", ":")).encode()
        self._client.put_object(Bucket=self._bucket, Key=name, Body=body, ContentType="application/json")
        return ManifestLocation(bucket=self._bucket, key=name)
