"""``/campaigns``: accepted once, refused before anything is written, and never another tenant's."""

import json
from typing import Any

import pytest

from lambdas.agents.inputs import planner_input
from lambdas.api.build_campaign import invoke
from lambdas.domain.errors import InvalidInputError, TenantMismatchError
from lambdas.domain.models.campaign import MAX_BRIEF_BYTES
from lambdas.domain.models.workflow import BuildInput
from lambdas.services.validation import resolve_configuration

ULID = "01JZ0000000000000000000001"


def _schedule(**changes: str) -> dict[str, Any]:
    whole: dict[str, Any] = {"timeZone": "Europe/Berlin", "start": "2026-03-02T09:00:00", "end": "2026-03-15T18:00:00"}
    return whole | changes


BAD_BRIEFS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"colour": "red"}, "colour", "unknown field"),
    "unknown nested field": ({"product": {"name": "P", "description": "D", "sku": 1}}, "product.sku", "unknown field"),
    "snake case is unknown too": ({"post_count": 3}, "post_count", "unknown field"),
    "wrong type": ({"name": 7}, "name", "must be text"),
    "wrong type in a list": ({"keyMessages": ["a", 7]}, "keyMessages[1]", "must be text"),
    "missing": ({"goal": None}, "goal", "must be text"),
    "unknown brand": ({"brandId": "nobody"}, "brandId", "there is no brand 'nobody'"),
    "brand of another tenant": ({"brandId": "foreign"}, "brandId", "there is no brand 'foreign'"),
    "unknown persona": ({"personaIds": ["mara", "nobody"]}, "personaIds[1]", "there is no persona 'nobody'"),
    "unsupported platform": ({"platforms": ["x", "myspace"]}, "platforms[1]", "'x', 'linkedin'"),
    "a platform no persona serves": ({"platforms": ["tiktok"]}, "platforms[0]", "none of the personas"),
    "end before start": ({"schedule": _schedule(end="2026-03-01T09:00:00")}, "schedule.end", "after the start"),
    "no such time zone": ({"schedule": _schedule(timeZone="Mars/Olympus")}, "schedule.timeZone", "no time zone"),
    "every day blacked out": (
        {"schedule": _schedule(end="2026-03-03T18:00:00") | {"blackoutDates": ["2026-03-02", "2026-03-03"]}},
        "schedule.blackoutDates",
        "every day of the campaign is blacked out",
    ),
    "more posts than minutes": (
        {"schedule": _schedule(end="2026-03-02T10:00:00"), "postCount": 62},
        "postCount",
        "62 posts do not fit into the 61 minutes",
    ),
    "10,001 posts": ({"postCount": 10_001}, "postCount", "must be 10,000 or less"),
    "no posts": ({"postCount": 0}, "postCount", "must be 1 or more"),
    "not an address": ({"approval": {"reviewers": ["ada@example.com", "bo"]}}, "approval.reviewers[1]", "email"),
    "a window that has passed": (
        {"schedule": _schedule(start="2025-12-01T09:00:00", end="2026-01-05T09:59:00")},
        "schedule.end",
        "has passed: it is now Monday, 05 January 2026, 10:00 CET",
    ),
    "a product page with a password": (
        {"product": {"name": "P", "description": "D", "url": "https://user:pw@example.com/"}},
        "product.url",
        "must not have a user name or a password",
    ),
    "a product page the brand forbids": (
        {"product": {"name": "P", "description": "D", "url": "https://evil.agency/"}, "brandId": "strict"},
        "product.url",
        "evil.agency is not one of northwind.example",
    ),
    "more posts than the channels carry": (
        {"schedule": _schedule(end="2026-03-13T21:00:00"), "postCount": 9_000},
        "postCount",
        "9,000 posts are more than 50 a day on each channel (10 days on LinkedIn, 2 channels); ask for 1,000 or fewer, "
        "for a longer window, or allow more with schedule.maxPostsPerDay (450 for all of them)",
    ),
    "a cadence no channel carries": (
        {"schedule": _schedule() | {"cadence": {"posts": 101, "per": "day"}}},
        "schedule.cadence",
        "schedule.maxPostsPerDay",
    ),
    "a control character": ({"name": "Spring\x00launch"}, "name", "control character U+0000"),
    "one in a list": ({"keyMessages": ["a", "b\x1b[31m"]}, "keyMessages[1]", "control character U+001B"),
    "one in an identifier": ({"brandId": "north\x07wind"}, "brandId", "control character U+0007"),
    "one at the end, where spaces are taken off": ({"personaIds": ["mara\x1f"]}, "personaIds[0]", "U+001F"),
    "half a character": ({"goal": "a\ud800"}, "goal", "U+D800"),
    "not a ulid": ({"campaignId": "my-campaign"}, "campaignId", "must be a ULID"),
}


