"""Configuration of a function: one closed model per function, read once from its environment.

What a port needs to be made is a model of its own here (``lambdas/bootstrap.py`` asks for it), and a function's model
inherits from those of the ports it works with.
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
    """``STATE_LIMIT_BYTES``: what a step's input and its output may have. The engine's limit is eight times that."""


class TableSettings(Settings):
    """The one table."""

    table_name: str


class BucketSettings(Settings):
    """Where the map's items are, and what campaigns must not repeat."""

    manifest_bucket: str


class EngineSettings(Settings):
    """What BUILD is called."""

    build_state_machine_arn: str


class AlertSettings(Settings):
    """Where people are told that a campaign needs them."""

    alert_topic_arn: str


class LinkSettings(Settings):
    """What a reviewer's link is made of: the secret with the signing keys, and the parameter with the public URL."""

    approval_keys_secret: str
    approval_base_url_parameter: str


class InviteSettings(LinkSettings):
    """Who mails come from, and where Slack is."""

    sender_email: str
    configuration_set: str
    slack_secret_prefix: str
    slack_api_url: str = "https://slack.com/api"


class SealSettings(Settings):
    """With which key a task token is sealed; any holder of the right may open it."""

    token_key_id: str


class CallerSettings(Settings):
    """Where the keys of API tokens are."""

    api_keys_secret: str


class QuotaSettings(Settings):
    """What a tenant may use at once; ``stacks.options`` has the defaults of a deployment."""

    tenant_campaigns: int = 200
    tenant_model_calls: int = 4_000


class SettingsError(RuntimeError):
    """The function was deployed without a variable it needs. A deployment mistake, so nothing retries it."""


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
