"""``GET /campaigns/{id}/export``: the approved plan as CSV, as a calendar and as JSON."""

import csv
import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.api.rest import posts as routes
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.post import Edit, Post, PostContent, Provenance
from lambdas.services.plan_export import BYTE_ORDER_MARK, COLUMNS, as_calendar, as_csv
from tests.support.api import World
from tests.support.waiting import CAMPAIGN_ID, waiting_campaign

PATH = f"/campaigns/{CAMPAIGN_ID}/export"
WRITTEN = Provenance(
    provider="offline", model_id="offline-1", prompt_version="v1", prompt_hash="x", brand_version=1, persona_version=1
)


def approved(world: World, posts: int = 3) -> World:
    found = waiting_campaign(world, posts=posts)
    world.campaigns.update(
        found.key, expected=tuple(CampaignStatus), status=CampaignStatus.APPROVED, at=world.clock.now()
    )
    return world


def plan(world: World) -> tuple[Any, list[Post]]:
    found = waiting_campaign(world)
    return world.campaigns.get(found.key), world.posts.page(found.key, 10).items


def with_text(post: Post, text: str, **more: Any) -> Post:
    assert post.content
    return post.model_copy(update={"content": post.content.model_copy(update={"text": text}), **more})


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_as_a_table(world: World) -> None:
    reply = approved(world).call("GET", PATH, query={"format": "csv"})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{CAMPAIGN_ID}.csv"'
    first, *_ = found = rows(reply.text)
    assert (len(found), tuple(first)) == (3, COLUMNS)
    assert (first["number"], first["platform"], first["timeZone"]) == ("1", "linkedin", "Europe/Berlin")
    assert first["text"] == "Post number 1 <b>with markup</b> & an ampersand."
    utc, local = first["scheduledAt"], f"{first['localDate']}T{first['localTime']}"
    assert utc.startswith("2026-01-05T09:")
    assert local.startswith("2026-01-05T10:")


def test_as_a_calendar(world: World) -> None:
    reply = approved(world).call("GET", PATH, query={"format": "ics"})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    lines = unfolded(reply.text)
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert len({line for line in lines if line.startswith("UID:")}) == 3
    assert next(line for line in lines if line.startswith("DTSTART:")).startswith("DTSTART:20260105T09")
    assert reply.text == world.call("GET", PATH, query={"format": "ics"}).text
    assert all(len(line.encode()) <= 75 for line in reply.text.split("\r\n"))


def test_a_dropped_post_is_not_in_the_plan(world: World) -> None:
    campaign, posts = plan(world)
    posts[1] = posts[1].model_copy(update={"dropped": True})
    assert [row["number"] for row in rows(as_csv(campaign, posts))] == ["1", *(str(p.index + 1) for p in posts[2:])]
    assert unfolded(as_calendar(campaign, posts)).count("BEGIN:VEVENT") == len(posts) - 1


def test_as_json_it_is_the_list_of_posts(world: World) -> None:
    reply = approved(world).call("GET", PATH)
    assert reply.json == world.call("GET", f"/campaigns/{CAMPAIGN_ID}/posts", query={"limit": "100"}).json


def test_in_parts_that_lead_on(world: World) -> None:
    approved(world, posts=5)
    seen: list[str] = []
    query: dict[str, str] = {"format": "csv", "limit": "2"}
    while query:
        reply = world.call("GET", PATH, query=query)
        seen += [row["number"] for row in rows(reply.text)]
        link = reply.headers.get("Link", "")
        query = {name: value for name, (value,) in parse_qs(urlsplit(link[1 : link.find(">")]).query).items()}
    assert seen == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("form", ["csv", "ics", "json"])
def test_a_plan_that_is_too_large_for_one_answer_says_how_to_get_it(
    world: World, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(routes, "MAX_EXPORT_BYTES", 500)
    approved(world)
    reply = world.call("GET", PATH, query={"format": form})
    assert (reply.status, reply.fields) == (422, ["limit"])
    assert "limit=1000" in reply.json["detail"]


@pytest.mark.parametrize("status", [CampaignStatus.AWAITING_APPROVAL, CampaignStatus.STOPPED, CampaignStatus.FAILED])
def test_what_is_not_approved_is_not_exported(world: World, status: CampaignStatus) -> None:
    approved(world)
    found = world.campaigns.page("acme", 1).items[0].key  # type: ignore[arg-type]  # a literal tenant
    world.campaigns.update(found, expected=tuple(CampaignStatus), status=status, at=world.clock.now())
    reply = world.call("GET", PATH, query={"format": "csv"})
    assert (reply.status, status.value in reply.json["detail"]) == (409, True)


def test_drafts_of_the_built_in_writer_are_labelled_everywhere(world: World) -> None:
    campaign, (post, *_) = plan(world)
    draft = with_text(post, "A draft.", provenance=WRITTEN)
    assert draft.content
    edited = draft.model_copy(
        update={"edit": Edit(at=world.clock.now(), by="robin", previous=PostContent(**dict(draft.content)))}
    )
    real = with_text(post, "Real.", provenance=WRITTEN.model_copy(update={"provider": "bedrock", "model_id": "nova"}))
    assert [row["writtenBy"] for row in rows(as_csv(campaign, [draft, edited, real]))] == [
        "draft of the built-in writer",
        "edited by robin",
        "nova",
    ]
    summaries = [line for line in unfolded(as_calendar(campaign, [draft, edited])) if line.startswith("SUMMARY:")]
    assert ["[draft of the built-in writer]" in line for line in summaries] == [True, False]


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t=+-@,;\\\"'"), min_size=1))
def test_any_text_survives_and_none_is_a_formula(text: str) -> None:
    campaign, (post, *_) = plan(World())
    (row,) = rows(as_csv(campaign, [with_text(post, text)]))
    assert row["text"].removeprefix("'") == text.removeprefix("'")
    assert not row["text"].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\n"))
    calendar = as_calendar(campaign, [with_text(post, text)])
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    (described,) = [line for line in unfolded(calendar) if line.startswith("DESCRIPTION:")]
    plain = described.removeprefix("DESCRIPTION:")
    back = plain.replace("\\\\", "\0").replace("\\n", "\n").replace("\\;", ";").replace("\\,", ",").replace("\0", "\\")
    assert back.startswith(text.replace("\x0b", ""))
