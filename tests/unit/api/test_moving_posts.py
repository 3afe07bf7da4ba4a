"""When a post goes out, changed by hand; and who changed what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.adapters.table import keys
from lambdas.domain.models.base import iso
from lambdas.domain.models.post import Provenance
from lambdas.domain.models.schedule import Hours, Weekday
from lambdas.ports.table import Update
from lambdas.services import editing
from tests.support.waiting import Waiting

THURSDAY = "2026-03-05T14:30:00+01:00"


def path(waiting: Waiting, index: int = 0) -> str:
    post = waiting.world.posts.page(waiting.key, 10).items[index]
    return f"/campaigns/{waiting.key.campaign_id}/posts/{post.post_id}"


def patch(waiting: Waiting, **body: Any) -> Any:
    return waiting.world.call("PATCH", path(waiting), body)


def in_the_brief(waiting: Waiting, **changes: Any) -> None:
    """A LinkedIn post of a campaign that goes by the hours of each platform."""
    table, key = waiting.world.table, waiting.key
    campaign = waiting.world.campaigns.get(key)
    brief = campaign.brief.model_copy(update=changes)
    stored = campaign.model_copy(update={"brief": brief, "hours_by_platform": True}).to_record()
    table.put(keys.campaign(key), stored)


def test_a_post_is_moved_and_the_reviewers_decide_on_what_is_there_now(waiting: Waiting) -> None:
    in_the_brief(waiting)
    before, shown = waiting.world.call("GET", path(waiting)).json, waiting.approval.content_hash
    reply = patch(waiting, scheduledAt=THURSDAY)
    assert reply.status == 200, reply.text
    assert (reply.json["scheduledAt"], reply.json["movedFrom"]) == ("2026-03-05T13:30:00.000Z", before["scheduledAt"])
    assert reply.json["content"] == before["content"]
    assert waiting.stored().content_hash not in ("", shown)
    assert waiting.send({"decision": "approved", "contentHash": shown}).status == 409
    again = patch(waiting, scheduledAt="2026-03-06T09:00:00+01:00")
    assert (again.status, again.json["movedFrom"]) == (200, before["scheduledAt"])


def test_a_post_that_is_put_back_is_what_it_was(waiting: Waiting) -> None:
    planned = waiting.world.posts.page(waiting.key, 1).items[0].scheduled_at
    schedule = waiting.world.campaigns.get(waiting.key).brief.schedule
    everywhen = {
        "start": planned - timedelta(days=1),
        "days": tuple(Weekday),
        "hours": Hours(start="00:00", end="24:00"),
    }
    in_the_brief(waiting, schedule=schedule.model_copy(update=everywhen))
    waiting.world.clock.set(planned - timedelta(hours=1))
    assert patch(waiting, scheduledAt=THURSDAY).status == 200
    back = patch(waiting, scheduledAt=iso(planned))
    assert (back.status, "movedFrom" in back.json) == (200, False)
    assert waiting.stored().content_hash == waiting.approval.content_hash


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-01-05T09:00:00Z", "this time is over"),
        ("2026-03-01T12:00:00Z", "the campaign runs from Monday, 02 March 2026"),
        ("2027-03-05T12:00:00Z", "the campaign runs from"),
        ("2026-03-05T07:59:00Z", "LinkedIn is posted to mon to fri, 09:00 to 17:00 Europe/Berlin"),
        ("2026-03-05T16:00:00Z", "LinkedIn is posted to"),
        ("2026-03-07T12:00:00Z", "LinkedIn is posted to"),
        ("2026-03-05T12:00:00", "must have an offset"),
        (None, "a post needs one"),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_nothing_changes(waiting: Waiting, moment: Any, said: str) -> None:
    in_the_brief(waiting)
    before = waiting.world.call("GET", path(waiting)).json
    reply = patch(waiting, scheduledAt=moment, text="Other words.")
    assert (reply.status, reply.fields) == (422, ["scheduledAt"])
    assert said in reply.json["errors"][0]["message"]
    assert waiting.world.call("GET", path(waiting)).json == before
    assert waiting.stored() == waiting.approval


def test_a_day_off_is_no_day_to_move_to(waiting: Waiting) -> None:
    schedule = waiting.world.campaigns.get(waiting.key).brief.schedule
    in_the_brief(waiting, schedule=schedule.model_copy(update={"blackout_dates": (datetime(2026, 3, 5).date(),)}))
    reply = patch(waiting, scheduledAt=THURSDAY)
    assert reply.json["errors"][0]["message"] == "2026-03-05 is blacked out or a public holiday"


def test_a_post_that_asks_to_hurry_stays_before_the_deadline(waiting: Waiting) -> None:
    in_the_brief(waiting, deadline=datetime(2026, 3, 4, 12))
    post = waiting.world.posts.page(waiting.key, 1).items[0]
    waiting.world.table.update_if(_intent(waiting, post.post_id, "last_call"))
    reply = patch(waiting, scheduledAt=THURSDAY)
    assert (reply.status, reply.fields) == (422, ["scheduledAt"])
    assert "the deadline is Wednesday, 04 March 2026, 12:00 CET" in reply.json["errors"][0]["message"]
    waiting.world.table.update_if(_intent(waiting, post.post_id, "educate"))
    assert patch(waiting, scheduledAt=THURSDAY).status == 200


def _generated(waiting: Waiting) -> None:
    provenance = Provenance(
        provider="offline", model_id="offline", prompt_version="1", prompt_hash="0", brand_version=1, persona_version=1
    )
    post = waiting.world.posts.page(waiting.key, 1).items[0]
    waiting.world.posts.edit(waiting.key, post.model_copy(update={"provenance": provenance}))


def _intent(waiting: Waiting, post_id: Any, intent: str) -> Any:
    return Update(keys.post(waiting.key, post_id), {"intent": intent}, add={"version": 1})


def test_a_campaign_of_before_there_were_hours_keeps_to_those_it_was_planned_by(waiting: Waiting) -> None:
    assert patch(waiting, scheduledAt="2026-03-07T12:00:00Z").status == 200  # a Saturday, on LinkedIn


def test_who_changed_what_and_when_is_in_the_provenance(waiting: Waiting) -> None:
    _generated(waiting)
    assert patch(waiting, text="Better words.", link=None).status == 200
    edits = waiting.world.call("GET", path(waiting), role="viewer").json["provenance"]["edits"]
    now = iso(waiting.world.clock.now())
    assert edits == [{"at": now, "by": "robin", "fields": ["link", "text"]}]
    waiting.world.clock.advance(timedelta(minutes=1))
    assert patch(waiting, scheduledAt=THURSDAY).status == 200
    edits = waiting.world.call("GET", path(waiting)).json["provenance"]["edits"]
    assert [edit["fields"] for edit in edits] == [["link", "text"], ["scheduledAt"]]
    assert edits[1]["at"] > edits[0]["at"]


def test_the_newest_edits_are_kept(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    _generated(waiting)
    monkeypatch.setattr(editing, "EDITS_KEPT", 2)
    for number in range(3):
        assert patch(waiting, text=f"Words, take {number}.").status == 200
    assert len(waiting.world.call("GET", path(waiting)).json["provenance"]["edits"]) == 2


def test_times_are_compared_as_moments(waiting: Waiting) -> None:
    planned = waiting.world.posts.page(waiting.key, 1).items[0].scheduled_at
    elsewhere = planned.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert "movedFrom" not in patch(waiting, scheduledAt=elsewhere).json
