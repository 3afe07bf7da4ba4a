"""The planner's contract: what it plans, what it refuses, and that it says which."""

import json
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from lambdas.agents import campaign_planner
from lambdas.agents.campaign_planner.assignment import Place, assign
from lambdas.agents.campaign_planner.contract import PlannerInput
from lambdas.agents.campaign_planner.plan_rules import allowed_uses, plan_problems
from lambdas.agents.campaign_planner.topics import normalised
from lambdas.agents.intents import Intent
from lambdas.agents.offline.offline_model import Fault, OfflineModel
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.key_message import MessageKind, TypedMessage
from lambdas.domain.models.post import PlannedPost
from lambdas.domain.platforms import Platform
from tests.support.agent_inputs import ALL_PLATFORMS, CAMPAIGN_ID, launch, plan_data
from tests.support.effort import growth


def planned(data: dict[str, Any]) -> dict[str, Any]:
    reply = campaign_planner.run(data)
    assert reply["error"] is None
    result: dict[str, Any] = reply["result"]
    return result


def refused(data: Any, **options: Any) -> dict[str, Any]:
    reply = campaign_planner.run(data, **options)
    assert (reply["success"], reply["result"]) == (False, None)
    error: dict[str, Any] = reply["error"]
    assert set(error) == {"code", "message", "retryable", "details"}
    return error


def test_the_answer_is_the_contract_of_seed_001() -> None:
    reply = campaign_planner.run(plan_data())
    assert set(reply) == {"success", "result", "error"}
    assert set(reply["result"]) == {"planSummary", "posts"}
    assert set(reply["result"]["planSummary"]) == {"totalPosts", "postsPerPlatform", "postsPerPersona"}
    fields = {"postId", "personaId", "platform", "scheduledAt", "topic", "intent", "assetRequirements"}
    assert all(set(post) == fields for post in reply["result"]["posts"])
    assert json.loads(json.dumps(reply)) == reply


def test_the_summary_counts_what_is_planned() -> None:
    result = planned(plan_data())
    summary, posts = result["planSummary"], result["posts"]
    assert summary["totalPosts"] == len(posts) == 24
    assert summary["postsPerPlatform"] == Counter(post["platform"] for post in posts)
    assert summary["postsPerPersona"] == Counter(post["personaId"] for post in posts)


def test_platforms_share_the_posts_evenly_and_personas_stay_where_they_post() -> None:
    result = planned(plan_data(launch(platforms=ALL_PLATFORMS, postCount=100)))
    counts = result["planSummary"]["postsPerPlatform"].values()
    assert max(counts) - min(counts) <= 1
    homes = {"maya": {"x", "linkedin", "threads", "bluesky", "blog"}}
    homes["acme-team"] = {"linkedin", "email", "youtube", "blog", "facebook"}
    for post in result["posts"]:
        assert post["platform"] in homes.get(post["personaId"], set(ALL_PLATFORMS))


def test_the_same_campaign_is_planned_the_same_and_another_is_not() -> None:
    data = plan_data()
    assert campaign_planner.run(data) == campaign_planner.run(data)
    other = campaign_planner.run({**data, "campaignId": "01KJQ0000000000000000000B2"})
    assert [p["topic"] for p in other["result"]["posts"]] != [p["topic"] for p in planned(data)["posts"]]


def test_post_ids_are_those_of_their_place_in_the_plan() -> None:
    assert [p["postId"] for p in planned(plan_data())["posts"]] == [post_id_for(CAMPAIGN_ID, n) for n in range(24)]


def test_posts_come_in_the_order_of_their_times_and_off_the_blackout() -> None:
    times = [post["scheduledAt"] for post in planned(plan_data())["posts"]]
    assert times == sorted(times)
    assert not any(time.startswith("2027-04-30T1") for time in times)


