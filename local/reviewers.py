"""Reviewers' links for tests: from the inbox of a local stack, or made by the operator on AWS.

On AWS a link only exists in the reviewer's mailbox: the record has the hash of its nonce. A test has no mailbox, so the
operator of the stack makes an additional link for the reviewer. That needs permissions that no user of the API has:
reading the signing key (``secretsmanager:GetSecretValue``) and writing the request's record (``dynamodb:PutItem``). The
link opens the same request as the mailed one and ends with it; the deployed code needs nothing for it. It only works
for tenants of ``make verify``, so that nobody answers for a real reviewer by mistake (docs/adr/0058).
"""

import secrets
from datetime import UTC, datetime
from typing import Any, Protocol

from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.approval import Approval, ApprovalStatus, Reviewer
from lambdas.services.approval_links import approval_link, nonce_hash
from lambdas.services.open_requests import amend_pending
from local.http import Http, StackError
from local.target import Target

THROWAWAY = "verify"
"""Prefix of the names of tenants that only exist for a run of ``make verify`` and are removed after it."""


def is_throwaway(tenant: str) -> bool:
    return tenant == THROWAWAY or tenant.startswith(f"{THROWAWAY}-")


def throwaway_tenants(run: str = "") -> tuple[str, str, str]:
    """The tenants of a run: the owner of the campaigns, another one, and one that is removed during the run.

    ``run`` is the run's name if several take place at once.
    """
    own = f"{THROWAWAY}-{run}" if run else THROWAWAY
    return own, f"{own}-other", f"{own}-passing"


class Links(Protocol):
    def newest(self, campaign_id: str) -> str | None:
        """A link to the campaign's newest request for approval; ``None`` if nobody was asked yet."""
        ...


class Inbox:
    """The mails that SES accepted on a local stack."""

    def __init__(self, url: str) -> None:
        self._url = url

    def mails(self) -> list[dict[str, Any]]:
        """Newest first."""
        items: list[dict[str, Any]] = Http().get(f"{self._url}.json").json()["items"]
        return sorted(items, key=lambda mail: str(mail["sentAt"]), reverse=True)

    def newest(self, campaign_id: str) -> str | None:
        return self.links().get(campaign_id)

    def links(self) -> dict[str, str]:
        """By campaign, the newest link that was mailed to any of its reviewers."""
        found: dict[str, str] = {}
        for mail in self.mails():
            for link in mail["links"]:
                if "/approve/" in link:
                    found.setdefault(str(mail["tags"].get("campaignId")), str(link))
        return found


class OperatorLinks:
    """Links made with an operator's permissions."""

    def __init__(self, target: Target, tenant: str) -> None:
        self._target, self._tenant = target, tenant

    def newest(self, campaign_id: str) -> str | None:
        if not is_throwaway(self._tenant):
            raise StackError(f"links are made for tenants of `make verify` only, and {self._tenant} is none")
        key = CampaignKey(TenantId(self._tenant), CampaignId(campaign_id))
        approvals = TableApprovals(DynamoTable(self._target.client("dynamodb"), self._target.info["table"]))
        pending = [approval for approval in approvals.all(key) if approval.status is ApprovalStatus.PENDING]
        if not pending:
            return None
        nonce = secrets.token_hex(16)
        asked = amend_pending(approvals, key, pending[-1].callback_id, lambda request: _with_link(request, nonce))
        keys, now = self._target.approval_keys(), datetime.now(UTC)
        return approval_link(
            self._target.api_url, keys, key, asked.callback_id, nonce, now=now, expires=asked.expires_at
        )


def _with_link(approval: Approval, nonce: str) -> Approval:
    """The request with one more link for the first reviewer who has not answered, as a reminder would add it."""
    chosen = next(reviewer for reviewer in approval.staged() if not approval.has_answered(reviewer.email))

    def linked(reviewer: Reviewer) -> Reviewer:
        if reviewer.email != chosen.email:
            return reviewer
        return reviewer.model_copy(update={"earlier_hashes": (*reviewer.earlier_hashes, nonce_hash(nonce))})

    return approval.model_copy(update={"reviewers": tuple(linked(reviewer) for reviewer in approval.reviewers)})
