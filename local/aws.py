"""boto3 clients of the local stack, and of the account of your credentials."""

from typing import Any

import boto3
from botocore.config import Config

from local.emulator.config import REGION, ROOT_ACCESS_KEY

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=60)


def session() -> boto3.session.Session:
    """A session of the local account's root, whatever profile the environment names."""
    return boto3.session.Session(
        aws_access_key_id=ROOT_ACCESS_KEY, aws_secret_access_key=ROOT_ACCESS_KEY, region_name=REGION
    )


def client(service: str, endpoint_url: str) -> Any:
    config = _CONFIG
    if service == "s3":
        config = _CONFIG.merge(Config(s3={"addressing_style": "path"}))
    return session().client(service, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]  # the name is dynamic


def account_client(service: str, region: str | None = None) -> Any:
    """A client with the credentials of your environment; ``region`` is theirs where none is given."""
    return boto3.session.Session(region_name=region).client(service, config=_CONFIG)  # type: ignore[call-overload]  # the name is dynamic
