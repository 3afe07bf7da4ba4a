"""Files of the cloud assembly that CloudFormation expects in S3: code, layers, templates."""

import json
import os
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.emulator.config import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: archives of the same files are the same bytes."""


@dataclass(frozen=True)
class FileAsset:
    source: Path
    zipped: bool
    bucket: str
    key: str


def read_manifest(manifest: Path) -> list[FileAsset]:
    """The file assets of a stack's ``<stack>.assets.json``."""
    return [
        FileAsset(
            source=manifest.parent / entry["source"]["path"],
            zipped=entry["source"].get("packaging") == "zip",
            bucket=resolve(destination["bucketName"]),
            key=resolve(destination["objectKey"]),
        )
        for entry in json.loads(manifest.read_text())["files"].values()
        for destination in entry["destinations"].values()
    ]


def publish(s3: "S3Client", assets: list[FileAsset], cache: Path) -> None:
    """Put into S3 what is not there yet; keys are hashes of the content. Archives are kept in ``cache``."""
    for bucket in sorted({asset.bucket for asset in assets}):
        present = _keys(s3, bucket)
        for asset in assets:
            if asset.bucket == bucket and asset.key not in present:
                file = zipped(asset.source, cache / Path(asset.key).name) if asset.zipped else asset.source
                s3.put_object(Bucket=bucket, Key=asset.key, Body=file.read_bytes())


def zipped(directory: Path, archive: Path) -> Path:
    """``directory`` as an archive that depends on nothing but names, contents and the executable bit."""
    if archive.is_file():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=archive.parent)
    # Compressing lightly is the quickest way into and out of the emulator.
    with (
        os.fdopen(handle, "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened,
    ):
        for path in sorted(p for p in directory.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _EPOCH)
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(entry, path.read_bytes(), compresslevel=1)
    Path(scratch).replace(archive)
    return archive


def _keys(s3: "S3Client", bucket: str) -> set[str]:
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        s3.create_bucket(Bucket=bucket)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def resolve(text: str) -> str:
    """``text`` with CloudFormation's placeholders filled in for the local account."""
    for name, value in (("AccountId", ACCOUNT_ID), ("Region", REGION), ("Partition", "aws")):
        text = text.replace(f"${{AWS::{name}}}", value)
    return text
