"""Whatever is approved is what the posts say: with two edits at once, and when the time runs out during one."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from lambdas.adapters.table.post_store import TablePosts
from lambdas.domain.approval import EDIT_GRACE
from lambdas.domain.content_hash import content_hash
from lambdas.domain.errors import ConflictError, DependencyTimeoutError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.post import Post, PostContent
from lambdas.domain.models.workflow import Decision
from lambdas.ports.paging import every
from lambdas.services.decisions import Choice, decide
from lambdas.services.editing import PostPatch, edit_post
from lambdas.services.open_requests import Place, remind
from tests.support import samples
from tests.support.asked import Asked
from tests.support.faults import replaced
from tests.support.world import World


class Interrupted(TablePosts):
    """``before`` and ``after`` run around the next edit."""

    def __init__(self, posts: TablePosts) -> None:
        self.__dict__ = posts.__dict__
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def edit(self, key: CampaignKey, post: Post) -> Post:
        before, self.before, after, self.after = self.before, lambda: None, self.after, lambda: None
        before()
        stored = super().edit(key, post)
        after()
        return stored


@pytest.fixture
def asked(world: World) -> Asked:
    asked = Asked(world, onTimeout="approve", timeoutHours=48, remindAfterHours=[])
    for post in list(every(world.posts, samples.KEY)):
        text = PostContent(text=f"Text {post.index}.", generated_at=world.clock.now())
        world.posts.edit(samples.KEY, post.model_copy(update={"content": text}))
    world.approvals.amend(asked.approval.model_copy(update={"content_hash": shown(world)}))
    return asked


def shown(world: World) -> str:
    return content_hash(every(world.posts, samples.KEY))


def edit(asked: Asked, index: int, text: str, posts: TablePosts | None = None) -> Post:
    w = asked.world
    post = list(every(w.posts, samples.KEY))[index]
    ports = replaced(w, posts=posts or w.posts)
    return edit_post(samples.KEY, post.post_id, PostPatch(text=text), "robin", ports)


def approves(asked: Asked) -> None:
    link = asked.open(asked.links()["ada@example.com"])
    decide(link, Choice(Decision.APPROVED, "", None), asked.world)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_first_of_two_edits_to_end_lets_nobody_decide(asked: Asked, moment: str) -> None:
    """The second begins and ends while the first is at it: the hash comes back with the last one."""
    world, posts = asked.world, Interrupted(asked.world.posts)

    def another() -> None:
        edit(asked, 1, "Of the second.")
        assert asked.approval.content_hash == ""
        with pytest.raises(ConflictError) as refused:
            approves(asked)
        assert refused.value.details == {"reason": "changed"}

    setattr(posts, moment, another)
    edit(asked, 0, "Of the first.", posts)
    assert (asked.approval.content_hash, asked.approval.editing) == (shown(world), ())
    approves(asked)
    assert asked.approval.status is ApprovalStatus.DECIDED


def test_an_edit_knows_its_own_note_after_somebody_changed_the_request(asked: Asked) -> None:
    """The clock is finer than what is stored of a time."""
    world, posts = asked.world, Interrupted(asked.world.posts)
    place = Place(samples.KEY, asked.approval.callback_id)
    posts.before = lambda: remind(place, "grace@example.com", world.approvals, world.clock.now())
    edit(asked, 0, "Of the first.", posts)
    assert (asked.approval.editing, asked.approval.content_hash) == ((), shown(world))


def test_silence_approves_nothing_while_a_post_is_edited(asked: Asked) -> None:
    """The time runs out between the two writes of an edit; the sweep comes by, and waits."""
    world, posts = asked.world, Interrupted(asked.world.posts)

    def late() -> None:
        asked.tend()
        assert (asked.approval.status, asked.failed) == (ApprovalStatus.PENDING, [])

    posts.before = posts.after = late
    world.clock.advance(timedelta(hours=48))
    edit(asked, 0, "At the last moment.", posts)
    asked.tend()
    assert asked.approval.decision
    assert asked.approval.decision.decision is Decision.APPROVED
    assert asked.approval.content_hash == shown(world)


def test_an_edit_whose_writer_died_is_settled_before_silence_approves(asked: Asked) -> None:
    world, posts = asked.world, Interrupted(asked.world.posts)

    def die() -> None:
        raise DependencyTimeoutError("no answer: the post was written, and nobody knows")

    posts.after = die
    world.clock.advance(timedelta(hours=48))
    with pytest.raises(DependencyTimeoutError):
        edit(asked, 0, "Without an answer.", posts)
    asked.tend()
    assert asked.approval.status is ApprovalStatus.PENDING
    world.clock.advance(EDIT_GRACE)
    asked.tend(everything=False)
    assert asked.failed == []
    assert asked.approval.status is ApprovalStatus.DECIDED
    assert asked.approval.content_hash == shown(world)


def test_an_edit_that_slept_too_long_changes_nothing(asked: Asked) -> None:
    """Its process was stopped, the sweep took it for dead, and the policy has approved."""
    world, posts = asked.world, Interrupted(asked.world.posts)

    def sleep() -> None:
        world.clock.advance(EDIT_GRACE)
        asked.tend()

    hold = world.approvals.amend
    world.clock.advance(timedelta(hours=48))

    def slow(*args: object, **more: object) -> object:
        world.approvals.amend = hold  # type: ignore[method-assign]  # only the first call is slow
        held = hold(*args, **more)  # type: ignore[arg-type]  # as they were given
        sleep()
        return held

    world.approvals.amend = slow  # type: ignore[assignment]  # see above
    before = shown(world)
    with pytest.raises(Exception, match="too long"):
        edit(asked, 0, "Too late.", posts)
    assert asked.approval.status is ApprovalStatus.DECIDED
    assert asked.approval.content_hash == shown(world) == before
