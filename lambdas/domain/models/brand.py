"""Brands and personas: who speaks, and how. Tenants maintain them; campaigns refer to them by id.

And the messages that a brief has them say.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Discriminator, Field, StringConstraints, Tag

from lambdas.domain.ids import BrandIdField, PersonaIdField, shaped
from lambdas.domain.models.base import Day, Model
from lambdas.domain.platforms import Platform

Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Paragraph = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
LanguageTag = Annotated[str, shaped(r"^[a-z]{2}(-[A-Z]{2})?$", "a language, like en or de-AT")]
"""ISO 639-1 language, optionally with an ISO 3166-1 country: ``en``, ``de-AT``."""
# The length is a separate constraint: a counted repetition of ``\w``, which covers Unicode, takes 0.1 s to compile.
Hashtag = Annotated[str, shaped(r"^#\w+$", "a hashtag, like #spring", max_length=101)]
Handle = Annotated[str, shaped(r"^@[\w.]+$", "a handle, like @acme", max_length=65)]


class EmojiPolicy(StrEnum):
    NONE = "none"
    SPARING = "sparing"  # at most one in a post
    FREE = "free"


class Disclaimer(Model):
    """A sentence that every post must contain, or every post on some platforms."""

    text: Line
    platforms: tuple[Platform, ...] = ()


class LinkPolicy(Model):
    """Where links may lead, and how they are tagged."""

    allowed_domains: tuple[Annotated[str, shaped(r"^[a-z0-9.-]+\.[a-z]{2,}$", "a domain, like example.com")], ...] = ()
    """Registrable domains; their subdomains are allowed too. Empty: any."""
    utm_source: Annotated[str, shaped(r"^[a-z0-9_-]{1,50}$", "1 to 50 small letters, digits, _ and -")] | None = None
    """``utm_source`` of generated links; the platform's name where absent."""


class BrandConfig(Model):
    """The voice of a brand and what its texts may say (body of ``PUT /brands/{id}``)."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    tone: Annotated[tuple[Line, ...], Field(min_length=1, max_length=8)]
    """Adjectives: ``warm``, ``plain-spoken``."""
    voice: Paragraph
    """A paragraph a copywriter could work from."""
    tagline: Line | None = None
    hashtags: Annotated[tuple[Hashtag, ...], Field(max_length=10)] = ()
    banned_words: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    disclaimers: Annotated[tuple[Disclaimer, ...], Field(max_length=10)] = ()
    emoji_policy: EmojiPolicy = EmojiPolicy.SPARING
    max_reading_grade: Annotated[int, Field(ge=1, le=20)] | None = None
    """Highest US school grade the copy may need; absent: not checked."""
    links: LinkPolicy = LinkPolicy.model_construct()
    handles: dict[Platform, Handle] = Field(default_factory=dict)
    """The brand's account on each platform."""


class Brand(BrandConfig):
    """A stored brand. ``version`` starts at 1 and grows by 1 with each change."""

    brand_id: BrandIdField
    version: Annotated[int, Field(ge=1)]


class Formality(StrEnum):
    CASUAL = "casual"
    NEUTRAL = "neutral"
    FORMAL = "formal"


class PersonaConfig(Model):
    """One voice of a brand: a person or a role (body of ``PUT /personas/{id}``)."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    role: Line
    """``Head of customer success``: the role of the imagined speaker."""
    style: Paragraph
    formality: Formality = Formality.NEUTRAL
    first_person: bool = True
    """True: ``I`` and ``we``; false: the brand in the third person."""
    examples: Annotated[tuple[Paragraph, ...], Field(min_length=1, max_length=20)]
    """Posts by this persona, as examples of the voice."""
    platforms: tuple[Platform, ...] = ()
    """Where this persona posts; empty: everywhere."""
    languages: tuple[LanguageTag, ...] = ()
    """Languages it writes; empty: any."""

    def posts_on(self, platform: Platform) -> bool:
        return not self.platforms or platform in self.platforms

    def writes(self, language: LanguageTag) -> bool:
        """A country variant counts as its language."""
        return not self.languages or language.split("-")[0] in {tag.split("-")[0] for tag in self.languages}


class Persona(PersonaConfig):
    """A stored persona. ``version`` starts at 1 and grows by 1 with each change."""

    persona_id: PersonaIdField
    version: Annotated[int, Field(ge=1)]


class MessageKind(StrEnum):
    OFFER = "offer"
    FACT = "fact"
    DEADLINE = "deadline"
    PROOF = "proof"
    INVITATION = "invitation"
    STORY = "story"  # only where the brief says so: a story cannot be told by its words


class KeyMessage(Model):
    """A key message whose kind, or last day, the brief names."""

    text: Line
    kind: MessageKind | None = None
    """Derived from the text where absent."""
    until: Day | None = None
    """The last day on which it is true."""


def _form(value: Any) -> str:
    return "[object]" if isinstance(value, dict | KeyMessage) else "[text]"


KeyMessageField = Annotated[
    Annotated[Line, Tag("[text]")] | Annotated[KeyMessage, Tag("[object]")], Discriminator(_form)
]
"""A string or an object. ``base.field_error`` leaves these tags out of a field's path."""


class Configuration(Model):
    """The brand and personas as they were when the campaign was saved: later edits do not reach it."""

    brand: Brand
    personas: tuple[Persona, ...]
