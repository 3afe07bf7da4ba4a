"""How much of a deployment one tenant may use at once: campaigns that are being built, and model calls in flight.

Both are promised at submission, when nothing has been spent yet. A campaign says how many posts may be written at once
(``generation.maxConcurrency``), and the workflow keeps to that; so the sum of what its campaigns have said bounds a
tenant's model calls, without a write for each call. One item holds the promises of a tenant, one conditional write
makes one, and nobody has to give one back: when there is no room, those whose campaign is not being built any more are
forgotten first (docs/adr/0053). A campaign that waits for its reviewers takes nothing, and one that they send back is
not counted again.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from lambdas.domain.errors import FieldError, InvalidInputError, NotFoundError, TooManyCampaignsError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.ports.stores import Limits, Promises

BEING_BUILT = frozenset(
    {CampaignStatus.QUEUED, CampaignStatus.PLANNING, CampaignStatus.GENERATING, CampaignStatus.NEEDS_REVISION}
)
RETRY_AFTER_SECONDS = 60
"""A campaign is built within minutes; which of them will be the first to be, nobody knows."""


class Quota(NamedTuple):
    """``status`` tells what a campaign is doing; it raises ``NotFoundError`` where there is none."""

    promises: Promises
    limits: Limits
    status: Callable[[CampaignKey], CampaignStatus]

    def admit(self, key: CampaignKey, calls: int) -> None:
        """Let a campaign be built that wants so many model calls at once; a repeat is let in again.

        Raises ``InvalidInputError`` when it wants more than a tenant may ever have, and ``TooManyCampaignsError``
        when it has to wait for others.
        """
        if calls > self.limits.model_calls:
            message = (
                f"is above {self.limits.model_calls}, the model calls that all campaigns of a tenant may make at once"
            )
            field = FieldError("generation.maxConcurrency", message)
            raise InvalidInputError(f"generation.maxConcurrency {message}", errors=[field])
        if self.promises.make(key, calls, self.limits):
            return
        made = self.promises.made(key.tenant_id)
        for campaign_id, promised in self._over(key.tenant_id, made):
            self.promises.forget(CampaignKey(key.tenant_id, campaign_id), promised)
        if not self.promises.make(key, calls, self.limits):
            raise self._refusal(self.promises.made(key.tenant_id), calls)

    def _over(self, tenant_id: TenantId, made: Mapping[CampaignId, int]) -> list[tuple[CampaignId, int]]:
        """Promises to campaigns that need them no more. One without a record was refused after its promise, or is
        being recorded this very moment: then there may be one campaign more than the limit for a while."""
        return [(each, calls) for each, calls in made.items() if not self._being_built(CampaignKey(tenant_id, each))]

    def _being_built(self, key: CampaignKey) -> bool:
        try:
            return self.status(key) in BEING_BUILT
        except NotFoundError:
            return False

    def _refusal(self, made: Mapping[CampaignId, int], calls: int) -> TooManyCampaignsError:
        building, promised = len(made), sum(made.values())
        when = "try again when one of them is ready, in a few minutes"
        if building >= self.limits.campaigns:
            message = f"{building} campaigns are being built, as many as a tenant may have; {when}"
        else:
            message = (
                f"{building} campaigns that are being built may make {promised} of a tenant's {self.limits.model_calls}"
                f" model calls at once, and this one wants {calls}; {when}, or lower generation.maxConcurrency"
            )
        return TooManyCampaignsError(message, details={"retryAfterSeconds": RETRY_AFTER_SECONDS})