def test_a_small_campaign_repeats_no_topic_and_a_large_one_few() -> None:
    for total in (24, 400):
        topics = Counter(normalised(p["topic"]) for p in planned(plan_data(launch(postCount=total)))["posts"])
        assert max(topics.values()) <= allowed_uses(total, 9)
    assert [allowed_uses(n, 9) for n in (1, 24, 31, 60)] == [1, 1, 2, 3]
    assert allowed_uses(24, 1) == 8


@pytest.mark.parametrize("total", [1, 2, 23, 24, 25, 60, 300])
@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja"])
def test_a_brief_with_one_thing_to_say_is_planned_for_any_number_of_posts(total: int, language: str) -> None:
    product = {"name": "Relay", "description": "Relay."}
    wire = launch(keyMessages=["Relay"], product=product, postCount=total, language=language)
    data = plan_data(wire)
    for persona in data["personaConfigs"]:
        persona |= {"languages": [], "platforms": []}
    for platform in data["mergedConfig"]["platforms"].values():
        platform["personaIds"] = ["jonas"]
    assert len(planned(data)["posts"]) == total


def test_a_cadence_decides_the_number_where_the_brief_names_none() -> None:
    wire = launch()
    del wire["postCount"]
    wire["schedule"] = wire["schedule"] | {"cadence": {"posts": 2, "per": "week"}}
    assert planned(plan_data(wire))["planSummary"]["totalPosts"] == 12


def test_assets_fit_their_platform() -> None:
    posts = planned(plan_data(launch(platforms=ALL_PLATFORMS, postCount=44)))["posts"]
    by_platform = {post["platform"]: post["assetRequirements"] for post in posts}
    assert by_platform["sms"] == {"kind": "none"}
    assert by_platform["tiktok"]["kind"] == "video"
    assert (by_platform["instagram"]["width"], by_platform["instagram"]["height"]) == (1080, 1350)
    assert all(asset.get("description") for name, asset in by_platform.items() if name != "sms")


def test_the_effort_of_a_plan_grows_with_its_posts_and_not_with_their_square() -> None:
    wire = launch(platforms=ALL_PLATFORMS)
    wire["schedule"] = wire["schedule"] | {"end": "2028-04-06T18:00:00"}

    def plan(posts: int) -> None:
        assert planned(plan_data(wire | {"postCount": posts}))["planSummary"]["totalPosts"] == posts

    plan(10_000)
    assert growth(plan, 100, 2_000) < 60


def statement(kind: MessageKind, text: str = "Some statement", until: date | None = None) -> TypedMessage:
    return TypedMessage(text=text, kind=kind, until=until)


