"""``/settings``: what a tenant settles for all of its campaigns."""

from typing import Any

import pytest

from tests.support.api import ACME, World

SENDER = {"address": "hi@acme.example", "name": "Acme", "replyTo": "re@acme.example"}


def test_a_manager_sets_them_and_everybody_of_the_tenant_reads_them(world: World) -> None:
    world.senders.owners["hi@acme.example"] = ACME
    assert world.call("GET", "/settings").json == {"notify": [], "version": 0}
    body = {"sender": SENDER, "slack": {"channel": "C0123456789"}, "notify": ["boss@acme.example"]}
    assert world.call("PUT", "/settings", body).json == body | {"version": 1}
    assert world.call("GET", "/settings", role="viewer").json == body | {"version": 1}
    assert world.call("GET", "/settings", tenant="globex").json["version"] == 0
    assert world.call("PUT", "/settings", {}).json == {"notify": [], "version": 2}


def test_what_get_answers_can_be_put_back(world: World) -> None:
    world.call("PUT", "/settings", {"notify": ["boss@acme.example"]})
    found = world.call("GET", "/settings").json
    assert world.call("PUT", "/settings", found).json == found | {"version": 2}


def test_a_viewer_changes_nothing(world: World) -> None:
    assert world.call("PUT", "/settings", {}, role="viewer").status == 403
    assert world.call("GET", "/settings").json["version"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sender": {"address": "nobody"}}, "sender.address"),
        ({"sender": SENDER | {"name": "A\r\nBcc: eve@example.com"}}, "sender.name"),
        ({"sender": SENDER | {"surprise": 1}}, "sender.surprise"),
        ({"slack": {"channel": "general"}}, "slack.channel"),
        ({"slack": {"token": "xoxb-1"}}, "slack.token"),
        ({"notify": ["x"]}, "notify[0]"),
    ],
)
def test_what_breaks_the_contract_is_refused_by_its_field(world: World, body: Any, field: str) -> None:
    reply = world.call("PUT", "/settings", body)
    assert (reply.status, reply.fields) == (422, [field])
    assert world.call("GET", "/settings").json["version"] == 0


def test_a_sender_has_to_be_the_tenants_own_and_confirmed(world: World) -> None:
    world.senders.owners["hi@acme.example"] = ACME
    for tenant in (ACME, "globex"):
        if tenant == ACME:
            world.senders.unverified.add("hi@acme.example")
        reply = world.call("PUT", "/settings", {"sender": SENDER}, tenant=tenant)
        assert (reply.status, reply.fields) == (422, ["sender.address"])
        assert world.call("GET", "/settings", tenant=tenant).json["version"] == 0
