"""Reading a campaign's posts."""

from lambdas.core.ids import PersonaId
from lambdas.core.models.post import Claim


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
