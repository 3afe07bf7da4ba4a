"""The hash of what reviewers are shown: it changes with what they read, and with nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.domain.content_hash import content_hash
from lambdas.domain.ids import CampaignId, PersonaId, post_id_for
from lambdas.domain.models.post import Post, PostContent, PostError, PostStatus
from lambdas.domain.platforms import Platform

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CAMPAIGN = CampaignId("01JZ0000000000000000000001")


def _post(index: int, **changes: Any) -> Post:
    content = PostContent(text=f"Post {index}", hashtags=("#a",), generated_at=NOW)
    return Post(
        post_id=post_id_for(CAMPAIGN, index),
        persona_id=PersonaId("ann"),
        platform=Platform.X,
        scheduled_at=NOW,
        topic="t",
        intent="i",
        index=index,
        batch_id=0,
        status=PostStatus.COMPLETED,
        content=content,
    ).model_copy(update=changes)


def test_it_is_sha256_and_takes_a_generator():
    posts = [_post(index) for index in range(3)]
    assert content_hash(post for post in posts) == content_hash(posts)
    assert len(content_hash(posts)) == 64


@pytest.mark.parametrize(
    "change",
    [{"text": "Other"}, {"hashtags": ()}, {"hashtags": ("#b",)}, {"link": "https://example.com"}, {"subject": "S"}],
)
def test_whatever_a_reader_sees_changes_it(change):
    post = _post(0)
    assert post.content
    edited = post.model_copy(update={"content": post.content.model_copy(update=change)})
    assert content_hash([edited]) != content_hash([post])


def test_order_number_and_a_missing_text_change_it():
    posts = [_post(0), _post(1)]
    failed = _post(1, content=None, status=PostStatus.FAILED, error=PostError(code="X", message="m"))
    hashes = [content_hash(p) for p in (posts, posts[::-1], posts[:1], [posts[0], failed], [])]
    assert len(set(hashes)) == len(hashes)


def test_the_story_of_a_post_does_not_change_it():
    post = _post(0)
    assert post.content
    again = post.content.model_copy(update={"generated_at": NOW + timedelta(days=1)})
    moved = post.model_copy(update={"content": again, "version": 7, "completed_at": NOW})
    assert content_hash([moved]) == content_hash([post])
