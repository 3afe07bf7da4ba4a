"""How much of a deployment one tenant may use at once: campaigns being built, and model calls in flight.

Both are reserved at submission, before anything was spent. A campaign states how many posts may be written at once
(``generation.maxConcurrency``), and the workflow never exceeds it. So the sum over a tenant's campaigns limits the
tenant's model calls, without a write for each call. All reservations of a tenant are in one item, and one conditional
write makes one. They need not be given back: if the limit is reached, reservations of campaigns that are not being
built any more are dropped first (docs/adr/0053). A campaign that waits for its reviewers does not count, and neither
does one that they sent back.
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
"""A campaign is built within minutes; which one finishes first is not known."""


class Quota(NamedTuple):
    """``status`` returns a campaign's status; it raises ``NotFoundError`` if there is no such campaign."""

    promises: Promises
    limits: Limits
    status: Callable[[CampaignKey], CampaignStatus]

    def admit(self, key: CampaignKey, calls: int) -> None:
        """Reserve ``calls`` concurrent model calls for a campaign; a repeated call is admitted again.

        Raises ``InvalidInputError`` if the campaign wants more than a tenant may ever have, and
        ``TooManyCampaignsError`` if it has to wait for others.
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
        """Reservations that are not needed any more. One without a campaign was refused after its reservation, or is
        being stored at this moment; in that case there may be one campaign above the limit for a while."""
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
