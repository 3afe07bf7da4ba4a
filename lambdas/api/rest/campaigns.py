"""``/campaigns``: start, list, look at, copy, cancel and delete them, see how far one is, try it again."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from lambdas.api.rest.answers import Answer, answer, described, listing
from lambdas.api.rest.approval_views import ApprovalView, ProgressView
from lambdas.api.rest.request import IDEMPOTENCY_HEADER, Routes, caller, idempotency_key, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import AcceptedCampaign, CampaignItem, CampaignView, Listing
from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import CampaignIdField, CampaignKey
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.services.progress import progress_of
from lambdas.services.recovery import retry, step_that_failed
from lambdas.services.submission import Submission, duplicate, submit

TAG = "Campaigns"
Limit = Annotated[int, Query(ge=1, le=100, description="Maximum number of items.")]
Cursor = Annotated[str | None, Query(max_length=2_048, description="The `nextCursor` of the previous page.")]
CampaignPath = Annotated[CampaignIdField, Path()]
_UNASKED = (CampaignStatus.QUEUED, CampaignStatus.PLANNING, CampaignStatus.GENERATING)
"""Without a request for approval, unless it is a later round."""
_UNDONE = (CampaignStatus.FAILED, CampaignStatus.STOPPED)


def accepted(campaign: Campaign, root: str) -> Answer:
    """202, with the campaign's place."""
    view = AcceptedCampaign.of(campaign, root)
    return answer(view, status=202, headers={"Location": view.links.self})


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
                errors=(409, 410),
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
            **described("getProgress", "How far a campaign is", tag=TAG, answers=ProgressView),
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
        return accepted(submit(submission, self._ports).campaign, self._root())

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
        # Here "no step is to come" is an answer, so the field stays when it is null.
        wire = progress.model_dump(mode="json", by_alias=True)
        asked = ports.approvals.all(key)[-1:] if campaign.status not in _UNASKED or campaign.revision else []
        views = [ApprovalView.of(each, ports.approvals.everything_said(each), ports.news.all(key)) for each in asked]
        return Response(200, "application/json", wire | {"approval": views[0].to_wire() if views else None})


class DuplicateInput(Model):
    """Body: fields of the brief that are to be different in the copy, as a JSON merge patch (RFC 7396)."""

    changes: Annotated[dict[str, Any], Field(default_factory=dict)]


class CopyAndEndRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        app.post(
            "/campaigns/<campaign_id>/cancel",
            **described(
                "cancelCampaign",
                "Cancel a campaign before anything goes out",
                tag=TAG,
                answers=AcceptedCampaign,
                status=202,
                errors=(409,),
            ),
        )(self.cancel)
        app.delete(
            "/campaigns/<campaign_id>",
            **described(
                "deleteCampaign",
                "Delete a campaign that has ended, and all that it made",
                tag=TAG,
                answers=AcceptedCampaign,
                status=202,
                errors=(409,),
            ),
        )(self.delete)
        app.post(
            "/campaigns/<campaign_id>/duplicate",
            **described(
                "duplicateCampaign",
                "Start another campaign with the same brief, or a changed one",
                tag=TAG,
                answers=AcceptedCampaign,
                status=202,
                errors=(409, 410),
                body="DuplicateInput",
                body_required=False,
                headers=(IDEMPOTENCY_HEADER,),
            ),
        )(self.duplicate)

    def duplicate(self, campaign_id: CampaignPath) -> Answer:
        event = self._app.current_event
        who = manager(event)
        wanted = DuplicateInput.from_wire(json_body(event, required=False))
        submission = Submission(
            tenant_id=who.tenant_id,
            brief=None,
            created_by=who.subject,
            correlation_id=self._app.context["correlation_id"],
            idempotency_key=idempotency_key(event),
        )
        made = duplicate(CampaignKey(who.tenant_id, campaign_id), wanted.changes, submission, self._ports)
        return accepted(made.campaign, self._root())

    def cancel(self, campaign_id: CampaignPath) -> Answer:
        from lambdas.services.ending import cancel

        who = manager(self._app.current_event)
        return accepted(cancel(CampaignKey(who.tenant_id, campaign_id), who.subject, self._ports), self._root())

    def delete(self, campaign_id: CampaignPath) -> Answer:
        from lambdas.services.ending import delete

        who = manager(self._app.current_event)
        return accepted(delete(CampaignKey(who.tenant_id, campaign_id), self._ports), self._root())


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
        return accepted(campaign, self._root())

    def _step(self, key: CampaignKey, wanted: RetryInput) -> str | None:
        if wanted.mode == "failed_posts":
            return None
        if wanted.step:
            return wanted.step
        campaign = self._ports.campaigns.get(key)
        if wanted.mode is None and (campaign.error is None or self._ports.posts.count(key).failed):
            return None
        return step_that_failed(campaign)
