"""Editing a post by hand while its campaign waits for approval: its text, its time, and whether it goes out.

Managers come through the API, reviewers through their page.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lambdas.domain.approval import EDIT_GRACE, shown_anew, with_hashes
from lambdas.domain.calendar import time_problem
from lambdas.domain.compliance import check_brand
from lambdas.domain.content_hash import ContentHash
from lambdas.domain.errors import (
    ConcurrentUpdateError,
    ConflictError,
    FieldError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
)
from lambdas.domain.ids import CampaignKey, PostId
from lambdas.domain.limits import LIMITS, check_limits
from lambdas.domain.models.approval import Approval, ApprovalStatus, Editing
from lambdas.domain.models.base import WHOLE, Model, Moment
from lambdas.domain.models.campaign import ApprovalPolicy, Campaign, CampaignStatus
from lambdas.domain.models.post import URGENT_INTENTS, Edit, HandEdit, Post, PostContent, RuleResult
from lambdas.domain.platforms import LABELS
from lambdas.domain.record_size import MAX_ITEM_BYTES, fits, record_bytes
from lambdas.ports.bundle import Ports
from lambdas.ports.paging import every
from lambdas.ports.stores import ApprovalStore, PostStore
from lambdas.services.lifecycle import count_posts
from lambdas.services.open_requests import amend_pending


class PostPatch(Model):
    """Body of ``PATCH /campaigns/{id}/posts/{postId}``: what is named is replaced, ``null`` takes it away.

    A post has a text, a time and a ``dropped`` always: those three cannot be taken away.
    """

    text: str | None = None
    hashtags: tuple[str, ...] | None = None
    mentions: tuple[str, ...] | None = None
    alt_text: str | None = None
    call_to_action: str | None = None
    link: str | None = None
    subject: str | None = None
    preview: str | None = None
    title: str | None = None
    scheduled_at: Moment | None = None
    """Within the campaign's schedule, on a day and in an hour of the platform, and not in the past."""
    dropped: bool | None = None
    """``true`` takes the post out: it keeps its text and does not go out. ``false`` puts it back."""


_NOT_OF_THE_CONTENT = ("scheduled_at", "dropped")
EDITS_KEPT = 50
"""In a post's provenance: the newest."""


def edit_post(key: CampaignKey, post_id: PostId, patch: PostPatch, by: str, ports: Ports) -> Post:
    """Store the edited post, and what the reviewers now decide on.

    While the edit is under way nothing can be decided, by a reviewer or by the policy for silence: it is noted on the
    request first, whose hash is empty until the last edit of several has ended. Raises ``ConflictError`` for a campaign
    that does not wait for approval or is decided already, ``InvalidInputError`` with a field for each rule the text
    or the time breaks, ``NotFoundError``, ``ConcurrentUpdateError``. ``by`` is kept in the post's ``edit``, and in its
    provenance.
    """
    campaign = ports.campaigns.get_configured(key)
    post = ports.posts.get(key, post_id)
    approval = _open_request(campaign, key, ports.approvals)
    if post.content is None:
        raise ConflictError("the post has no text to edit", details={"status": post.status.value})
    started = Editing(edit_id=ports.ids.ulid(), since=ports.clock.now())
    edit = Edit(at=started.since, by=by, previous=post.edit.previous if post.edit else post.content)
    changed = _changed(campaign, post, patch, started.since).model_copy(update={"edit": edit})
    changed = _with_provenance(changed, patch, edit)
    if changed.dropped and not any(other.goes_out for other in every(ports.posts, key) if other.post_id != post_id):
        raise _wrong("dropped", "at least one post has to stay; reject the campaign instead")
    _check_size(changed, patch)
    held = _hold(approval, started, ports)
    try:
        if ports.clock.now() - started.since >= EDIT_GRACE:
            raise ConcurrentUpdateError("this took too long; look at the post again and then edit it")
        if changed.dropped and len(held.editing) > 1:  # which may drop the only other post that is left
            raise ConcurrentUpdateError("somebody else is changing a post; try again in a moment")
        stored = ports.posts.edit(key, changed)
    except (ConcurrentUpdateError, NotFoundError):
        _release(held, started, campaign.brief.approval, ports)
        raise
    # After any other error the post may be written yet: the edit stays noted, and the sweep settles it (EDIT_GRACE).
    _release(held, started, campaign.brief.approval, ports)
    if changed.dropped != post.dropped:
        count_posts(key, ports.posts.count(key), ports.campaigns, ports.clock.now())
    return stored


