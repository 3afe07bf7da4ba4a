"""``/campaigns``: accepted once, refused before anything is written, and never another tenant's."""

import json
from typing import Any

import pytest

from lambdas.api.build_campaign.invocation import invoke
from lambdas.core.errors import DependencyUnavailableError, InvalidInputError, TenantMismatchError
from lambdas.core.models.campaign import MAX_BRIEF_BYTES
from lambdas.core.models.workflow import BuildInput

ULID = "01JZ0000000000000000000001"


def _schedule(**changes: str) -> dict[str, str]:
    whole = {"timeZone": "Europe/Berlin", "start": "2026-03-02T09:00:00", "end": "2026-03-15T18:00:00"}
    return whole | changes


BAD_BRIEFS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"colour": "red"}, "colour", "unknown field"),
    "unknown nested field": ({"product": {"name": "P", "description": "D", "sku": 1}}, "product.sku", "unknown field"),
    "snake case is unknown too": ({"post_count": 3}, "post_count", "unknown field"),
    "wrong type": ({"name": 7}, "name", "valid string"),
    "wrong type in a list": ({"keyMessages": ["a", 7]}, "keyMessages[1]", "valid string"),
    "missing": ({"goal": None}, "goal", "valid string"),
    "unknown brand": ({"brandId": "nobody"}, "brandId", "there is no brand 'nobody'"),
    "brand of another tenant": ({"brandId": "foreign"}, "brandId", "there is no brand 'foreign'"),
    "unknown persona": ({"personaIds": ["mara", "nobody"]}, "personaIds[1]", "there is no persona 'nobody'"),
    "unsupported platform": ({"platforms": ["x", "myspace"]}, "platforms[1]", "'x', 'linkedin'"),
    "a platform no persona serves": ({"platforms": ["tiktok"]}, "platforms[0]", "none of the personas"),
    "end before start": ({"schedule": _schedule(end="2026-03-01T09:00:00")}, "schedule.end", "after the start"),
    "no such time zone": ({"schedule": _schedule(timeZone="Mars/Olympus")}, "schedule.timeZone", "no time zone"),
    "10,001 posts": ({"postCount": 10_001}, "postCount", "less than or equal to 10000"),
    "no posts": ({"postCount": 0}, "postCount", "greater than or equal to 1"),
    "not an address": ({"approval": {"reviewers": ["ada@example.com", "bo"]}}, "approval.reviewers[1]", "email"),
    "not a ulid": ({"campaignId": "my-campaign"}, "campaignId", "pattern"),
}


def _put_foreign_brand(world: Any) -> None:
    brand = {"name": "G", "tone": ["dry"], "voice": "V"}
    assert world.call("PUT", "/brands/foreign", brand, tenant="globex").status == 200


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
        invoke({"tenantId": "acme", "campaign": make_brief(**change)}, world.services.intake, world.log)

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
    with pytest.raises(InvalidInputError, match="may have 262144 bytes"):
        invoke(
            {"tenantId": "acme", "campaign": make_brief(goal="x" * MAX_BRIEF_BYTES)}, world.services.intake, world.log
        )
    assert world.written() == []


@pytest.mark.parametrize("payload", [{}, [], None, {"tenantId": "acme", "campaign": {}, "more": 1}, {"tenantId": "A!"}])
def test_a_direct_payload_out_of_shape_is_refused(world, payload):
    with pytest.raises(InvalidInputError):
        invoke(payload, world.services.intake, world.log)
    assert ("refused", {"code": "INVALID_INPUT"}) in world.log.events


def test_a_body_that_names_another_tenant_is_forbidden_and_reported(world, make_brief):
    reply = world.call("POST", "/campaigns", make_brief(tenantId="globex"))

    assert (reply.status, reply.fields) == (403, ["tenantId"])
    assert world.log.events == [("tenant_mismatch", {"tenant_id": "acme", "subject": "robin"})]
    assert (world.written(), world.engine.started) == ([], {})
    with pytest.raises(TenantMismatchError):
        invoke({"tenantId": "acme", "campaign": make_brief(tenantId="globex")}, world.services.intake, world.log)


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


def test_the_same_key_and_body_is_the_same_campaign(world, make_brief):
    headers = {"Idempotency-Key": "k-1"}
    first = world.call("POST", "/campaigns", make_brief(), headers=headers)
    shuffled = dict(reversed(make_brief().items()))
    again = world.call("POST", "/campaigns", shuffled, headers=headers)

    assert (again.status, again.json) == (202, first.json)
    assert (len(world.written()), len(world.engine.started)) == (1, 1)


def test_a_key_belongs_to_its_tenant(world, make_brief):
    headers = {"Idempotency-Key": "k-1"}
    world.call("PUT", "/brands/northwind", {"name": "G", "tone": ["dry"], "voice": "V"}, tenant="globex")
    persona = {"name": "M", "role": "R", "style": "S", "examples": ["E"]}
    world.call("PUT", "/personas/mara", persona, tenant="globex")
    mine = world.call("POST", "/campaigns", make_brief(), headers=headers)
    theirs = world.call("POST", "/campaigns", make_brief(), headers=headers, tenant="globex")

    assert theirs.status == 202
    assert mine.json["campaignId"] != theirs.json["campaignId"]


