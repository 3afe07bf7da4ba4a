"""Requests for approval: for reviewers (the page behind a mailed link, and the same for programs), and for managers
(``/campaigns/{id}/approvals``)."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.api.rest.answers import Answer, answer, described, html_described, listing
from lambdas.api.rest.approval_views import WORDS_BYTES, ApprovalView, DecidedApproval
from lambdas.api.rest.campaigns import CampaignPath
from lambdas.api.rest.request import Routes, bearer, form_body, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import Listing
from lambdas.domain.errors import CampaignError, ConflictError, FieldError
from lambdas.domain.ids import CallbackIdField, CampaignId, CampaignKey
from lambdas.domain.models.approval import DecisionInput
from lambdas.domain.models.workflow import Decision
from lambdas.domain.record_size import record_bytes
from lambdas.ports.paging import every
from lambdas.ports.stores import ApprovalStore
from lambdas.services.approval_links import OpenLink, open_link, open_token
from lambdas.services.decisions import Choice, decide
from lambdas.services.open_requests import Place, Reassignment, ReviewerChoice, reassign, remind, revoke

TAG = "Approval"
_POST = {"type": "string", "description": "Number of a post, from 1."}
FORM = {
    "decision": {"type": "string", "enum": [decision.value for decision in Decision]},
    "comments": {"type": "string"},
    "contentHash": {"type": "string", "description": "Of the content that was shown."},
    "seen": {"type": "string", "description": "Posts that were opened, as ranges of their numbers: 1-50,101-120."},
    "confirmed": {"type": "string", "description": "Approve though posts were not opened."},
    "page": {"type": "string", "description": "Instead of a decision: show this page of the posts."},
    "platform": {"type": "string", "description": "Show only posts of this platform."},
    "attention": {"type": "string", "description": "Show only posts that need attention."},
    "edit": {**_POST, "description": "Instead of a decision: open the fields of this post."},
    "save": {**_POST, "description": "Instead of a decision: store the fields of this post."},
    "drop": {**_POST, "description": "Instead of a decision: take this post out."},
    "keep": {**_POST, "description": "Instead of a decision: put this post back."},
    "foresee": {**_POST, "description": "Instead of a decision: what will be done about the comment on this post."},
    "cancel": {**_POST, "description": "Instead of a decision: close the fields of this post."},
}
# Nothing is required of a link here: one without its parts gets a page that says so, and not a problem document.
CallbackPath = Annotated[str, Path()]
LinkPart = Annotated[str, Query()]
PageNumber = Annotated[str, Query(description="Page of the posts, from 1.")]


class ApprovalRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        path, wrong = "/approve/<callback_id>", (401, 404, 410, 503)
        app.get(path, **html_described("showApproval", "The reviewer's page", tag=TAG, errors=wrong))(self.show)
        app.head(path, include_in_schema=False)(self.show)
        told = html_described(
            "decideByForm", "Decide by the page's form", tag=TAG, errors=(*wrong, 400, 409, 413, 422), form=FORM
        )
        app.post(path, **told)(self.answer_by_form)
        app.post(
            "/campaigns/<campaign_id>/approve",
            **described(
                "decide",
                "Decide with the token of a reviewer's link",
                tag=TAG,
                answers=DecidedApproval,
                errors=(404, 409, 410),
                body="DecisionInput",
                security="approval",
            ),
        )(self.decide_by_token)

    def show(
        self, callback_id: CallbackPath, token: LinkPart = "", nonce: LinkPart = "", page: PageNumber = "1"
    ) -> Answer:
        """Look, and never decide: mail scanners and link previews come here too."""
        from lambdas.api.pages import outcomes, reviewing

        try:
            return reviewing.Reviewing(self._ports).look(open_link(token, nonce, callback_id, self._ports), page)
        except CampaignError as error:
            return outcomes.refusal(error)

    def answer_by_form(self, callback_id: CallbackPath, token: LinkPart = "", nonce: LinkPart = "") -> Answer:
        from lambdas.api.pages import outcomes, reviewing

        try:
            link = open_link(token, nonce, callback_id, self._ports)
            return reviewing.Reviewing(self._ports).send(link, form_body(self._app.current_event))
        except CampaignError as error:
            return outcomes.refusal(error)

    def decide_by_token(self, campaign_id: Annotated[str, Path()]) -> Answer:
        event = self._app.current_event
        token = bearer(event)
        body = DecisionInput.from_wire(json_body(event))
        link = open_token(token, campaign_id, body.callback_id, self._ports)
        try:
            decided = decide(link, _choice(body), self._ports)
        except ConflictError as error:
            if error.details.get("reason") == "changed":
                raise ConflictError(error.message, details=error.details, errors=self._edits(link)) from None
            raise
        return answer(DecidedApproval.of(decided, body))

    def _edits(self, link: OpenLink) -> list[FieldError]:
        """Edits since the reviewers were asked: the current text of each edited post."""
        changed = (post for post in every(self._ports.posts, link.key) if post.edit and post.content)
        return [
            FieldError(
                f"posts[{post.index}].content.text", f"was {post.edit.previous.text!r}, is {post.content.text!r}"
            )
            for post in changed
            if post.edit and post.content
        ]


def _choice(body: DecisionInput) -> Choice:
    return Choice(body.decision, body.comments, body.content_hash, body.posts)


RequestPath = Annotated[CallbackIdField, Path()]


class ApprovalRequestRoutes(Routes):
    def offer(self, app: Resolver) -> None:
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
        key = self._key(campaign_id)
        self._ports.campaigns.get(key)
        told = self._ports.news.all(key)
        found, room = [], WORDS_BYTES * 2
        for approval in reversed(self._ports.approvals.all(key)):  # what was said last is asked for most
            view = ApprovalView.of(approval, self._ports.approvals.everything_said(approval) if room > 0 else (), told)
            room -= record_bytes(view.to_wire())
            found.append(view)
        return listing(found[::-1], None)

    def remind(self, campaign_id: CampaignPath, callback_id: RequestPath) -> Answer:
        place, choice = self._place(campaign_id, callback_id), ReviewerChoice.from_wire(self._body(required=False))
        return answer(ApprovalView.of(remind(place, choice.reviewer, *self._now())))

    def revoke(self, campaign_id: CampaignPath, callback_id: RequestPath) -> Answer:
        place, choice = self._place(campaign_id, callback_id), ReviewerChoice.from_wire(self._body(required=False))
        return answer(ApprovalView.of(revoke(place, choice.reviewer, *self._now())))

    def reassign(self, campaign_id: CampaignPath, callback_id: RequestPath) -> Answer:
        place, change = self._place(campaign_id, callback_id), Reassignment.from_wire(self._body())
        return answer(ApprovalView.of(reassign(place, change, *self._now())))

    def _place(self, campaign_id: CampaignId, callback_id: CallbackIdField) -> Place:
        return Place(CampaignKey(manager(self._app.current_event).tenant_id, campaign_id), callback_id)

    def _now(self) -> tuple[ApprovalStore, datetime]:
        return self._ports.approvals, self._ports.clock.now()

    def _body(self, *, required: bool = True) -> object:
        return json_body(self._app.current_event, required=required)