def _hold(approval: Approval, started: Editing, ports: Ports) -> Approval:
    """Note the edit on the request, and that somebody has to look when it does not end."""
    due_at = started.since + EDIT_GRACE

    def noted(current: Approval) -> Approval:
        # With what the votes were given for, while that is still known.
        current = with_hashes(current, every(ports.posts, current.key))
        return current.model_copy(update={"content_hash": "", "editing": (*current.editing, started)})

    earliest = min(due_at, approval.due_at or due_at)
    return amend_pending(ports.approvals, approval.key, approval.callback_id, noted, known=approval, due_at=earliest)


def _release(held: Approval, started: Editing, policy: ApprovalPolicy, ports: Ports) -> None:
    """Remove the note that an edit is under way. When the last edit ends, store the hash of the current posts;
    reviewers who answered about an earlier content are asked again by the sweep within a minute.

    An edit that begins meanwhile is noted on the request first, so the write of an outdated hash fails.
    """

    def ended(current: Approval) -> Approval:
        left = current.model_copy(
            update={"editing": tuple(edit for edit in current.editing if edit.edit_id != started.edit_id)}
        )
        return left if left.editing else _as_it_is_now(left, policy, ports.posts)

    try:
        due_at = ports.clock.now() if held.votes else None
        amend_pending(ports.approvals, held.key, held.callback_id, ended, known=held, due_at=due_at)
    except ConflictError:
        return  # the request is over; it cannot have been decided, because an edit is noted


def _as_it_is_now(approval: Approval, policy: ApprovalPolicy, posts: PostStore) -> Approval:
    """The request about the posts after the edit. One of layout 0 is read by a version that knows no ``firstAt``."""
    hashed, times = ContentHash(), set[datetime]()
    for post in every(posts, approval.key):
        hashed.add(post)
        if post.goes_out:
            times.add(post.scheduled_at)
    if approval.layout:
        summary = approval.summary.model_copy(update={"first_at": min(times, default=None)})
        approval = approval.model_copy(update={"summary": summary})
    return shown_anew(approval, hashed.hexdigest(), policy)


def _open_request(campaign: Campaign, key: CampaignKey, approvals: ApprovalStore) -> Approval:
    waiting = [a for a in approvals.all(key) if a.status is ApprovalStatus.PENDING]
    if campaign.status is not CampaignStatus.AWAITING_APPROVAL or not waiting:
        message = "posts can be edited while their campaign waits for approval"
        raise ConflictError(message, details={"status": campaign.status.value})
    return waiting[-1]


def _changes(patch: PostPatch) -> dict[str, Any]:
    """Raises ``InvalidInputError`` where nothing is named, or what a post always has is taken away."""
    changes: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name in ("hashtags", "mentions"):
        if name in changes:
            changes[name] = changes[name] or ()
    if not changes:
        names = ", ".join(field.alias or name for name, field in PostPatch.model_fields.items())
        message = f"nothing to change was given; name at least one of {names}"
        raise InvalidInputError(message, errors=[FieldError(WHOLE, message)])
    for name in ("text", *_NOT_OF_THE_CONTENT):
        if name in changes and changes[name] is None:
            raise _wrong(PostPatch.model_fields[name].alias or name, "a post needs one")
    return changes


def _changed(campaign: Campaign, post: Post, patch: PostPatch, now: datetime) -> Post:
    """The patched post, with what every rule says of its text. Raises ``InvalidInputError``."""
    changes = _changes(patch)
    own = {name: changes.pop(name) for name in _NOT_OF_THE_CONTENT if name in changes}
    moment: datetime = own.get("scheduled_at", post.scheduled_at)
    if moment != post.scheduled_at:
        _require_time(campaign, post, moment, now)
        planned = post.moved_from or post.scheduled_at
        own["moved_from"] = None if moment == planned else planned
    if changes and post.content:
        rules = _checked(campaign, post, post.content, changes)
        own["content"] = post.content.model_copy(update=changes)
        own["provenance"] = post.provenance.model_copy(update={"rules": rules}) if post.provenance else None
    return post.model_copy(update=own)


