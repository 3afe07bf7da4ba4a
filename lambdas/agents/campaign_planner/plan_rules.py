"""The parts of a plan that code decides, and the check of a whole plan, whoever made it.

Every platform gets its share of the posts, and on each platform the personas take turns.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lambdas.agents.campaign_planner.contract import PlannerInput
from lambdas.agents.campaign_planner.topics import normalised
from lambdas.agents.inputs import deadline_day, local_day
from lambdas.agents.statements import statements_of
from lambdas.domain.calendar import Slot, SlotRequest, validate_slots
from lambdas.domain.ids import PersonaId, post_id_for
from lambdas.domain.message_kinds import TypedMessage
from lambdas.domain.models.post import URGENT_INTENTS, AssetRequirements, PlannedPost
from lambdas.domain.platforms import Platform


def spread(
    total: int, platforms: Sequence[Platform], personas: Mapping[Platform, Sequence[PersonaId]]
) -> list[SlotRequest]:
    """``total`` posts, in the order in which they go out where all platforms have the same hours.

    The numbers of posts per platform differ by at most one. On a platform the next post goes to the persona with the
    fewest so far. The order of platforms changes with each round, so that none is always at the same time of day.
    """
    count = len(platforms)
    written: Counter[PersonaId] = Counter()
    requests = []
    for index in range(total):
        in_round, place = divmod(index, count)
        # A last, incomplete round starts at the front like the first, or a platform could fall behind by two.
        platform = platforms[(place + in_round) % count] if (in_round + 1) * count <= total else platforms[place]
        persona = min(personas[platform], key=lambda p: written[p])
        written[persona] += 1
        requests.append(SlotRequest(platform, persona))
    return requests


class _Format(NamedTuple):
    kind: str
    width: int
    height: int


# Pixels, as the platforms recommend for feed posts (checked 2026-11): 16:9 on X and blogs, 1.91:1 for link cards on
# LinkedIn and Facebook, 4:5 on Instagram and Threads, 9:16 on TikTok, 16:9 full HD on YouTube. A mail's header is
# 600 px wide at double density.
_FORMATS = {
    Platform.X: _Format("image", 1600, 900),
    Platform.LINKEDIN: _Format("image", 1200, 627),
    Platform.INSTAGRAM: _Format("image", 1080, 1350),
    Platform.FACEBOOK: _Format("image", 1200, 630),
    Platform.TIKTOK: _Format("video", 1080, 1920),
    Platform.THREADS: _Format("image", 1080, 1350),
    Platform.BLUESKY: _Format("image", 1200, 675),
    Platform.YOUTUBE: _Format("video", 1920, 1080),
    Platform.EMAIL: _Format("image", 1200, 600),
    Platform.BLOG: _Format("image", 1600, 900),
}


def asset_for(platform: Platform, visual: str) -> AssetRequirements:
    """The image or video that ``platform`` shows beside the text; none for SMS."""
    wanted = _FORMATS.get(platform)
    if wanted is None:
        return AssetRequirements()
    return AssetRequirements(kind=wanted.kind, description=visual or None, width=wanted.width, height=wanted.height)


POSTS_PER_REPEAT = 30
"""One repetition of a topic is allowed for each so many posts: none in a small campaign, a few in a large one."""
TOPICS_PER_STATEMENT = 3
"""Different topics that every statement has at least, whatever its language and its names."""


def allowed_uses(total: int, statements: int) -> int:
    """How often one topic may come in a campaign of ``total`` posts with so many things to say."""
    return max(-(-total // POSTS_PER_REPEAT), -(-total // (TOPICS_PER_STATEMENT * statements)))


def plan_problems(request: PlannerInput, posts: Sequence[PlannedPost], expected: int) -> list[str]:
    """Everything wrong with a plan, one sentence each, with posts counted from 1; empty when nothing is."""
    return [
        *([f"{expected} posts were wanted and {len(posts)} are planned"] if len(posts) != expected else []),
        *_unknown(request, posts),
        *_misnamed(request, posts),
        *_repeated(request, posts),
        *validate_slots(
            request.campaign.schedule,
            [Slot(post.platform, post.persona_id, post.scheduled_at) for post in posts],
            request.campaign.deadline_utc(),
        ),
        *_too_late(request, posts),
    ]


def _too_late(request: PlannerInput, posts: Sequence[PlannedPost]) -> Iterator[str]:
    deadline = request.campaign.deadline_utc()
    for number, post in enumerate(posts, 1):
        if deadline and post.scheduled_at > deadline and post.intent in URGENT_INTENTS:
            yield f"post {number} asks to hurry ({post.intent}) and goes out after the deadline"


def statements_for(request: PlannerInput) -> list[TypedMessage]:
    """What the campaign can say."""
    brief = request.campaign
    return statements_of(
        (brief.product.name, brief.product.description),
        brief.key_messages,
        language=brief.language,
        start=local_day(brief, brief.schedule.start_utc()),
        deadline=deadline_day(brief),
        banned=request.brand_config.banned_words,
    )


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


def _repeated(request: PlannerInput, posts: Sequence[PlannedPost]) -> Iterator[str]:
    allowed = allowed_uses(len(posts), len(statements_for(request)))
    for topic, times in Counter(normalised(post.topic) for post in posts).items():
        if times > allowed:
            yield f"the topic {topic!r} comes {times} times, at most {allowed} are allowed"
