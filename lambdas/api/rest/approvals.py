"""A reviewer's way in: the page behind the mailed link, and its twin for programs."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.api.approvals.decisions import Choice, DecisionPorts, decide, require_open
from lambdas.api.approvals.links import LinkPorts, OpenLink, open_link, open_token
from lambdas.api.rest.answers import Answer, answer, described, html_described
from lambdas.api.rest.request import bearer, form_body, json_body
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import DecidedApproval
from lambdas.api.services import Services
from lambdas.core.errors import CampaignError, ConflictError, GoneError
from lambdas.core.models.approval import Decision, DecisionInput

TAG = "Approval"
FORM = {
    "decision": {"type": "string", "enum": [decision.value for decision in Decision]},
    "comments": {"type": "string"},
    "contentHash": {"type": "string", "description": "Of the content that was shown."},
}
# Nothing is required of a link here: one without its parts gets a page that says so, and not a problem document.
CallbackPath = Annotated[str, Path()]
LinkPart = Annotated[str, Query()]
PageNumber = Annotated[str, Query(description="Page of the posts, from 1.")]


class ApprovalRoutes:
    def __init__(self, app: Resolver, services: Services) -> None:
        self._app = app
        self._services = services
        self._links = LinkPorts(services.approvals, services.keys, services.clock, services.log)
        self._decisions = DecisionPorts(services.approvals, services.campaigns, services.engine, services.clock)
        path, wrong = "/approve/<callback_id>", (401, 404, 410)
        app.get(path, **html_described("showApproval", "The reviewer's page", tag=TAG, errors=wrong))(self.show)
        app.head(path, include_in_schema=False)(self.show)
        app.post(
            path,
            **html_described(
                "decideByForm", "Decide by the page's form", tag=TAG, errors=(*wrong, 409, 413, 422), form=FORM
            ),
        )(self.decide_by_form)
        app.post(
            "/campaigns/<campaign_id>/approve",
            **described(
                "decide",
                "Decide with the token of a reviewer's link",
                tag=TAG,
                answers=DecidedApproval,
                errors=(400, 404, 409, 410, 413, 422),
                body="DecisionInput",
                security="approval",
            ),
        )(self.decide_by_token)

    def show(
        self, callback_id: CallbackPath, token: LinkPart = "", nonce: LinkPart = "", page: PageNumber = "1"
    ) -> Answer:
        """Look, and never decide: mail scanners and link previews come here too."""
        from lambdas.api.rest import pages

        try:
            link = open_link(token, nonce, callback_id, self._links)
            if link.approval.decision:
                return self._decided(link)
            require_open(link, self._decisions)
            campaign = self._services.campaigns.get(link.key)
            return pages.approval(link, campaign, self._services.posts, page, {"token": token, "nonce": nonce})
        except CampaignError as error:
            return pages.refusal(error)

    def decide_by_form(self, callback_id: CallbackPath, token: LinkPart = "", nonce: LinkPart = "") -> Answer:
        from lambdas.api.rest import pages

        try:
            link = open_link(token, nonce, callback_id, self._links)
            fields = form_body(self._app.current_event)
            choice = DecisionInput.from_wire(
                {"callbackId": callback_id} | {name: value for name, value in fields.items() if name in FORM}
            )
            try:
                decided = decide(link, _choice(choice), self._decisions)
            except ConflictError as error:
                if error.details.get("reason") != "decided":
                    raise
                return self._decided(open_link(token, nonce, callback_id, self._links), status=409)
            return self._decided(link._replace(approval=decided))
        except CampaignError as error:
            return pages.refusal(error)

    def decide_by_token(self, campaign_id: Annotated[str, Path()]) -> Answer:
        event = self._app.current_event
        token = bearer(event)
        body = DecisionInput.from_wire(json_body(event))
        link = open_token(token, campaign_id, body.callback_id, self._links)
        decided = decide(link, _choice(body), self._decisions)
        if decided.decision is None:
            raise GoneError("this request for approval is over")
        return answer(
            DecidedApproval(
                campaign_id=decided.campaign_id,
                callback_id=decided.callback_id,
                decision=decided.decision.decision,
                comments=decided.decision.comments,
                decided_at=decided.decision.decided_at,
            )
        )

    def _decided(self, link: OpenLink, *, status: int = 200) -> Answer:
        from lambdas.api.rest import pages

        campaign = self._services.campaigns.get(link.key)
        return pages.decided(link, campaign, now=self._services.clock.now(), status=status)


def _choice(body: DecisionInput) -> Choice:
    return Choice(body.decision, body.comments, body.content_hash)
