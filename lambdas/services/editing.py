"""Editing a post by hand while its campaign waits for approval."""

from collections.abc import Sequence
from typing import Any

from lambdas.domain.approval import EDIT_GRACE, shown_anew, with_hashes
from lambdas.domain.compliance import check_brand
from lambdas.domain.content_hash import content_hash
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
from lambdas.domain.models.base import WHOLE, Model
from lambdas.domain.models.campaign import ApprovalPolicy, Campaign, CampaignStatus
from lambdas.domain.models.post import Edit, Post, PostContent, RuleResult
from lambdas.domain.platforms import LABELS
from lambdas.domain.record_size import MAX_ITEM_BYTES, fits, record_bytes
from lambdas.ports.bundle import Ports
from lambdas.ports.paging import every
from lambdas.ports.stores import ApprovalStore
from lambdas.services.open_requests import amend_pending


class PostPatch(Model):
    """Body of ``PATCH /campaigns/{id}/posts/{postId}``: what is named is replaced, ``null`` takes it away."""

    text: str | None = None
    hashtags: tuple[str, ...] | None = None
    mentions: tuple[str, ...] | None = None
    alt_text: str | None = None
    call_to_action: str | None = None
    link: str | None = None
    subject: str | None = None
    preview: str | None = None
    title: str | None = None


def edit_post(key: CampaignKey, post_id: PostId, patch: PostPatch, by: str, ports: Ports) -> Post:
    """Store the edited post, and what the reviewers now decide on.

    While the edit is under way nothing can be decided, by a reviewer or by the policy for silence: it is noted on the
    request first, whose hash is empty until the last edit of several has ended. Raises ``ConflictError`` for a campaign
    that does not wait for approval or is decided already, ``InvalidInputError`` with a field for each rule the text
    breaks, ``NotFoundError``, ``ConcurrentUpdateError``.
    """
    campaign = ports.campaigns.get_configured(key)
    post = ports.posts.get(key, post_id)
    approval = _open_request(campaign, key, ports.approvals)
    if post.content is None:
        raise ConflictError("the post has no text to edit", details={"status": post.status.value})
    rules = _checked(campaign, post, post.content, patch)
    content = post.content.model_copy(update=_changes(patch))
    started = Editing(edit_id=ports.ids.ulid(), since=ports.clock.now())
    edit = Edit(at=started.since, by=by, previous=post.edit.previous if post.edit else post.content)
    provenance = post.provenance.model_copy(update={"rules": rules}) if post.provenance else None
    changed = post.model_copy(update={"content": content, "provenance": provenance, "edit": edit})
    _check_size(changed, patch)
    held = _hold(approval, started, ports)
    try:
        if ports.clock.now() - started.since >= EDIT_GRACE:
            raise ConcurrentUpdateError("this took too long; look at the post again and then edit it")
        stored = ports.posts.edit(key, changed)
    except (ConcurrentUpdateError, NotFoundError):
        _release(held, started, campaign.brief.approval, ports)
        raise
    # After any other error the post may be written yet: the edit stays noted, and the sweep settles it (EDIT_GRACE).
    _release(held, started, campaign.brief.approval, ports)
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
        return left if left.editing else shown_anew(left, content_hash(every(ports.posts, current.key)), policy)

    try:
        due_at = ports.clock.now() if held.votes else None
        amend_pending(ports.approvals, held.key, held.callback_id, ended, known=held, due_at=due_at)
    except ConflictError:
        return  # the request is over; it cannot have been decided, because an edit is noted


def _open_request(campaign: Campaign, key: CampaignKey, approvals: ApprovalStore) -> Approval:
    waiting = [a for a in approvals.all(key) if a.status is ApprovalStatus.PENDING]
    if campaign.status is not CampaignStatus.AWAITING_APPROVAL or not waiting:
        message = "posts can be edited while their campaign waits for approval"
        raise ConflictError(message, details={"status": campaign.status.value})
    return waiting[-1]


def _changes(patch: PostPatch) -> dict[str, Any]:
    """Raises ``InvalidInputError`` if the body names no field or removes the text."""
    changes: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name in ("hashtags", "mentions"):
        if name in changes:
            changes[name] = changes[name] or ()
    if not changes:
        names = ", ".join(field.alias or name for name, field in PostPatch.model_fields.items())
        message = f"nothing to change was given; name at least one of {names}"
        raise InvalidInputError(message, errors=[FieldError(WHOLE, message)])
    if changes.get("text", "") is None:
        raise InvalidInputError("text: a post needs one", errors=[FieldError("text", "a post needs one")])
    return changes


def _check_size(changed: Post, patch: PostPatch) -> None:
    """Checked before anything is written: a post too large for the table is refused, naming the largest field."""
    record = changed.to_record()
    if fits(record):
        return
    wire = patch.to_wire()
    largest = max(wire, key=lambda name: record_bytes(wire[name]))
    message = f"the post would have {record_bytes(record)} bytes, and {MAX_ITEM_BYTES} are kept"
    raise PayloadTooLargeError(f"{largest}: {message}", errors=[FieldError(largest, message)])


def _checked(campaign: Campaign, post: Post, before: PostContent, patch: PostPatch) -> tuple[RuleResult, ...]:
    """Check the patched post against every rule. Raises ``InvalidInputError`` with the field that breaks each."""
    limit, changes = LIMITS[post.platform], _changes(patch)
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
