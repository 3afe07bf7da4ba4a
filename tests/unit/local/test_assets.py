"""Archives are the same for the same files, and S3 gets what it does not have."""

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.deploy import publish, read_manifest, zipped


@pytest.fixture
def code(tmp_path: Path) -> Path:
    directory = tmp_path / "code"
    (directory / "package" / "__pycache__").mkdir(parents=True)
    (directory / "package" / "module.py").write_text("value = 1")
    (directory / "package" / "__pycache__" / "module.pyc").write_text("compiled")
    (directory / "run.sh").write_text("#!/bin/sh")
    (directory / "run.sh").chmod(0o755)
    return directory


def test_an_archive_depends_on_the_content_only(code: Path, tmp_path: Path) -> None:
    first = zipped(code, tmp_path / "out" / "first.zip")
    os.utime(code / "run.sh", (1, 1))
    second = zipped(code, tmp_path / "out" / "second.zip")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == ["package/module.py", "run.sh"]
        assert archive.getinfo("run.sh").external_attr >> 16 == 0o100755


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield boto3.client("s3", region_name="us-east-1")


def test_assets_are_published_once(code: Path, tmp_path: Path, s3: Any) -> None:
    manifest = tmp_path / "stack.assets.json"
    files = {
        key: {
            "source": {"path": path, "packaging": packaging},
            "destinations": {"here": {"bucketName": "assets-${AWS::AccountId}-${AWS::Region}", "objectKey": key}},
        }
        for key, path, packaging in (("code.zip", "code", "zip"), ("t.json", "stack.template.json", "file"))
    }
    manifest.write_text(json.dumps({"files": files}))
    (tmp_path / "stack.template.json").write_text("{}")
    assets = read_manifest(manifest)
    assert {asset.bucket for asset in assets} == {"assets-000000000000-us-east-1"}

    publish(s3, assets, tmp_path / "cache")
    written = s3.head_object(Bucket=assets[0].bucket, Key="code.zip")["LastModified"]
    assert s3.get_object(Bucket=assets[0].bucket, Key="t.json")["Body"].read() == b"{}"
    (tmp_path / "cache" / "code.zip").unlink()
    publish(s3, assets, tmp_path / "cache")
    assert s3.head_object(Bucket=assets[0].bucket, Key="code.zip")["LastModified"] == written
    assert not (tmp_path / "cache" / "code.zip").exists(), "what S3 has is not even archived again"