class TestAssignment:
    """Which statement a post is about, and with which intent."""

    days = tuple(date(2027, 4, 1) + timedelta(days=n) for n in range(24))

    def assigned(
        self, statements: list[TypedMessage], *, calm: bool = False
    ) -> list[tuple[Platform, TypedMessage, Intent]]:
        platforms = [Platform.X, Platform.SMS, Platform.EMAIL]
        places = [Place(platforms[n % 3], day) for n, day in enumerate(self.days)]
        asks = assign(statements, places, self.days[-1], calm=calm)
        return [(p.platform, statements[a.statement], a.intent) for p, a in zip(places, asks, strict=True)]

    def test_each_statement_heads_its_share_and_none_twice_running_on_a_channel(self) -> None:
        for count in range(2, 12):
            told = [statement(MessageKind.FACT, f"Statement {n}") for n in range(count)]
            row = self.assigned(told)
            assert max(Counter(s.text for _, s, _ in row).values()) <= -(-24 // count)
            for platform in Platform:
                heads = [s.text for p, s, _ in row if p is platform]
                assert all(a != b for a, b in pairwise(heads))

    def test_a_message_that_is_over_heads_no_post(self) -> None:
        over = statement(MessageKind.DEADLINE, "Sign up by April 8", date(2027, 4, 8))
        told = [over, *(statement(MessageKind.FACT, f"Statement {n}") for n in range(4))]
        row = self.assigned(told)
        assert [day for day, (_, s, _) in zip(self.days, row, strict=True) if s is over] != []
        assert all(day <= date(2027, 4, 8) for day, (_, s, _) in zip(self.days, row, strict=True) if s is over)

    def test_a_long_statement_heads_no_sms(self) -> None:
        long = statement(MessageKind.FACT, "x" * 120)
        row = self.assigned([long, *(statement(MessageKind.FACT, f"Statement {n}") for n in range(3))])
        assert any(s is long for _, s, _ in row)
        assert not any(s is long for p, s, _ in row if p is Platform.SMS)

    def test_the_last_call_needs_a_deadline_and_its_last_days(self) -> None:
        last = statement(MessageKind.DEADLINE, "Book by April 24", date(2027, 4, 24))
        facts = [statement(MessageKind.FACT, f"Statement {n}") for n in range(3)]
        row = list(zip(self.days, self.assigned([last, *facts]), strict=True))
        called = [(day, s) for day, (_, s, intent) in row if intent is Intent.LAST_CALL]
        assert called
        assert all(s is last and day >= date(2027, 4, 22) for day, s in called)
        assert Intent.LAST_CALL not in {i for _, _, i in self.assigned([last, *facts], calm=True)}
        assert Intent.LAST_CALL not in {i for _, _, i in self.assigned(facts)}

    @pytest.mark.parametrize(
        ("kind", "intent"),
        [
            (MessageKind.FACT, Intent.EDUCATE),
            (MessageKind.PROOF, Intent.PROOF),
            (MessageKind.OFFER, Intent.OFFER),
            (MessageKind.INVITATION, Intent.INVITE),
            (MessageKind.STORY, Intent.STORY),
        ],
    )
    def test_a_kind_has_its_intent(self, kind: MessageKind, intent: Intent) -> None:
        intents = {i for _, _, i in self.assigned([statement(kind), statement(kind, "Another")])}
        assert intent in intents
        assert intents <= {intent, Intent.ANNOUNCE, Intent.REMINDER}


@pytest.mark.parametrize("language", ["en", "de", "fr-CA", "es", "pt"])
def test_other_languages_are_planned_too(language: str) -> None:
    data = plan_data(launch(language=language))
    for persona in data["personaConfigs"]:
        persona["languages"] = []
    for platform in data["mergedConfig"]["platforms"].values():
        platform["personaIds"] = ["jonas"]
    assert len(planned(data)["posts"]) == 24


class TestRefusals:
    """Each way to be wrong has its code, and says whether to try again."""

    @pytest.mark.parametrize("data", [None, [], "plan", 7, {}, {"tenantId": "acme", "brandConfig": {}}])
    def test_what_is_no_input_at_all(self, data: Any) -> None:
        assert refused(data)["code"] in {"INVALID_INPUT", "BRAND_NOT_FOUND"}

    def test_a_field_of_the_wrong_type_is_named(self) -> None:
        data = plan_data()
        data["campaign"]["postCount"] = "many"
        error = refused(data)
        assert (error["code"], error["retryable"]) == ("INVALID_INPUT", False)
        assert error["details"]["errors"][0]["field"] == "campaign.postCount"

    def test_no_brand(self) -> None:
        error = refused(plan_data() | {"brandConfig": None})
        assert (error["code"], error["retryable"]) == ("BRAND_NOT_FOUND", False)

    def test_another_brand_than_the_campaigns(self) -> None:
        data = plan_data()
        data["brandConfig"]["brandId"] = "nordlicht"
        assert refused(data)["code"] == "BRAND_NOT_FOUND"

    @pytest.mark.parametrize("examples", [[], None, ["  "]])
    def test_a_persona_without_examples(self, examples: Any) -> None:
        data = plan_data()
        data["personaConfigs"][1]["examples"] = examples
        error = refused(data)
        assert (error["code"], error["retryable"]) == ("INSUFFICIENT_EXAMPLES", True)
        assert error["details"]["personaId"] == "jonas"

    def test_a_platform_nobody_posts_on(self) -> None:
        data = plan_data()
        data["mergedConfig"]["platforms"]["x"]["personaIds"] = []
        error = refused(data)
        assert (error["code"], error["details"]["platform"]) == ("NO_ELIGIBLE_PERSONA", "x")

    def test_a_persona_that_was_not_given(self) -> None:
        data = plan_data()
        data["mergedConfig"]["platforms"]["x"]["personaIds"] = ["stranger"]
        assert refused(data)["code"] == "INVALID_INPUT"

    def test_a_window_that_is_too_short(self) -> None:
        wire = launch(postCount=500)
        wire["schedule"] = wire["schedule"] | {"start": "2027-04-06T09:00:00", "end": "2027-04-06T09:30:00"}
        error = refused(plan_data(wire))
        assert (error["code"], error["retryable"]) == ("NOT_ENOUGH_SLOTS", False)
        assert error["details"]["errors"]


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "code", "retryable"),
        [
            (Fault.THROTTLE, "PROVIDER_THROTTLED", True),
            (Fault.TIMEOUT, "PROVIDER_TIMEOUT", True),
            (Fault.UNAVAILABLE, "PROVIDER_UNAVAILABLE", True),
            (Fault.MALFORMED, "MALFORMED_OUTPUT", True),
            (Fault.EMPTY, "EMPTY_OUTPUT", True),
            (Fault.BLOCKED, "CONTENT_BLOCKED", False),
        ],
    )
    def test_a_model_that_stays_broken_fails_the_plan(self, fault: Fault, code: str, *, retryable: bool) -> None:
        error = refused(plan_data(), provider=OfflineModel(faults={"plan": fault}))
        assert (error["code"], error["retryable"]) == (code, retryable)

    @pytest.mark.parametrize("fault", [Fault.MALFORMED, Fault.EMPTY])
    def test_a_bad_answer_is_asked_for_again(self, fault: Fault) -> None:
        repaired = campaign_planner.run(plan_data(), provider=OfflineModel(faults={"plan": [fault]}))
        assert repaired == campaign_planner.run(plan_data())

    def test_the_workflows_next_attempt_gets_the_next_fault(self) -> None:
        model = OfflineModel(faults={"plan": [Fault.THROTTLE]})
        assert refused(plan_data(), provider=model)["code"] == "PROVIDER_THROTTLED"
        assert campaign_planner.run(plan_data() | {"attempt": 1}, provider=model)["success"]


