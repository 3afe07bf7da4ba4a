"""A plan is checked before anybody sees it, whoever made it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from lambdas.agents.campaign_planner.contract import PlannerInput
from lambdas.agents.campaign_planner.topics import normalised
from lambdas.domain.calendar import SlotRequest, validate_slots
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.post import PlannedPost

POSTS_PER_REPEAT = 30
"""One repetition of a topic is allowed for each so many posts: none in a small campaign, a few in a large one.

30 is what the shortest brief still yields: of 30 posts five educate, and a single subject has five angles for that.
"""


def allowed_uses(total: int) -> int:
    """How often one topic may come in a campaign of ``total`` posts."""
    return -(-total // POSTS_PER_REPEAT)


def plan_problems(request: PlannerInput, posts: Sequence[PlannedPost], expected: int) -> list[str]:
    """Everything wrong with a plan, one sentence each, with posts counted from 1; empty when nothing is."""
    return [
        *([f"{expected} posts were wanted and {len(posts)} are planned"] if len(posts) != expected else []),
        *_unknown(request, posts),
        *_misnamed(request, posts),
        *_repeated(posts),
        *validate_slots(
            request.campaign.schedule,
            [SlotRequest(post.platform, post.persona_id) for post in posts],
            [post.scheduled_at for post in posts],
        ),
    ]


def _unknown(request: PlannerInput, posts: Sequence[PlannedPost]) -> Iterator[str]:
    served = request.merged_config.platforms
    for number, post in enumerate(posts, 1):
        if post.platform not in request.campaign.platforms:
            yield f"post {number} is for {post.platform.value}, which the campaign does not use"
        elif post.persona_id not in served[post.platform].persona_ids:
            yield f"post {number}: persona {post.persona_id} does not post on {post.platform.value}"


def _misnamed(request: PlannerInput, posts: Sequence[PlannedPost]) -> Iterator[str]:
    for index, post in enumerate(posts):
        if post.post_id != post_id_for(request.campaign_id, index):
            yield f"post {index + 1} has the id of another post"


def _repeated(posts: Sequence[PlannedPost]) -> Iterator[str]:
    allowed = allowed_uses(len(posts))
    for topic, times in Counter(normalised(post.topic) for post in posts).items():
        if times > allowed:
            yield f"the topic {topic!r} comes {times} times, at most {allowed} are allowed"
