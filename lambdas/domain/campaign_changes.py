"""The fields of a campaign's record that may be changed after it was created."""

from datetime import datetime
from typing import Any, TypedDict

from lambdas.domain.models.base import Model, iso
from lambdas.domain.models.brand import Configuration
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Failure, PostCounts


class OtherChanges(TypedDict, total=False):
    """All except the status. A field that is not named is not changed; ``None`` removes it."""

    execution_arn: str
    configuration: Configuration | None
    counts: PostCounts
    error: Failure | None
    revision: int
    needs_person: int
    content_hash: str
    approved_content_hash: str | None
    stopped_by: str
    removed_from: datetime


class CampaignChanges(OtherChanges, total=False):
    status: CampaignStatus


def on_the_record(changes: CampaignChanges, at: datetime) -> dict[str, Any]:
    """The changes in stored form: camelCase, plain JSON types, ``None`` for fields that are removed.

    The configuration is an item of its own; the record has the time at which it was stored. Without that time, an item
    that may still exist is ignored, and SaveCampaign writes it anew.
    """
    wire: dict[str, Any] = {"updatedAt": iso(at)}
    for name, value in changes.items():
        if name == "configuration":
            wire["configuredAt"] = iso(at) if value else None
            if value is None:
                wire["configuration"] = None  # where version 0.3 and older stored it
            continue
        field = Campaign.model_fields[name].alias
        wire[field or name] = _stored(value)
    return wire


def _stored(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_record()
    return iso(value) if isinstance(value, datetime) else value
