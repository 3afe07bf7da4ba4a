"""Configuration of a function, read once from its environment and validated.

Each port that needs settings has a class for them here, which ``lambdas/bootstrap.py`` asks for. The settings class of
a function inherits from those of the ports it uses.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

SettingsT = TypeVar("SettingsT", bound="Settings")


class Settings(BaseModel):
    """Fields are read from environment variables of the same name in upper case."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    state_limit_bytes: int = 32 * 1024
    """``STATE_LIMIT_BYTES``: maximum size of a step's input and output. Step Functions' own limit is eight times as
    large."""


class TableSettings(Settings):
    """The name of the DynamoDB table."""

    table_name: str


class BucketSettings(Settings):
    """The bucket with the map's items and with the texts that campaigns must not repeat."""

    manifest_bucket: str


class EngineSettings(Settings):
    """The state machine BUILD."""

    build_state_machine_arn: str


class AlertSettings(Settings):
    """The SNS topic for alerts."""

    alert_topic_arn: str


class LinkSettings(Settings):
    """What is needed to make a reviewer's link: the secret with the signing keys, and the parameter with the public
    URL."""

    approval_keys_secret: str
    approval_base_url_parameter: str


class MailSettings(Settings):
    """Who mails come from."""

    sender_email: str
    configuration_set: str


class InviteSettings(LinkSettings, MailSettings):
    """Who links are mailed by, and where Slack is."""

    slack_secret_prefix: str
    slack_api_url: str = "https://slack.com/api"


class SealSettings(Settings):
    """The KMS key that encrypts task tokens. Decrypting needs no setting, only the permission."""

    token_key_id: str


class CallerSettings(Settings):
    """The secret with the keys of API tokens."""

    api_keys_secret: str


class QuotaSettings(Settings):
    """How much a tenant may use at once; ``stacks.options`` has the defaults of a deployment."""

    tenant_campaigns: int = 200
    tenant_model_calls: int = 4_000


class SettingsError(RuntimeError):
    """The function was deployed without an environment variable that it needs. This is a deployment error, so nothing
    retries it."""


def parse_settings(model: type[SettingsT], environment: Mapping[str, str]) -> SettingsT:
    names = {name: name.upper() for name in model.model_fields}
    present = {name: environment[variable] for name, variable in names.items() if environment.get(variable)}
    try:
        return model.model_validate(present)
    except ValidationError as error:
        wrong = ", ".join(names[str(detail["loc"][0])] for detail in error.errors(include_input=False))
        raise SettingsError(f"missing or malformed environment variables: {wrong}") from None


@cache
def settings(model: type[SettingsT]) -> SettingsT:
    """The settings of this process."""
    return parse_settings(model, os.environ)
