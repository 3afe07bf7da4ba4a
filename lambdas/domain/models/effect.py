"""What a campaign made outside of the table, so that it can be undone (``services/saga.py``)."""

from enum import StrEnum

from lambdas.domain.models.base import Model, Moment


class EffectStatus(StrEnum):
    MADE = "made"
    """Or about to be."""
    UNDONE = "undone"
    NOT_UNDONE = "not_undone"
    """Undoing failed; ``error`` says why. A person has to look when no attempt is left."""


class Effect(Model):
    """Something made outside (``SK = EFFECT#<kind>#<name>``). Making the same again is the same effect."""

    kind: str
    name: str
    """What tells it from others of its kind."""
    target: dict[str, str]
    """What its undo needs to know."""
    step: str
    execution_arn: str
    recorded_at: Moment
    status: EffectStatus = EffectStatus.MADE
    settled_at: Moment | None = None
    undo_attempts: int = 0
    error: str | None = None