class TestPlanRules:
    """The plan's own check, shown plans that no planner should make."""

    def problems(self, **changes: Any) -> list[str]:
        data = plan_data()
        request = PlannerInput.from_wire(data)
        posts = [PlannedPost.from_wire(post) for post in planned(data)["posts"]]
        posts[3] = posts[3].model_copy(update=changes)
        return plan_problems(request, posts, 24)

    def test_a_good_plan_has_none(self) -> None:
        assert self.problems() == []

    def test_platform_persona_id_time_and_topic(self) -> None:
        assert "does not use" in self.problems(platform=Platform.TIKTOK)[0]
        assert "does not post on" in self.problems(persona_id="acme-team")[0]
        assert "id of another post" in self.problems(post_id=post_id_for(CAMPAIGN_ID, 99))[0]
        before = PlannedPost.from_wire(planned(plan_data())["posts"][0])
        assert any(
            "outside the campaign" in p for p in self.problems(scheduled_at=before.scheduled_at.replace(year=2026))
        )
        assert any("comes 2 times" in problem for problem in self.problems(topic=before.topic.upper()))

    def test_the_total(self) -> None:
        request = PlannerInput.from_wire(plan_data())
        assert plan_problems(request, [], 24)[0] == "24 posts were wanted and 0 are planned"
