"""A reviewer's way in: the page behind the mailed link, and its twin for programs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.api.approvals.decisions import Choice, DecisionPorts, decide, require_not_superseded, require_open
from lambdas.api.approvals.links import LinkPorts, OpenLink, open_link, open_token
from lambdas.api.approvals.marks import drafts_in, marks_in
from lambdas.api.rest.answers import Answer, answer, described, html_described
from lambdas.api.rest.request import bearer, form_body, json_body
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import DecidedApproval
from lambdas.api.services import Services
from lambdas.domain.errors import CampaignError, ConflictError, FieldError, InvalidInputError
from lambdas.domain.models.approval import MAX_COMMENTS, Decision, DecisionInput
from lambdas.ports.paging import every

if TYPE_CHECKING:
    from lambdas.api.rest.pages import Draft

TAG = "Approval"
FORM = {
    "decision": {"type": "string", "enum": [decision.value for decision in Decision]},
    "comments": {"type": "string"},
    "contentHash": {"type": "string", "description": "Of the content that was shown."},
    "page": {
        "type": "string",
        "description": "Instead of a decision: show this page of the posts.",
    },
}
_DECISION_FIELDS = frozenset(FORM) - {"page"}
# Nothing is required of a link here: one without its parts gets a page that says so, and not a problem document.
CallbackPath = Annotated[str, Path()]
LinkPart = Annotated[str, Query()]
PageNumber = Annotated[str, Query(description="Page of the posts, from 1.")]


class ApprovalRoutes:
    def __init__(self, app: Resolver, services: Services) -> None:
        self._app = app
        self._services = services
        self._links = LinkPorts(services.approvals, services.keys, services.clock, services.log)
        self._decisions = DecisionPorts(
            services.approvals, services.campaigns, services.engine, services.clock, services.cipher
        )
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
        """Look, and never decide: mail scanners and link previews come here too."""
        from lambdas.api.rest import pages

        try:
            return self._shown(open_link(token, nonce, callback_id, self._links), page)
        except CampaignError as error:
            return pages.refusal(error)

    def _shown(self, link: OpenLink, page: str, fields: Mapping[str, str] | None = None) -> Answer:
        """The request as it stands. ``fields`` are of a form that was sent to see another page of its posts."""
        from lambdas.api.rest import pages

        require_not_superseded(link.approval)
        if link.approval.decision:
            return self._decided(link)
        require_open(link, self._decisions)
        if pages.has_answered(link):
            return self._answered(link)
        campaign = self._services.campaigns.get_configured(link.key)
        edited = fields is not None and fields.get("contentHash") != link.approval.content_hash
        notice = pages.Notice.CHANGED if edited else pages.Notice.NONE
        return pages.approval(link, campaign, self._services.posts, page, _draft(fields or {}), notice)

    def decide_by_form(self, callback_id: CallbackPath, token: LinkPart = "", nonce: LinkPart = "") -> Answer:
        from lambdas.api.rest import pages

        try:
            link = open_link(token, nonce, callback_id, self._links)
            fields = form_body(self._app.current_event)
            if "page" in fields:
                return self._shown(link, fields["page"], fields)
            said = DecisionInput.from_wire(
                {"callbackId": callback_id}
                | {name: value for name, value in fields.items() if name in _DECISION_FIELDS}
            )
            _require_hash(said)
            choice = _choice(said)._replace(posts=marks_in(fields, link.approval.campaign_id))
            try:
                decided = decide(link, choice, self._decisions)
            except ConflictError as error:
                return self._late(error, open_link(token, nonce, callback_id, self._links), fields)
            if decided.decision is None:
                return self._answered(link._replace(approval=decided))
            return self._decided(link._replace(approval=decided))
        except CampaignError as error:
            return pages.refusal(error)

    def decide_by_token(self, campaign_id: Annotated[str, Path()]) -> Answer:
        event = self._app.current_event
        token = bearer(event)
        body = DecisionInput.from_wire(json_body(event))
        link = open_token(token, campaign_id, body.callback_id, self._links)
        try:
            decided = decide(link, _choice(body), self._decisions)
        except ConflictError as error:
            if error.details.get("reason") == "changed":
                raise ConflictError(error.message, details=error.details, errors=self._edits(link)) from None
            raise
        return answer(DecidedApproval.of(decided, body))

    def _edits(self, link: OpenLink) -> list[FieldError]:
        """What was edited since the reviewers were asked: the text as it is now, post by post."""
        changed = (post for post in every(self._services.posts, link.key) if post.edit and post.content)
        return [
            FieldError(
                f"posts[{post.index}].content.text", f"was {post.edit.previous.text!r}, is {post.content.text!r}"
            )
            for post in changed
            if post.edit and post.content
        ]

    def _late(self, error: ConflictError, link: OpenLink, fields: Mapping[str, str]) -> Answer:
        """The page of a decision that did not count: what counted instead, or what changed meanwhile."""
        from lambdas.api.rest import pages

        campaign = self._services.campaigns.get_configured(link.key)
        match error.details.get("reason"):
            case "decided":
                return self._decided(link, status=409)
            case "voted":
                return self._answered(link, status=409)
            case "changed" if link.approval.content_hash:
                notice = pages.Notice.NOT_RECORDED
                return pages.approval(link, campaign, self._services.posts, "1", _draft(fields), notice)
        return pages.refusal(error)

    def _answered(self, link: OpenLink, *, status: int = 200) -> Answer:
        from lambdas.api.rest import pages

        campaign, votes = self._services.campaigns.get(link.key), self._services.approvals.votes(link.approval)
        return pages.answered(link, campaign, votes, status=status)

    def _decided(self, link: OpenLink, *, status: int = 200) -> Answer:
        from lambdas.api.rest import pages

        campaign = self._services.campaigns.get(link.key)
        return pages.decided(link, campaign, now=self._services.clock.now(), status=status)


def _draft(fields: Mapping[str, str]) -> "Draft":
    from lambdas.api.rest.pages import Draft

    return Draft(fields.get("decision", ""), fields.get("comments", "")[:MAX_COMMENTS], drafts_in(fields))


def _require_hash(said: DecisionInput) -> None:
    """A form that does not say what it showed decides nothing: the page's own always does."""
    if not said.content_hash:
        problem = FieldError("contentHash", "the form does not say what it showed; open the link again")
        raise InvalidInputError(problem.message, errors=[problem])


def _choice(body: DecisionInput) -> Choice:
    return Choice(body.decision, body.comments, body.content_hash, body.posts)
