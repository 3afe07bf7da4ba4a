"""What a reviewer does on their page, and what they see then: look, turn pages, edit, decide.

The page is one form without scripts, whose buttons say what is meant.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from lambdas.api.pages import edits, outcomes, review
from lambdas.api.pages.marks import Wrong, draft_of, marks_in, numbers_in, wrongs_in
from lambdas.api.pages.selection import POSTS_A_PAGE, Filter
from lambdas.api.rest.answers import Answer
from lambdas.domain.errors import ConflictError, FieldError, InvalidInputError, RetryableError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import DecisionInput
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.post import Post
from lambdas.domain.models.workflow import Decision
from lambdas.ports.bundle import Ports
from lambdas.services.approval_links import OpenLink
from lambdas.services.decisions import Choice, decide, require_not_superseded, require_open
from lambdas.services.editing import PostPatch, edit_post
from lambdas.services.sentences import words_of


class Reviewing:
    """What a reviewer does through one link."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def look(self, link: OpenLink, page: str) -> Answer:
        """Raises ``GoneError`` where there is nothing to look at."""
        return self._shown(link, {"page": page}, sent=False)

    def send(self, link: OpenLink, fields: Mapping[str, str]) -> Answer:
        """The page's form was sent. Raises a ``CampaignError`` where that leads to no page of the campaign's."""
        if "page" not in fields:
            _require_hash(fields)
        return self._sent(link, fields)

    def _sent(self, link: OpenLink, fields: Mapping[str, str]) -> Answer:
        """What the button asks for; without one it is the decision."""
        decides = not any(button in fields for button in ("page", "foresee", *edits.BUTTONS))
        if self._is_over(link):
            return self._decided_by(link, fields) if decides else self._shown(link, fields)
        campaign = self._ports.campaigns.get_configured(link.key)
        pressed = edits.pressed(fields, review.total_of(link, campaign))
        if pressed and pressed[0] != "edit":
            return self._edited(link, campaign, *pressed, fields)
        unsaved = self._unsaved(campaign, link, fields)
        if unsaved:
            wrong = Wrong(f"text-{unsaved.number}", "error.unsaved", unsaved.number)
            return self._shown(link, fields, wrongs=[wrong], editing=unsaved)
        if pressed:
            return self._edited(link, campaign, *pressed, fields)
        wrongs = wrongs_in(fields, review.total_of(link, campaign)) if decides else []
        if decides and not wrongs:
            return self._decided_by(link, fields, campaign)
        asked = fields.get("foresee", "")
        number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 0
        return self._shown(link, fields, wrongs=wrongs, foresee=number)

    def _is_over(self, link: OpenLink) -> bool:
        """Whether there is nothing to answer through this link, and so nothing wrong with what is sent."""
        return link.approval.decision is not None or review.has_answered(link)

    def _shown(self, link: OpenLink, fields: Mapping[str, str], *, sent: bool = True, **more: Any) -> Answer:
        """The request as it stands. ``fields`` are of a form that was ``sent``; ``more`` goes into the page's state."""
        require_not_superseded(link.approval)
        if link.approval.decision:
            return self._decided(link)
        campaign = self._ports.campaigns.get_configured(link.key)
        require_open(link, campaign, self._ports.clock.now())
        if review.has_answered(link):
            return self._answered(link)
        state = _state(
            fields, **{"notice": review.notice_of(link, fields.get("contentHash") if sent else None), **more}
        )
        wrong = 422 if state.wrongs else 200
        status = 409 if state.notice in (review.Notice.BUSY, review.Notice.NOT_RECORDED, review.Notice.WAIT) else wrong
        return review.approval(link, campaign, self._ports.posts, state, status=status)

    def _decided_by(self, link: OpenLink, fields: Mapping[str, str], campaign: Campaign | None = None) -> Answer:
        campaign = campaign or self._ports.campaigns.get_configured(link.key)
        decision, total = fields.get("decision", ""), review.total_of(link, campaign)
        unopened: list[int] = []
        if decision == Decision.APPROVED and total > POSTS_A_PAGE and not self._is_over(link):
            unopened = sorted(set(range(1, total + 1)) - numbers_in(fields.get("seen", "")))
            if unopened and not fields.get("confirmed") and fields["contentHash"] == link.approval.content_hash:
                require_not_superseded(link.approval)
                require_open(link, campaign, self._ports.clock.now())
                return review.confirmation(link, campaign, fields, unopened)
        if wrongs_in(fields, total):  # of a form that came too late; the page says what counts
            return self._shown(link, fields)
        said = {name: fields[name] for name in ("decision", "comments", "contentHash") if name in fields}
        try:
            body = DecisionInput.from_wire({"callbackId": link.approval.callback_id} | said)
        except InvalidInputError as error:  # a character that cannot be stored
            return self._shown(link, fields, wrongs=[Wrong("comments", "error.form", values={"text": error.message})])
        marks = marks_in(fields, link.approval.campaign_id)
        choice = Choice(body.decision, body.comments, body.content_hash, marks, len(unopened))
        try:
            decided = link._replace(approval=decide(link, choice, self._ports))
        except ConflictError as error:
            return self._late(error, self._again(link), fields)
        return self._answered(decided) if decided.approval.decision is None else self._decided(decided)

    def _late(self, error: ConflictError, link: OpenLink, fields: Mapping[str, str]) -> Answer:
        """The page of a decision that did not count: what counted instead, or what changed meanwhile."""
        match error.details.get("reason"):
            case "decided":
                return self._decided(link, status=409)
            case "voted":
                return self._answered(link, status=409)
            case "changed":
                notice = review.Notice.NOT_RECORDED if link.approval.content_hash else review.Notice.WAIT
                return self._shown(link, fields, notice=notice)
        return outcomes.refusal(error)

    def _answered(self, link: OpenLink, *, status: int = 200) -> Answer:
        campaign, votes = self._ports.campaigns.get(link.key), self._ports.approvals.votes(link.approval)
        return outcomes.answered(link, campaign, votes, status=status)

    def _decided(self, link: OpenLink, *, status: int = 200) -> Answer:
        campaign = self._ports.campaigns.get(link.key)
        return outcomes.decided(link, campaign, now=self._ports.clock.now(), status=status)

    def _again(self, link: OpenLink) -> OpenLink:
        return link._replace(approval=self._ports.approvals.get(link.key, link.approval.callback_id))

    def _unsaved(self, campaign: Campaign, link: OpenLink, fields: Mapping[str, str]) -> edits.EditForm | None:
        """The post that is being edited, if its fields were changed."""
        opened = edits.pressed({"edit": fields.get("editing", "")}, review.total_of(link, campaign))
        if opened is None:
            return None
        post, zone = self._post(link, opened[1]), _zone(campaign)
        form = edits.filled_in(fields, post, zone)
        try:
            return form if edits.changes_in(form, post, zone) else None
        except ValueError:
            return form

    def _edited(
        self, link: OpenLink, campaign: Campaign, button: str, number: int, fields: Mapping[str, str]
    ) -> Answer:
        """One of an edit's buttons was pressed."""
        require_not_superseded(link.approval)
        require_open(link, campaign, self._ports.clock.now())
        post, zone = self._post(link, number), _zone(campaign)
        if button in ("edit", "cancel") or post.content is None:
            form = edits.form_of(post, zone) if button == "edit" and post.content else None
            return self._shown(link, fields, editing=form)
        form = edits.filled_in(fields, post, zone) if button == "save" else None
        if form and form.version != str(post.version):
            now = form._replace(version=str(post.version))
            return self._shown(link, fields, wrongs=[Wrong(f"text-{number}", "error.meanwhile", number)], editing=now)
        try:
            done = self._stored(link, post, button, form, zone)
        except InvalidInputError as error:
            wrongs = edits.wrongs_of(error, number, form, campaign, words_of(campaign.brief.language))
            return self._shown(link, fields, wrongs=wrongs, editing=form)
        except ValueError:
            wrong = Wrong(f"time-{number}", "error.no_time", number, {"zone": zone.key})
            return self._shown(link, fields, wrongs=[wrong], editing=form)
        except RetryableError:
            return self._shown(self._again(link), fields, notice=review.Notice.BUSY, editing=form)
        except ConflictError:  # decided meanwhile
            return self._shown(self._again(link), fields)
        stored = self._again(link)
        if fields.get("contentHash") == link.approval.content_hash:  # what else has changed is still to be said
            fields = {**fields, "contentHash": stored.approval.content_hash}
        return self._shown(stored, fields, done=(done, number))

    def _stored(self, link: OpenLink, post: Post, button: str, form: edits.EditForm | None, zone: ZoneInfo) -> str:
        """What was done, by its key in the words. Raises like ``edit_post``, and ``ValueError`` for no time."""
        patch = edits.patch_of(form, post, zone) if form else PostPatch(dropped=button == "drop")
        done = {"save": "done.saved", "drop": "done.dropped", "keep": "done.kept"}[button]
        if patch is None:
            return "done.same"
        if patch.dropped is None or patch.dropped != post.dropped:
            edit_post(link.key, post.post_id, patch, link.reviewer.email, self._ports)
        return done

    def _post(self, link: OpenLink, number: int) -> Post:
        return self._ports.posts.get(link.key, post_id_for(link.key.campaign_id, number - 1))


def _state(fields: Mapping[str, str], **more: Any) -> review.State:
    chosen = Filter(fields.get("platform", ""), bool(fields.get("attention")))
    page = fields.get("page") or fields.get("at") or "1"
    return review.State(draft_of(fields), page, chosen, **more)


def _require_hash(fields: Mapping[str, str]) -> None:
    """A form that does not say what it showed decides nothing: the page's own always does. It is empty on a page that
    was shown while somebody edited, which decides nothing either and is answered with what there is now."""
    if "contentHash" not in fields:
        problem = FieldError("contentHash", "the form does not say what it showed; open the link again")
        raise InvalidInputError(problem.message, errors=[problem])


def _zone(campaign: Campaign) -> ZoneInfo:
    return ZoneInfo(campaign.brief.schedule.time_zone)
