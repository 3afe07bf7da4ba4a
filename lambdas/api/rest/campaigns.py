"""``/campaigns``: start one, list them, look at one, see how far it is, try it again."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.api.rest.answers import Answer, answer, described, listing
from lambdas.api.rest.request import IDEMPOTENCY_HEADER, Routes, caller, idempotency_key, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import AcceptedCampaign, CampaignItem, CampaignLinks, CampaignView, Listing
from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import CampaignIdField, CampaignKey
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.services.progress import Progress, progress_of
from lambdas.services.recovery import retry, step_that_failed
from lambdas.services.submission import Submission, submit

TAG = "Campaigns"
Limit = Annotated[int, Query(ge=1, le=100, description="Maximum number of items.")]
Cursor = Annotated[str | None, Query(max_length=2_048, description="The `nextCursor` of the previous page.")]
CampaignPath = Annotated[CampaignIdField, Path()]
_UNDONE = (CampaignStatus.FAILED, CampaignStatus.STOPPED)


class CampaignRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        app.post(
            "/campaigns",
            **described(
                "startCampaign",
                "Start a campaign",
                tag=TAG,
                answers=AcceptedCampaign,
                status=202,
                errors=(409,),
                body="CampaignBrief",
                headers=(IDEMPOTENCY_HEADER,),
            ),
        )(self.start)
        app.get(
            "/campaigns",
            **described("listCampaigns", "Campaigns, newest first", tag=TAG, answers=Listing[CampaignItem]),
        )(self.list)
        app.get(
            "/campaigns/<campaign_id>",
            **described("getCampaign", "One campaign", tag=TAG, answers=CampaignView),
        )(self.get)
        app.get(
            "/campaigns/<campaign_id>/progress",
            **described("getProgress", "The progress of a campaign", tag=TAG, answers=Progress),
        )(self.progress)

    def start(self) -> Answer:
        event = self._app.current_event
        who = manager(event)
        submission = Submission(
            tenant_id=who.tenant_id,
            brief=json_body(event),
            created_by=who.subject,
            correlation_id=self._app.context["correlation_id"],
            idempotency_key=idempotency_key(event),
        )
        accepted = submit(submission, self._ports)
        links = CampaignLinks.of(accepted.campaign.campaign_id, self._root())
        view = AcceptedCampaign(
            campaign_id=accepted.campaign.campaign_id,
            status=accepted.campaign.status,
            execution_arn=accepted.execution_arn,
            links=links,
            notices=accepted.campaign.notices() or None,
        )
        return answer(view, status=202, headers={"Location": links.self})

    def list(self, limit: Limit = 20, cursor: Cursor = None) -> Answer:
        page = self._ports.campaigns.page(caller(self._app.current_event).tenant_id, limit, cursor)
        return listing([CampaignItem.of(campaign, self._root()) for campaign in page.items], page.next_cursor)

    def get(self, campaign_id: CampaignPath) -> Answer:
        key = self._key(campaign_id)
        campaign = self._ports.campaigns.get(key)
        effects = self._ports.effects.all(key) if campaign.status in _UNDONE else ()
        return answer(CampaignView.of(campaign, self._root(), effects))

    def progress(self, campaign_id: CampaignPath) -> Answer:
        key, ports = self._key(campaign_id), self._ports
        campaign = ports.campaigns.get(key)
        progress = progress_of(campaign, ports.checkpoints.all(key), ports.posts.progress(key), now=ports.clock.now())
        # Here ``null`` is an answer (no step is left), so the field is kept.
        return Response(200, "application/json", progress.model_dump(mode="json", by_alias=True))


class RetryInput(Model):
    """Body: write the failed posts again, or continue from a step (without ``step``, the one that failed). Without
    ``mode``, it is the step if one is named, otherwise the failed posts if there are any, otherwise the step that
    failed."""

    mode: Literal["failed_posts", "from_step"] | None = None
    step: str | None = None


class RetryRoutes(Routes):
    def offer(self, app: Resolver) -> None:
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
        links = CampaignLinks.of(campaign_id, self._root())
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