def _put_foreign_brand(world: Any) -> None:
    brand = {"name": "G", "tone": ["dry"], "voice": "V"}
    assert world.call("PUT", "/brands/foreign", brand, tenant="globex").status == 200
    strict = brand | {"links": {"allowedDomains": ["northwind.example"]}}
    assert world.call("PUT", "/brands/strict", strict).status == 200


def test_start_answers_202_with_a_location_before_anything_is_planned(world, make_brief):
    reply = world.call("POST", "/campaigns", make_brief(), headers={"X-Correlation-Id": "abc-1"})

    assert reply.status == 202
    campaign = world.written()[0]
    assert reply.json == {
        "campaignId": campaign.campaign_id,
        "status": "queued",
        "executionArn": campaign.execution_arn,
        "links": {
            "self": f"/campaigns/{campaign.campaign_id}",
            "progress": f"/campaigns/{campaign.campaign_id}/progress",
            "posts": f"/campaigns/{campaign.campaign_id}/posts",
            "checkpoints": f"/campaigns/{campaign.campaign_id}/checkpoints",
            "graph": f"/campaigns/{campaign.campaign_id}/graph",
        },
    }
    assert reply.headers["Location"] == reply.json["links"]["self"]
    assert reply.headers["X-Correlation-Id"] == "abc-1"
    assert world.engine.started == {
        campaign.execution_arn: BuildInput(tenant_id="acme", campaign_id=campaign.campaign_id, correlation_id="abc-1")
    }
    assert (campaign.created_by, campaign.status) == ("robin", "queued")


@pytest.mark.parametrize(("change", "path", "words"), BAD_BRIEFS.values(), ids=BAD_BRIEFS)
def test_a_bad_brief_is_refused_with_its_field_and_leaves_no_trace(world, make_brief, change, path, words):
    _put_foreign_brand(world)

    reply = world.call("POST", "/campaigns", make_brief(**change))

    assert reply.status == 422
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.fields == [path]
    assert words in reply.json["errors"][0]["message"]
    assert set(reply.json) == {"type", "title", "status", "detail", "errors", "correlationId"}
    assert reply.json["correlationId"] == reply.headers["X-Correlation-Id"]
    assert (world.written(), world.engine.started) == ([], {})


