"""Does a campaign's record agree with its execution, and if it does not, what is the matter?"""

from datetime import datetime, timedelta
from enum import StrEnum

from lambdas.core.errors import permanent_names
from lambdas.core.executions import ExecutionState
from lambdas.core.graph.model import ExecutionStatus
from lambdas.core.models.campaign import Campaign
from lambdas.core.progression import BUILDING

STARTING = timedelta(seconds=30)
"""A submission that is older than this has died between its record and its execution."""


class Finding(StrEnum):
    FINE = "fine"
    OVER = "over"
    """BUILD has nothing to do with it any more."""
    NOT_STARTED = "not_started"
    VANISHED = "vanished"
    """The engine does not know the execution."""
    INTERRUPTED = "interrupted"
    """Aborted or timed out: it stands where it stood."""
    BROKEN = "broken"
    """The execution is over, and the record says that BUILD is at work."""
    GIVEN_UP = "given_up"
    """It failed for good, and its last step could not put that on the record."""


_INTERRUPTIONS = (ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT)


def diagnose(campaign: Campaign, execution: ExecutionState | None, now: datetime) -> Finding:
    """``execution`` is the one the record names; ``None`` when there is none or the engine has none."""
    if campaign.status not in BUILDING:
        return Finding.FINE if execution and execution.is_live else Finding.OVER
    if campaign.execution_arn is None:
        return Finding.NOT_STARTED if now - campaign.created_at > STARTING else Finding.FINE
    if execution is None:
        return Finding.VANISHED
    if execution.is_live:
        return Finding.FINE
    if execution.status in _INTERRUPTIONS:
        return Finding.INTERRUPTED
    if execution.status is ExecutionStatus.FAILED and execution.error in permanent_names():
        return Finding.GIVEN_UP
    return Finding.BROKEN
