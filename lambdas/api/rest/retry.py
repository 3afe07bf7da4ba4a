"""``POST /campaigns/{id}/retry``: try a campaign again by hand."""

from typing import Literal

from lambdas.api.rest.answers import Answer, answer, described
from lambdas.api.rest.campaigns import TAG, CampaignPath
from lambdas.api.rest.request import json_body, manager, public_url
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import AcceptedCampaign, CampaignLinks
from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.base import Model
from lambdas.ports.bundle import Ports
from lambdas.services.recovery import retry, step_that_failed


class RetryInput(Model):
    """Body: write the failed posts again, or begin at a step (the one that failed, when none is named). Without a mode
    it is the named step; or the failed posts of a campaign that has some; or the step that failed."""

    mode: Literal["failed_posts", "from_step"] | None = None
    step: str | None = None


class RetryRoutes:
    def __init__(self, app: Resolver, ports: Ports) -> None:
        self._app = app
        self._ports = ports
        app.post(
            "/campaigns/<campaign_id>/retry",
            **described(
                "retryCampaign",
                "Try a failed campaign again",
                tag=TAG,
                answers=AcceptedCampaign,
                status=202,
                errors=(409,),
                body="RetryInput",
                body_required=False,
            ),
        )(self.retry)

    def retry(self, campaign_id: CampaignPath) -> Answer:
        event = self._app.current_event
        key = CampaignKey(manager(event).tenant_id, campaign_id)
        wanted = RetryInput.from_wire(json_body(event, required=False))
        if wanted.step and wanted.mode == "failed_posts":
            message = 'goes with "mode": "from_step"'
            raise InvalidInputError(f"step: {message}", errors=[FieldError("step", message)])
        campaign = retry(key, self._step(key, wanted), self._ports)
        links = CampaignLinks.of(campaign_id, public_url(event, lambda: self._ports.base_url))
        view = AcceptedCampaign(
            campaign_id=campaign_id,
            status=campaign.status,
            execution_arn=campaign.execution_arn or "",
            links=links,
        )
        return answer(view, status=202, headers={"Location": links.self})

    def _step(self, key: CampaignKey, wanted: RetryInput) -> str | None:
        if wanted.mode == "failed_posts":
            return None
        if wanted.step:
            return wanted.step
        campaign = self._ports.campaigns.get(key)
        if wanted.mode is None and (campaign.error is None or self._ports.posts.count(key).failed):
            return None
        return step_that_failed(campaign)
