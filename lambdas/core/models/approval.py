"""Approval: what a reviewer is asked, and what they answer."""

from enum import StrEnum
from typing import Annotated

from pydantic import EmailStr, Field, StringConstraints

from lambdas.core.ids import CallbackIdField, CampaignIdField, TaskToken, TenantIdField
from lambdas.core.models.base import Model, Moment
from lambdas.core.platforms import Platform


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    NEEDS_REVISION = "needs_revision"


class ApprovalStatus(StrEnum):
    PENDING = "PENDING"
    DECIDED = "DECIDED"
    CLOSED = "CLOSED"  # the workflow went on without a decision


class DecisionInput(Model):
    """Body of ``POST /campaigns/{id}/approve``; the page's form carries the same."""

    decision: Decision
    comments: Annotated[str, StringConstraints(max_length=5_000)] = ""
    callback_id: CallbackIdField
    content_hash: str | None = None


class CampaignSummary(Model):
    """What is put before the reviewer."""

    name: str
    total_posts: int
    completed_posts: int
    failed_posts: int
    platforms: tuple[Platform, ...]
    personas: tuple[str, ...]


class MadeDecision(Model):
    """A decision as recorded."""

    decision: Decision
    comments: str
    decided_by: str
    decided_at: Moment


class Reviewer(Model):
    """One reviewer and the hash of the nonce of their link."""

    email: EmailStr
    nonce_hash: str


class Approval(Model):
    """The record of a request for approval (``SK = APPROVAL#<callbackId>``).

    ``task_token`` resumes the workflow. It never leaves the server.
    """

    callback_id: CallbackIdField
    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    execution_id: str
    status: ApprovalStatus
    task_token: TaskToken
    reviewers: Annotated[tuple[Reviewer, ...], Field(min_length=1)]
    summary: CampaignSummary
    content_hash: str
    created_at: Moment
    expires_at: Moment
    decision: MadeDecision | None = None
    resumed_at: Moment | None = None
    """When the engine accepted the decision."""
