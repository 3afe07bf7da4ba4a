"""What a campaign created outside the table, so that it can be undone (``services/saga.py``)."""

from enum import StrEnum

from lambdas.domain.models.base import Model, Moment


class EffectStatus(StrEnum):
    MADE = "made"
    """Created, or about to be."""
    UNDONE = "undone"
    NOT_UNDONE = "not_undone"
    """Undoing failed; ``error`` says why. Once no attempt is left, a person has to look at it."""


class Effect(Model):
    """Something created outside the table (``SK = EFFECT#<kind>#<name>``). Creating the same thing again is the same
    effect."""

    kind: str
    name: str
    """Distinguishes it from others of its kind."""
    target: dict[str, str]
    """What the undo function needs to know."""
    step: str
    execution_arn: str
    recorded_at: Moment
    status: EffectStatus = EffectStatus.MADE
    settled_at: Moment | None = None
    undo_attempts: int = 0
    error: str | None = None
