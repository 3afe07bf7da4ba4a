"""``/campaigns/{id}/approvals``: what the people who run a campaign see of its requests, and may do with them."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from lambdas.api.rest.answers import Answer, answer, described, listing
from lambdas.api.rest.campaigns import CampaignPath
from lambdas.api.rest.request import caller, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import ApprovalView, Listing
from lambdas.domain.ids import CallbackIdField, CampaignId, CampaignKey
from lambdas.ports.bundle import Ports
from lambdas.ports.stores import ApprovalStore
from lambdas.services.open_requests import Place, Reassignment, ReviewerChoice, reassign, remind, revoke

TAG = "Approval"
CallbackPath = Annotated[CallbackIdField, Path()]


class ApprovalRequestRoutes:
    def __init__(self, app: Resolver, ports: Ports) -> None:
        self._app = app
        self._ports = ports
        root = "/campaigns/<campaign_id>/approvals"
        app.get(
            root,
            **described("listApprovals", "Requests for approval", tag=TAG, answers=Listing[ApprovalView]),
        )(self.list)
        for name, body, summary, call in (
            ("reminders", "ReviewerChoice", "Mail reviewers a new link", self.remind),
            ("revoke", "ReviewerChoice", "Take links back", self.revoke),
            ("reassign", "Reassignment", "Ask somebody else", self.reassign),
        ):
            told = described(
                f"{name}OfApproval",
                summary,
                tag=TAG,
                answers=ApprovalView,
                errors=(409,),
                body=body,
                body_required=name == "reassign",
            )
            app.post(f"{root}/<callback_id>/{name}", **told)(call)

    def list(self, campaign_id: CampaignPath) -> Answer:
        key = CampaignKey(caller(self._app.current_event).tenant_id, campaign_id)
        self._ports.campaigns.get(key)
        return listing([ApprovalView.of(approval) for approval in self._ports.approvals.all(key)], None)

    def remind(self, campaign_id: CampaignPath, callback_id: CallbackPath) -> Answer:
        place, choice = self._place(campaign_id, callback_id), ReviewerChoice.from_wire(self._body(required=False))
        return answer(ApprovalView.of(remind(place, choice.reviewer, *self._now())))

    def revoke(self, campaign_id: CampaignPath, callback_id: CallbackPath) -> Answer:
        place, choice = self._place(campaign_id, callback_id), ReviewerChoice.from_wire(self._body(required=False))
        return answer(ApprovalView.of(revoke(place, choice.reviewer, *self._now())))

    def reassign(self, campaign_id: CampaignPath, callback_id: CallbackPath) -> Answer:
        place, change = self._place(campaign_id, callback_id), Reassignment.from_wire(self._body())
        return answer(ApprovalView.of(reassign(place, change, *self._now())))

    def _place(self, campaign_id: CampaignId, callback_id: CallbackIdField) -> Place:
        return Place(CampaignKey(manager(self._app.current_event).tenant_id, campaign_id), callback_id)

    def _now(self) -> tuple[ApprovalStore, datetime]:
        return self._ports.approvals, self._ports.clock.now()

    def _body(self, *, required: bool = True) -> object:
        return json_body(self._app.current_event, required=required)
