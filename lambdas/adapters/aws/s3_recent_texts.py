"""Texts that a campaign must not repeat, as an object beside its manifest.

Actions on the bucket, each under ``tenants/``: ``s3:PutObject`` (put), ``s3:GetObject`` and ``s3:ListBucket`` (get) and
``s3:DeleteObject`` (remove).
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.domain.ids import CampaignKey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3RecentTexts:
    """Encryption is the bucket's default."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @translate_errors()
    def put(self, key: CampaignKey, texts: Sequence[str]) -> None:
        body = json.dumps(list(texts), ensure_ascii=False, separators=(",", ":")).encode()
        self._client.put_object(Bucket=self._bucket, Key=_name(key), Body=body, ContentType="application/json")

    @translate_errors()
    def get(self, key: CampaignKey) -> tuple[str, ...]:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_name(key))
        except ClientError as error:
            if error_code(error) == "NoSuchKey" or (error_code(error) == "AccessDenied" and not self._listed(key)):
                return ()
            raise
        return tuple(json.loads(found["Body"].read()))

    def _listed(self, key: CampaignKey) -> bool:
        """Whether the object is there.

        S3 says 404 only to those who may list the bucket, and 403 to all others
        (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html). Whether a right to list that is bound to a prefix
        counts for that is not documented, so a 403 is asked after: a list request names its prefix. To those who may
        not list either, the refusal comes through.
        """
        found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=_name(key), MaxKeys=1)
        return any(item.get("Key") == _name(key) for item in found.get("Contents", []))

    @translate_errors()
    def remove(self, key: CampaignKey) -> None:
        """Of an object that is not there, S3 says that it is removed."""
        self._client.delete_object(Bucket=self._bucket, Key=_name(key))


def _name(key: CampaignKey) -> str:
    return f"tenants/{key.tenant_id}/campaigns/{key.campaign_id}/recent-texts.json"