@pytest.mark.parametrize(("change", "path", "words"), BAD_BRIEFS.values(), ids=BAD_BRIEFS)
def test_the_direct_invocation_refuses_in_the_same_words(world, make_brief, change, path, words):
    _put_foreign_brand(world)
    by_api = world.call("POST", "/campaigns", make_brief(**change)).json

    with pytest.raises(InvalidInputError) as refusal:
        invoke({"tenantId": "acme", "campaign": make_brief(**change)}, world)

    assert str(refusal.value) == by_api["detail"]
    assert [error._asdict() for error in refusal.value.errors] == by_api["errors"]
    assert (world.written(), world.engine.started) == ([], {})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("", 400),
        ("[" * 100_000, 400),
        ('{"name": NaN}', 400),
        ('{"postCount": 1' + "0" * 5_000 + "}", 400),
        ("[]", 422),
        ("null", 422),
        ('"text"', 422),
        (json.dumps({"name": "x" * MAX_BRIEF_BYTES}), 413),
        (json.dumps({"name": "ü" * (MAX_BRIEF_BYTES // 2)}, ensure_ascii=False), 413),
        ('{"name": "\\ud800"}', 422),
    ],
    ids=[
        "malformed",
        "empty",
        "nested",
        "nan",
        "huge number",
        "list",
        "null",
        "string",
        "too large",
        "too large in bytes",
        "lone surrogate",
    ],
)
def test_a_body_that_is_no_brief_is_refused(world, body, status):
    reply = world.call("POST", "/campaigns", body)

    assert (reply.status, reply.json["status"]) == (status, status)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert (world.written(), world.engine.started, world.log.errors) == ([], {}, [])


def test_the_direct_invocation_refuses_a_brief_over_the_limit(world, make_brief):
    with pytest.raises(InvalidInputError, match="may have 262,144 bytes"):
        invoke({"tenantId": "acme", "campaign": make_brief(goal="x" * MAX_BRIEF_BYTES)}, world)
    assert world.written() == []


@pytest.mark.parametrize("payload", [{}, [], None, {"tenantId": "acme", "campaign": {}, "more": 1}, {"tenantId": "A!"}])
def test_a_direct_payload_out_of_shape_is_refused(world, payload):
    with pytest.raises(InvalidInputError):
        invoke(payload, world)
    assert ("refused", {"code": "INVALID_INPUT"}) in world.log.events


def test_a_body_that_names_another_tenant_is_forbidden_and_reported(world, make_brief):
    reply = world.call("POST", "/campaigns", make_brief(tenantId="globex"))

    assert (reply.status, reply.fields) == (403, ["tenantId"])
    assert world.log.events == [("tenant_mismatch", {"tenant_id": "acme", "subject": "robin"})]
    assert (world.written(), world.engine.started) == ([], {})
    with pytest.raises(TenantMismatchError):
        invoke({"tenantId": "acme", "campaign": make_brief(tenantId="globex")}, world)


def test_a_body_that_names_its_own_tenant_is_accepted(world, make_brief):
    assert world.call("POST", "/campaigns", make_brief(tenantId="acme")).status == 202


def test_without_a_token_nothing_happens(world, make_brief):
    reply = world.call("POST", "/campaigns", make_brief(), tenant=None)

    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert world.written() == []


def test_a_viewer_reads_and_does_not_write(world, make_brief):
    started = world.call("POST", "/campaigns", make_brief()).json["campaignId"]

    assert world.call("POST", "/campaigns", make_brief(), role="viewer").status == 403
    assert world.call("GET", f"/campaigns/{started}", role="viewer").status == 200
    assert len(world.written()) == 1


def test_a_campaign_of_another_tenant_is_not_there(world, make_brief):
    started = world.call("POST", "/campaigns", make_brief()).json["campaignId"]

    for path in ("", "/progress", "/posts", f"/posts/{ULID}"):
        reply = world.call("GET", f"/campaigns/{started}{path}", tenant="globex")
        assert (reply.status, reply.headers["Content-Type"]) == (404, "application/problem+json"), path
    assert world.call("GET", "/campaigns", tenant="globex").json == {"items": [], "nextCursor": None}


def test_one_campaign_tells_its_brief_and_not_its_configuration(world, make_brief):
    started = world.call("POST", "/campaigns", make_brief()).json["campaignId"]
    found = world.call("GET", f"/campaigns/{started}").json

    assert found["brief"]["name"] == "Spring launch"
    assert found["counts"] == {"total": 0, "planned": 0, "generating": 0, "completed": 0, "failed": 0, "dropped": 0}
    assert not {"configuration", "tenantId"} & set(found)
    assert found["links"]["self"] == f"/campaigns/{started}"


def test_a_list_is_walked_by_its_cursor(world, make_brief):
    ids = [world.call("POST", "/campaigns", make_brief(name=f"C{n}")).json["campaignId"] for n in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = world.call("GET", "/campaigns", query=query).json
        assert all("brief" not in item for item in page["items"])
        seen += [item["campaignId"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("query", "path"),
    [({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"), ({"limit": "x"}, "limit"), ({"cursor": "!"}, "cursor")],
)
def test_a_bad_page_is_refused(world, query, path):
    reply = world.call("GET", "/campaigns", query=query)

    assert (reply.status, reply.headers["Content-Type"]) == (422, "application/problem+json")
    assert reply.fields == [path]


def test_a_window_that_began_before_is_planned_from_now_and_the_answer_says_so(world, make_brief):
    """The clock of these tests stands at 5 January 2026, 09:00 UTC."""
    late = make_brief(schedule=_schedule(start="2025-12-01T09:00:00", end="2026-01-31T18:00:00"))
    started = world.call("POST", "/campaigns", late)
    told = [
        {
            "field": "schedule.start",
            "message": "is in the past; posts are planned from Monday, 05 January 2026, 10:00 CET",
        }
    ]
    assert (started.status, started.json["notices"]) == (202, told)
    assert world.call("GET", f"/campaigns/{started.json['campaignId']}").json["notices"] == told

    direct = invoke({"tenantId": "acme", "campaign": late}, world)
    assert direct["notices"] == told

    (campaign, *_) = world.written()
    planned = planner_input(campaign, _configuration(world, campaign))["campaign"]["schedule"]
    assert planned["start"].startswith("2026-01-05T09:00:00.123")
    assert campaign.brief.to_wire()["schedule"]["start"] == "2025-12-01T09:00:00"  # as it was sent

    in_time = world.call("POST", "/campaigns", make_brief())
    assert "notices" not in in_time.json
    assert "notices" not in world.call("GET", f"/campaigns/{in_time.json['campaignId']}").json


def _configuration(world: Any, campaign: Any) -> Any:
    return resolve_configuration(campaign.tenant_id, campaign.brief, world.catalog, world.clock.now())


EVERY_DAY = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "hours": {"start": "08:00", "end": "20:00"}}


def test_more_posts_a_day_may_be_asked_for_on_purpose(world, make_brief):
    crowded = _schedule(end="2026-03-13T21:00:00") | {"maxPostsPerDay": 360} | EVERY_DAY
    assert world.call("POST", "/campaigns", make_brief(schedule=crowded, postCount=8_580)).status == 202


def test_a_payload_is_refused_in_the_words_of_the_api_also_for_a_control_character(world, make_brief):
    with pytest.raises(InvalidInputError) as refused:
        invoke({"tenantId": "acme", "campaign": make_brief(name="a\x00b")}, world)
    assert [error.field for error in refused.value.errors] == ["name"]
    with pytest.raises(InvalidInputError) as refused:
        invoke({"tenantId": "ac\x00me", "campaign": make_brief()}, world)
    assert [error.field for error in refused.value.errors] == ["tenantId"]
    assert world.written() == []