def _with_provenance(post: Post, patch: PostPatch, edit: Edit) -> Post:
    """Who changed what, and when, stays with where the text comes from."""
    if post.provenance is None:
        return post
    fields = tuple(PostPatch.model_fields[name].alias or name for name in sorted(patch.model_fields_set))
    edits = (*post.provenance.edits, HandEdit(at=edit.at, by=edit.by, fields=fields))[-EDITS_KEPT:]
    return post.model_copy(update={"provenance": post.provenance.model_copy(update={"edits": edits})})


def _require_time(campaign: Campaign, post: Post, moment: datetime, now: datetime) -> None:
    brief = campaign.planned_brief
    if moment <= now:
        raise _wrong("scheduledAt", "this time is over", "past")
    problem = time_problem(brief.schedule, post.platform, moment)
    if problem:
        raise _wrong("scheduledAt", problem, "window")
    deadline = brief.deadline_utc()
    if deadline and moment > deadline and post.intent in URGENT_INTENTS:
        message = f"the post asks to hurry ({post.intent}), and the deadline is {brief.schedule.told(deadline)}"
        raise _wrong("scheduledAt", message, "deadline")


def _wrong(field: str, message: str, reason: str | None = None) -> InvalidInputError:
    details = {"reason": reason} if reason else None
    return InvalidInputError(f"{field}: {message}", errors=[FieldError(field, message)], details=details)


def _check_size(changed: Post, patch: PostPatch) -> None:
    """Checked before anything is written: a post too large for the table is refused, naming the largest field."""
    record = changed.to_record()
    if fits(record):
        return
    wire = patch.to_wire()
    largest = max(wire, key=lambda name: record_bytes(wire[name]))
    message = f"the post would have {record_bytes(record)} bytes, and {MAX_ITEM_BYTES} are kept"
    raise PayloadTooLargeError(f"{largest}: {message}", errors=[FieldError(largest, message)])


def _checked(campaign: Campaign, post: Post, before: PostContent, changes: Mapping[str, Any]) -> tuple[RuleResult, ...]:
    """What every rule says of the patched text. Raises ``InvalidInputError`` with the field that breaks each."""
    limit = LIMITS[post.platform]
    unknown = [
        FieldError(name, f"a post on {LABELS[post.platform]} has none")
        for name in ("title", "subject", "preview")
        if changes.get(name) is not None and getattr(limit, name) is None and name not in limit.requires
    ]
    rules = _rules(campaign, post, before.model_copy(update=changes))
    broken = [rule for rule in rules if not rule.passed]
    if not (broken or unknown):
        return rules
    # The field that breaks the rule by itself. If the rule was broken before, or by several fields together, the text
    # is named.
    by_rule = {rule.rule: "text" for rule in broken}
    was_broken = _broken(_rules(campaign, post, before))
    for name, value in changes.items():
        wire = PostPatch.model_fields[name].alias or name
        alone = _broken(_rules(campaign, post, before.model_copy(update={name: value})))
        by_rule |= {rule: wire for rule in alone - was_broken if rule in by_rule}
    errors = [*unknown, *(FieldError(by_rule[rule.rule], f"{rule.detail}; rule {rule.rule}") for rule in broken)]
    raise InvalidInputError("; ".join(f"{error.field}: {error.message}" for error in errors), errors=errors)


def _broken(rules: Sequence[RuleResult]) -> set[str]:
    return {rule.rule for rule in rules if not rule.passed}


def _rules(campaign: Campaign, post: Post, content: PostContent) -> tuple[RuleResult, ...]:
    """Every rule of the platform, and of the brand as stored with the campaign."""
    rules = check_limits(post.platform, content)
    if campaign.configuration:
        brand, language = campaign.configuration.brand, campaign.brief.language
        rules = (*rules, *check_brand(content, post.platform, brand, language=language))
    return rules
