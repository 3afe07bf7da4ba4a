"""Telling the waiting workflow what was decided: the same words from the API and from whoever mends what it left.

The task token lies in the record sealed, bound to the request it belongs to, and is opened here only.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from lambdas.domain.errors import GoneError
from lambdas.domain.ids import CallbackId, CampaignKey, TaskToken
from lambdas.domain.models.approval import Approval, Decision, MadeDecision
from lambdas.domain.models.workflow import ApprovalOutcome
from lambdas.ports.engine import Engine
from lambdas.ports.stores import Cipher


def send_decision(approval: Approval, engine: Engine, cipher: Cipher) -> None:
    """Raises ``GoneError`` when nobody waits for it, and when nothing was decided."""
    answer = _answer(approval)
    engine.resume(_token(approval, cipher), answer)


def hand_over(approval: Approval, token: TaskToken, engine: Engine) -> None:
    """The decision to a task that waits in place of the one that asked. Raises like ``send_decision``."""
    engine.resume(token, _answer(approval))


def _answer(approval: Approval) -> dict[str, Any]:
    if approval.decision is None:
        raise GoneError("nothing was decided")
    answer: dict[str, Any] = outcome(approval, approval.decision).to_wire()
    return answer


def outcome(approval: Approval, made: MadeDecision) -> ApprovalOutcome:
    """A decision as the workflow knows it: silence that is no yes ends the campaign as expired."""
    silence = made.expired and made.decision is not Decision.APPROVED
    return ApprovalOutcome(callback_id=approval.callback_id, decision="expired" if silence else made.decision)


def send_heartbeat(approval: Approval, engine: Engine, cipher: Cipher) -> None:
    """Raises ``GoneError`` when nobody waits."""
    engine.heartbeat(_token(approval, cipher))


def seal_token(token: TaskToken, key: CampaignKey, callback_id: CallbackId, cipher: Cipher) -> TaskToken:
    """As it is stored."""
    return TaskToken(cipher.seal(token, _context(key, callback_id)))


def token_hash(token: TaskToken) -> str:
    """By which a token is known again without opening what is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _token(approval: Approval, cipher: Cipher) -> TaskToken:
    return TaskToken(cipher.open(approval.task_token, _context(approval.key, approval.callback_id)))


def _context(key: CampaignKey, callback_id: CallbackId) -> Mapping[str, str]:
    return {"tenantId": key.tenant_id, "campaignId": key.campaign_id, "callbackId": callback_id}
