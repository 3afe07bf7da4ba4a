"""Telling the waiting workflow what was decided: the same words from the API and from whoever mends what it left."""

from typing import Any

from lambdas.core.errors import GoneError
from lambdas.core.models.approval import Approval, Decision
from lambdas.core.models.workflow import ApprovalOutcome
from lambdas.core.ports import Engine


def send_decision(approval: Approval, engine: Engine) -> None:
    """Raises ``GoneError`` when nobody waits for it, and when nothing was decided."""
    if approval.decision is None:
        raise GoneError("nothing was decided")
    made = approval.decision
    silence = made.expired and made.decision is not Decision.APPROVED
    outcome = ApprovalOutcome(callback_id=approval.callback_id, decision="expired" if silence else made.decision)
    answer: dict[str, Any] = outcome.to_wire()
    engine.resume(approval.task_token, answer)
