"""A tenant that has used up its room is told so, hears when to come back, and loses nothing."""

from collections.abc import Callable
from typing import Any

from lambdas.ports.stores import Limits
from tests.support.api import World


def test_a_campaign_too_many_is_answered_with_what_and_when(make_brief: Callable[..., dict[str, Any]]) -> None:
    world = World(limits=Limits(campaigns=2, model_calls=1_000))
    for _ in range(2):
        assert world.call("POST", "/campaigns", make_brief()).status == 202
    refused = world.call("POST", "/campaigns", make_brief())
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json["type"].endswith(":too-many-campaigns")
    assert "2 campaigns are being built" in refused.json["detail"]
    assert len(world.written()) == 2
    assert world.call("POST", "/campaigns", make_brief(), tenant="globex").status != 429


def test_more_at_once_than_a_tenant_may_is_the_briefs_mistake(make_brief: Callable[..., dict[str, Any]]) -> None:
    world = World(limits=Limits(campaigns=2, model_calls=10))
    refused = world.call("POST", "/campaigns", make_brief(generation={"maxConcurrency": 11}))
    assert (refused.status, refused.fields) == (422, ["generation.maxConcurrency"])
    assert world.written() == []
