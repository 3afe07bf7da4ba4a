"""A revision through the whole workflow with the offline writer: what came of the comments is kept, and a repeat of any
delivery changes nothing."""

from typing import Any

from lambdas.agents import content_generator
from lambdas.api.rest.approval_views import ApprovalView
from lambdas.api.rest.views import CampaignView, PostView
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import Approval, Decision, PostDecision, PostVerdict
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.post import Edit, Followed, Post
from lambdas.services.approval_links import OpenLink
from lambdas.services.decisions import Choice, decide
from tests.support import samples
from tests.support.pipeline import Delivery, Pipeline
from tests.support.world import World

COMMENTS = {
    0: PostDecision(
        post_id=post_id_for(samples.CAMPAIGN_ID, 0),
        verdict=PostVerdict.CHANGE,
        comment="Please add a stronger hook and mention who it is for.",
    ),
    1: PostDecision(post_id=post_id_for(samples.CAMPAIGN_ID, 1), verdict=PostVerdict.REJECT),
}


class Copywriter:
    """The content generator itself, where the workflow's tests have a stand-in."""

    def __call__(self, data: Any) -> dict[str, Any]:
        return content_generator.run(data)


class Revised(Pipeline):
    """The first round is sent back with comments, the second is approved."""

    def __init__(self, world: World) -> None:
        super().__init__(world, generator=Copywriter(), reviewer=self._review)  # type: ignore[arg-type]  # it is called alike
        self.shown: list[Post] = []
        self.asked_about: list[int] = []

    def _review(self, approval: Approval) -> Decision | None:
        self.asked_about.append(ApprovalView.of(approval).needs_person)
        if approval.round > 1:
            return Decision.APPROVED
        self.shown = self.posts()
        choice = Choice(Decision.NEEDS_REVISION, "", None, tuple(COMMENTS.values()))
        decide(OpenLink(approval, approval.reviewers[0]), choice, self.world)
        return Decision.NEEDS_REVISION

    def posts(self) -> list[Post]:
        return list(self.world.posts.page(samples.KEY, 100).items)

    def _answer(self, wait: Any, key: Any) -> dict[str, object]:
        approval = next(a for a in self.world.approvals.all(key) if a.task_token == wait.token)
        if approval.round == 1 and self._around.told(wait.token) is None:
            self._review(approval)
        return super()._answer(wait, key)


def revised() -> tuple[World, Revised]:
    world = World()
    pipeline = Revised(world)
    ended = pipeline.run(world.queue(samples.brief(posts=4)))
    assert ended.state == "Approved", ended
    return world, pipeline


def test_what_came_of_the_comments_is_kept_with_the_posts() -> None:
    world, pipeline = revised()
    changed, anew, *others = pipeline.posts()
    assert changed.revision
    assert [each.outcome for each in changed.revision.outcomes] == [Followed.DONE, Followed.PERSON]
    assert changed.needs_person
    assert anew.revision
    assert [each.outcome for each in anew.revision.outcomes] == [Followed.DONE]
    before = {post.post_id: post.content for post in pipeline.shown}
    assert all(post.content == before[post.post_id] for post in others)
    assert world.campaigns.get(samples.KEY).needs_person == 1
    assert pipeline.asked_about[-1] == 1


def test_the_api_shows_it_until_somebody_edits_the_post() -> None:
    world, pipeline = revised()
    post = pipeline.posts()[0]
    view = PostView.of(post).to_wire()
    assert view["needsPerson"]
    assert [each["outcome"] for each in view["revision"]["outcomes"]] == ["done", "person"]
    assert CampaignView.of(world.campaigns.get(samples.KEY), "").needs_person == 1
    assert post.content
    edited = post.model_copy(update={"edit": Edit(at=post.scheduled_at, by="ada", previous=post.content)})
    assert not PostView.of(edited).needs_person


def test_every_delivery_of_a_revision_may_come_twice() -> None:
    world, pipeline = revised()
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.APPROVED
    before = {post.post_id: (post.content, post.revision, post.version) for post in pipeline.posts()}
    again = [d for d in pipeline.deliveries if d.function in ("revise-posts", "generate-posts", "aggregate-results")]
    assert any(d.function == "revise-posts" for d in again)
    for delivery in again:
        redelivered(pipeline, delivery)
        assert {p.post_id: (p.content, p.revision, p.version) for p in pipeline.posts()} == before, delivery.function


def redelivered(pipeline: Pipeline, delivery: Delivery) -> None:
    """Answered as before or refused, whichever; what counts is what it leaves behind."""
    from lambdas.domain.errors import ConflictError

    try:
        pipeline.deliver(delivery)
    except ConflictError:
        assert delivery.function == "revise-posts"


def test_a_post_of_an_older_version_is_read_and_needs_nobody() -> None:
    _, pipeline = revised()
    record = pipeline.posts()[0].to_record()
    del record["revision"]["outcomes"]
    assert not Post.from_record(record).needs_person
