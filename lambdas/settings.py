"""Configuration of a function: one closed model per function, read once from its environment."""

import os
from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

SettingsT = TypeVar("SettingsT", bound="Settings")


class Settings(BaseModel):
    """Fields are read from environment variables of the same name in upper case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state_limit_bytes: int = 32 * 1024
    """``STATE_LIMIT_BYTES``: what a step's input and its output may have. The engine's limit is eight times that."""


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
