"""Alerts: notifying people that a campaign needs them."""

from lambdas.domain.models.campaign import Campaign, Failure
from lambdas.domain.models.checkpoint import PLAN_POSTS, SAVE_CAMPAIGN, VALIDATE_CAMPAIGN
from lambdas.domain.models.mail import Alert
from lambdas.ports.engine import console_url

_RETRY = 'POST /campaigns/{id}/retry {"mode": "from_step"}'
_FROM = 'POST /campaigns/{id}/retry {"mode": "from_step", "step": "%s"}'
_STEP_ADVICE = f"see GET /campaigns/{{id}}/checkpoints, fix the cause, then {_RETRY}"
_ADVICE = {
    "TOO_MANY_POSTS_FAILED": (
        'read why in GET /campaigns/{id}/posts, then POST /campaigns/{id}/retry {"mode": "failed_posts"}; '
        f"after a change of the brand or a persona (for example for BRAND_RULE_BROKEN) {_FROM % SAVE_CAMPAIGN}, "
        "which reads them again and writes the failed posts again"
    ),
    "NOT_FOUND": f"store the missing brand or persona again, then {_FROM % VALIDATE_CAMPAIGN}",
    "INVALID_INPUT": (
        f"fix what the message names (store a missing brand or persona again), then {_RETRY}; "
        "if the brief itself is wrong, start a new campaign"
    ),
    "INVALID_PLAN": f"the planner's plan breaks its rules: read the log, then {_FROM % PLAN_POSTS}",
    "STATE_TOO_LARGE": "a step passes on too much data: this is a bug",
    "REVIEWER_UNREACHABLE": (
        "GET /campaigns/{id}/approvals shows who is not reached by mail; then POST …/reassign or …/reminders there"
    ),
    "NO_REVIEWER_LEFT": (
        "GET /campaigns/{id}/approvals shows who still has to answer; then POST …/reassign or …/reminders there"
    ),
    "APPROVALS_NOT_TENDED": (
        "find out why the Lambda sweep-approvals does not run (its log, the alarm SweepApprovalsLate); "
        "open requests continue as soon as it runs"
    ),
    "RECOVERY_EXHAUSTED": (
        f"the engine kept ending this campaign's executions: read the last one's error, then {_RETRY}"
    ),
}


def advised(failure: Failure, campaign: Campaign, execution_arn: str | None = None) -> Failure:
    """``failure`` with the correlation id, the link to the execution, and the next thing to do.

    Without ``execution_arn``, the one on the campaign's record is used.
    """
    arn = execution_arn or campaign.execution_arn
    advice = _ADVICE.get(failure.code)
    if advice is None and failure.retryable:
        advice = f"the cause may be temporary: {_RETRY}"
    return failure.model_copy(
        update={
            "correlation_id": campaign.correlation_id,
            "execution_url": console_url(arn) if arn else None,
            "next_step": (advice or _STEP_ADVICE).replace("{id}", campaign.campaign_id),
        }
    )


def alert_of(campaign: Campaign, failure: Failure) -> Alert:
    return Alert(
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.campaign_id,
        name=campaign.brief.name,
        status=campaign.status.value,
        failure=failure,
    )
