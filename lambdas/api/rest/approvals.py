"""Requests for approval: for reviewers (the page behind a mailed link, and the same for programs), and for managers
(``/campaigns/{id}/approvals``)."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.api.pages.marks import drafts_in, marks_in
from lambdas.api.rest.answers import Answer, answer, described, html_described, listing
from lambdas.api.rest.campaigns import CampaignPath
from lambdas.api.rest.request import Routes, bearer, form_body, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import ApprovalView, DecidedApproval, Listing
from lambdas.domain.errors import CampaignError, ConflictError, FieldError, InvalidInputError
from lambdas.domain.ids import CallbackIdField, CampaignId, CampaignKey
from lambdas.domain.models.approval import MAX_COMMENTS, DecisionInput
from lambdas.domain.models.workflow import Decision
from lambdas.ports.paging import every
from lambdas.ports.stores import ApprovalStore
from lambdas.services.approval_links import OpenLink, open_link, open_token
from lambdas.services.decisions import Choice, decide, require_not_superseded, require_open
from lambdas.services.open_requests import Place, Reassignment, ReviewerChoice, reassign, remind, revoke

if TYPE_CHECKING:
    from lambdas.api.pages.review import Draft


TAG = "Approval"
FORM = {
    "decision": {"type": "string", "enum": [decision.value for decision in Decision]},
    "comments": {"type": "string"},
    "contentHash": {"type": "string", "description": "Hash of the posts that the form showed."},
    "page": {
        "type": "string",
        "description": "Instead of a decision: show this page of the posts.",
    },
}
_DECISION_FIELDS = frozenset(FORM) - {"page"}
# No parameter is required here: for a link with missing parts the answer is a page that says so, not a problem
# document.
CallbackPath = Annotated[str, Path()]
LinkPart = Annotated[str, Query()]
PageNumber = Annotated[str, Query(description="Page of the posts, from 1.")]


class ApprovalRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        path, wrong = "/approve/<callback_id>", (401, 404, 410, 503)
        app.get(path, **html_described("showApproval", "The reviewer's page", tag=TAG, errors=wrong))(self.show)
        app.head(path, include_in_schema=False)(self.show)
        app.post(
            path,
            **html_described(
                "decideByForm", "Decide by the page's form", tag=TAG, errors=(*wrong, 400, 409, 413, 422), form=FORM
            ),
        )(self.decide_by_form)
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
        """Show the request and never decide: mail scanners and link previews open links too."""
        from lambdas.api.pages import review as pages

        try:
            return self._shown(open_link(token, nonce, callback_id, self._ports), page)
        except CampaignError as error:
            return pages.refusal(error)

    def _shown(
        self,
        link: OpenLink,
        page: str,
        fields: Mapping[str, str] | None = None,
        wrong: InvalidInputError | None = None,
    ) -> Answer:
        """The request as it stands. ``fields`` are of a form that was sent to see another page of its posts, or in
        which something is ``wrong``."""
        from lambdas.api.pages import review as pages

        require_not_superseded(link.approval)
        if link.approval.decision:
            return self._decided(link)
        campaign = self._ports.campaigns.get_configured(link.key)
        require_open(link, campaign, self._ports.clock.now())
        if pages.has_answered(link):
            return self._answered(link)
        notice: str = pages.notice_of(link, None if fields is None else fields.get("contentHash"))
        if wrong:
            problem, page = pages.problem_of(wrong)
            notice = f"{problem} {notice}".strip()
        status = wrong.status if wrong else 200
        return pages.approval(link, campaign, self._ports.posts, page, _draft(fields or {}), notice, status=status)

    def decide_by_form(self, callback_id: CallbackPath, token: LinkPart = "", nonce: LinkPart = "") -> Answer:
        from lambdas.api.pages import review as pages

        try:
            link = open_link(token, nonce, callback_id, self._ports)
            fields = form_body(self._app.current_event)
            if "page" in fields:
                return self._shown(link, fields["page"], fields)
            _require_hash(fields)
            try:
                decided = decide(link, _filled_in(link, fields), self._ports)
            except ConflictError as error:
                return self._late(error, open_link(token, nonce, callback_id, self._ports), fields)
            except InvalidInputError as error:
                return self._shown(open_link(token, nonce, callback_id, self._ports), "1", fields, error)
            if decided.decision is None:
                return self._answered(link._replace(approval=decided))
            return self._decided(link._replace(approval=decided))
        except CampaignError as error:
            return pages.refusal(error)

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

    def _late(self, error: ConflictError, link: OpenLink, fields: Mapping[str, str]) -> Answer:
        """The page for a decision that did not count: which decision counted, or what changed meanwhile."""
        from lambdas.api.pages import review as pages

        campaign = self._ports.campaigns.get_configured(link.key)
        match error.details.get("reason"):
            case "decided":
                return self._decided(link, status=409)
            case "voted":
                return self._answered(link, status=409)
            case "changed":
                notice = pages.Notice.NOT_RECORDED if link.approval.content_hash else pages.Notice.WAIT
                return pages.approval(link, campaign, self._ports.posts, "1", _draft(fields), notice, status=409)
        return pages.refusal(error)

    def _answered(self, link: OpenLink, *, status: int = 200) -> Answer:
        from lambdas.api.pages import review as pages

        campaign, votes = self._ports.campaigns.get(link.key), self._ports.approvals.votes(link.approval)
        return pages.answered(link, campaign, votes, status=status)

    def _decided(self, link: OpenLink, *, status: int = 200) -> Answer:
        from lambdas.api.pages import review as pages

        campaign = self._ports.campaigns.get(link.key)
        return pages.decided(link, campaign, now=self._ports.clock.now(), status=status)


def _draft(fields: Mapping[str, str]) -> "Draft":
    from lambdas.api.pages.review import Draft

    return Draft(fields.get("decision", ""), fields.get("comments", ""), drafts_in(fields))


def _require_hash(fields: Mapping[str, str]) -> None:
    """A form without the hash of what it showed decides nothing; the page's own form always has it. It is empty on a
    page that was shown during an edit; that form decides nothing either, and is answered with the current posts."""
    if "contentHash" not in fields:
        problem = FieldError("contentHash", "the form does not say what it showed; open the link again")
        raise InvalidInputError(problem.message, errors=[problem])


def _filled_in(link: OpenLink, fields: Mapping[str, str]) -> Choice:
    """Raises ``InvalidInputError`` with the name of the form's field."""
    named = {name: value for name, value in fields.items() if name in _DECISION_FIELDS}
    if len(named.get("comments", "").strip()) > MAX_COMMENTS:
        problem = FieldError("comments", f"your comments have more than {MAX_COMMENTS:,} characters; shorten them")
        raise InvalidInputError(problem.message, errors=[problem])
    said = DecisionInput.from_wire({"callbackId": link.approval.callback_id} | named)
    return _choice(said)._replace(posts=marks_in(fields, link.approval.campaign_id))


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
        return listing([ApprovalView.of(approval) for approval in self._ports.approvals.all(key)], None)

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