def test_the_same_key_with_another_body_is_refused(world, make_brief):
    headers = {"Idempotency-Key": "k-1"}
    world.call("POST", "/campaigns", make_brief(), headers=headers)
    reply = world.call("POST", "/campaigns", make_brief(name="Another"), headers=headers)

    assert (reply.status, reply.fields) == (422, ["Idempotency-Key"])
    assert len(world.written()) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_a_key_must_be_usable(world, make_brief, key):
    reply = world.call("POST", "/campaigns", make_brief(), headers={"Idempotency-Key": key})

    assert (reply.status, reply.fields, world.written()) == (422, ["Idempotency-Key"], [])


def test_the_same_id_twice_is_one_execution_whichever_way_it_comes(world, make_brief):
    payload = {"tenantId": "acme", "campaign": make_brief(campaignId=ULID), "correlationId": "c-1"}
    first = invoke(payload, world.services.intake, world.log)
    again = invoke(payload | {"correlationId": "c-2"}, world.services.intake, world.log)
    by_api = world.call("POST", "/campaigns", make_brief(campaignId=ULID))

    assert (
        again
        == first
        == {
            "campaignId": ULID,
            "status": "queued",
            "executionArn": world.written()[0].execution_arn,
            "correlationId": "c-1",
        }
    )
    assert by_api.json["campaignId"] == ULID
    assert len(world.engine.started) == 1


def test_the_id_of_another_brief_is_a_conflict(world, make_brief):
    world.call("POST", "/campaigns", make_brief(campaignId=ULID))
    reply = world.call("POST", "/campaigns", make_brief(campaignId=ULID, name="Another"))

    assert (reply.status, reply.fields) == (409, ["campaignId"])
    assert world.written()[0].brief.name == "Spring launch"


class DownOnce:
    """An engine whose first start fails."""

    def __init__(self, engine: Any) -> None:
        self._engine, self._down = engine, True

    def start_build(self, event: BuildInput) -> str:
        if self._down:
            self._down = False
            raise DependencyUnavailableError("Step Functions answered 503")
        return self._engine.start_build(event)


def test_a_start_that_failed_is_finished_by_the_repeat(world, make_brief):
    intake = world.services.intake._replace(engine=DownOnce(world.engine))
    payload = {"tenantId": "acme", "campaign": make_brief(campaignId=ULID), "correlationId": "c-1"}
    with pytest.raises(DependencyUnavailableError):
        invoke(payload, intake, world.log)
    assert world.written()[0].execution_arn is None

    again = invoke(payload | {"correlationId": "c-2"}, intake, world.log)

    assert again["executionArn"] == world.written()[0].execution_arn
    assert [event.correlation_id for event in world.engine.started.values()] == ["c-1"]


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
    assert found["counts"] == {"total": 0, "planned": 0, "generating": 0, "completed": 0, "failed": 0}
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


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/campaigns/none", 404),
        ("GET", f"/campaigns/{ULID}", 404),
        ("GET", f"/campaigns/{ULID}/posts/none", 404),
        ("DELETE", "/campaigns", 405),
        ("PATCH", f"/campaigns/{ULID}", 405),
    ],
)
def test_what_is_not_there_is_a_problem(world, method, path, status):
    reply = world.call(method, path)

    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert reply.json["correlationId"]


def test_a_wrong_method_is_told_the_right_ones(world):
    assert world.call("DELETE", "/campaigns").headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("sent", ["", "has space", "x" * 129, "line\nbreak"])
def test_a_correlation_id_that_is_unusable_is_replaced(world, sent):
    reply = world.call("GET", "/campaigns", headers={"x-correlation-id": sent})

    assert reply.status == 200
    assert reply.headers["X-Correlation-Id"] == world.log.correlation_ids[-1] != sent


def test_links_are_whole_where_the_gateway_tells_its_domain(world, make_brief):
    reply = world.call("POST", "/campaigns", make_brief(), context={"domainName": "api.example.com"})
    assert reply.headers["Location"].startswith("https://api.example.com/prod/campaigns/01")

    world.public_url = "http://localhost:4566/_aws/execute-api/abc/prod/"
    reply = world.call("POST", "/campaigns", make_brief(), headers={"Host": "evil.example"})
    assert reply.headers["Location"].startswith("http://localhost:4566/_aws/execute-api/abc/prod/campaigns/01")


def test_an_error_nobody_foresaw_is_logged_and_tells_nothing(world, monkeypatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(world.campaigns, "page", broken)
    reply = world.call("GET", "/campaigns")

    assert (reply.status, reply.headers["Content-Type"]) == (500, "application/problem+json")
    assert "secret detail" not in reply.text
    assert [type(error) for error in world.log.errors] == [ZeroDivisionError]


def test_a_service_that_is_down_is_a_503_to_be_tried_again(world, monkeypatch):
    def down(*_: object) -> None:
        raise DependencyUnavailableError("DynamoDB answered 500")

    monkeypatch.setattr(world.campaigns, "page", down)
    reply = world.call("GET", "/campaigns")

    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
