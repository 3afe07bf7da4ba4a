"""Input and output of the content generator (seed 001, "Agent Input/Output Contracts")."""

from typing import Annotated

from pydantic import Field

from lambdas.domain.ids import CampaignIdField, PostIdField, TenantIdField
from lambdas.domain.models.base import Day, Model
from lambdas.domain.models.brand import Brand, KeyMessageField, LanguageTag, Line, Paragraph, Persona
from lambdas.domain.models.campaign import Name, Product
from lambdas.domain.models.post import CommentOutcome, PlannedPost, PostContent, Provenance


class CampaignContext(Model):
    """What a writer needs to know of the brief."""

    name: Name
    product: Product
    goal: Paragraph
    audience: Paragraph
    key_messages: Annotated[tuple[KeyMessageField, ...], Field(min_length=1, max_length=20)]
    call_to_action: Line
    language: LanguageTag = "en"
    starts_on: Day | None = None
    """First day of the campaign, where it takes place. Absent in inputs of version 0.3."""
    ends_on: Day | None = None
    deadline: Day | None = None
    """The last day on which people can do what the campaign asks for."""
    time_zone: str = "UTC"


class PostConfiguration(PlannedPost):
    """The planned post with its place in the plan and the part of the brief it is written from."""

    index: Annotated[int, Field(ge=0)]
    campaign: CampaignContext


class RevisionRequest(Model):
    """A reviewer wants another text."""

    number: Annotated[int, Field(ge=1)]
    """Which revision of the campaign this is."""
    instructions: str = ""
    """The reviewers' comments: what to change, and never what to be."""
    previous_text: str | None = None
    """The text they saw; absent when it is to be replaced and not changed."""
    fresh: bool = False
    """It was rejected: another text is wanted, from another angle and with another message."""
    previous: PostContent | None = None
    """All that they saw, also when it is to be replaced; absent where there was no room to keep it."""


class GeneratorInput(Model):
    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    post_id: PostIdField
    post: PostConfiguration
    persona_config: Persona
    brand_config: Brand
    attempt: Annotated[int, Field(ge=0)] = 0
    """Which of the workflow's attempts this is, from 0."""
    recent_texts: Annotated[tuple[str, ...], Field(max_length=1_000)] = ()
    """Texts of this campaign or of the tenant's last ones that the new one must not repeat."""
    revision: RevisionRequest | None = None


class GeneratorResult(Model):
    content: PostContent
    provenance: Provenance
    outcomes: tuple[CommentOutcome, ...] | None = None
    """Of a revision: what became of each wish of the comments."""
