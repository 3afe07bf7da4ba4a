"""Does a campaign's record agree with its execution, and if it does not, what is the matter?"""

from datetime import datetime
from enum import StrEnum

from lambdas.domain.errors import permanent_names
from lambdas.domain.graph.model import ExecutionStatus
from lambdas.domain.models.active import SOON
from lambdas.domain.models.campaign import Campaign
from lambdas.ports.engine import ExecutionState
from lambdas.services.lifecycle import BUILDING


class Finding(StrEnum):
    FINE = "fine"
    OVER = "over"
    """BUILD has nothing to do with it any more."""
    NOT_STARTED = "not_started"
    """The engine does not know the execution that the record names: whoever named it died before starting it, or it
    ended so long ago (90 days) that the engine has forgotten it. Either way it is started under that name."""
    INTERRUPTED = "interrupted"
    """Aborted or timed out: it stands where it stood."""
    BROKEN = "broken"
    """The execution is over, and the record says that BUILD is at work."""
    GIVEN_UP = "given_up"
    """It failed for good, and its last step could not put that on the record."""
    WRITING = "writing"
    """The execution is over, and somebody may still be writing posts for it: it is replaced after that."""


_INTERRUPTIONS = (ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT)


def diagnose(campaign: Campaign, execution: ExecutionState | None, now: datetime) -> Finding:
    """``execution`` is the one the record means; ``None`` when the engine has none.

    DescribeExecution is eventually consistent (docs.aws.amazon.com/step-functions/latest/apireference/
    API_DescribeExecution.html), and whoever put the name on the record may be about to start it: an execution that
    was named a moment ago is not missed yet.
    """
    if campaign.status not in BUILDING:
        return Finding.FINE if execution and execution.is_live else Finding.OVER
    if execution is None:
        return Finding.NOT_STARTED if now - campaign.updated_at >= SOON else Finding.FINE
    if execution.is_live:
        return Finding.FINE
    if execution.status in _INTERRUPTIONS:
        return Finding.INTERRUPTED
    if execution.status is ExecutionStatus.FAILED and execution.error in permanent_names():
        return Finding.GIVEN_UP
    return Finding.BROKEN
