"""Reading a campaign's posts."""

import json

import pytest

from lambdas.domain.ids import PersonaId
from lambdas.domain.models.post import Claim, Post


def test_posts_are_listed_in_plan_order_page_by_page(make_waiting, world):
    waiting = make_waiting(5)
    path = f"/campaigns/{waiting.key.campaign_id}/posts"
    first = world.call("GET", path, query={"limit": "3"}).json
    second = world.call("GET", path, query={"limit": "3", "cursor": first["nextCursor"]}).json

    assert [post["index"] for post in first["items"] + second["items"]] == [0, 1, 2, 3, 4]
    assert second["nextCursor"] is None


def test_one_post_without_its_claim(make_waiting, world):
    waiting = make_waiting(1)
    post = world.posts.page(waiting.key, 1).items[0]
    claim = Claim(owner="w", attempt=0, nonce="n", claimed_at=world.clock.now(), expires_at=world.clock.now())
    assert world.posts.claim(waiting.key, 0, claim)
    found = world.call("GET", f"/campaigns/{waiting.key.campaign_id}/posts/{post.post_id}", role="viewer")

    assert found.status == 200
    assert found.json["content"]["text"] == post.content.text
    assert found.json["personaId"] == PersonaId("mara")
    assert not {"claim", "batchId"} & set(found.json)


def test_a_post_that_is_not_there(make_waiting, world):
    waiting = make_waiting(1)
    path = f"/campaigns/{waiting.key.campaign_id}/posts/01JZ0000000000000000000009"

    assert world.call("GET", path).status == 404
    assert world.call("GET", f"/campaigns/{waiting.key.campaign_id}/posts", query={"cursor": "?"}).status == 422


LAMBDA_ANSWER = 6 * 1024 * 1024
"""Of a synchronous invocation (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


@pytest.mark.parametrize("letter", ["a", '"', "\N{LATIN SMALL LETTER U WITH DIAERESIS}", "\N{TEAPOT}"])
def test_a_page_of_large_posts_fits_into_an_answer(make_waiting, world, letter):
    """A post may have 400 KB, so a hundred of them are forty megabytes, and JSON in JSON makes more of some letters."""
    waiting = make_waiting(30)
    room = 300_000 // len(letter.encode())
    posts = [large(post, letter * room) for post in world.posts.page(waiting.key, 100).items]
    for post in posts:
        world.posts.edit(waiting.key, post)

    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        reply = world.call("GET", f"/campaigns/{waiting.key.campaign_id}/posts", query=query)
        assert reply.status == 200
        assert len(json.dumps({"statusCode": 200, "body": reply.text})) < LAMBDA_ANSWER - 100_000
        seen += [post["postId"] for post in reply.json["items"]]
        cursor, pages = reply.json["nextCursor"], pages + 1
    assert seen == [post.post_id for post in posts]
    assert pages > 5


def large(post: Post, text: str) -> Post:
    assert post.content is not None
    content = post.content.model_copy(update={"alt_text": text})
    return post.model_copy(update={"content": content})
