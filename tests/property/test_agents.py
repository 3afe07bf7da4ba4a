"""What holds for every brief: properties of the planner and the generator."""

import json
from collections import Counter
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lambdas.agents import campaign_planner, content_generator
from lambdas.agents.campaign_planner.contract import PlannerInput, PlannerResult
from lambdas.agents.campaign_planner.plan_rules import plan_problems
from lambdas.agents.content_generator.contract import GeneratorResult
from lambdas.agents.offline.offline_model import Fault, OfflineModel
from lambdas.agents.outcome import RETRYABLE, AgentReply, ErrorCode
from lambdas.domain.calendar import planned_count
from lambdas.domain.limits import LIMITS, check_limits, measure, text_as_published
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.platforms import Platform
from tests.support.agent_inputs import ALL_PLATFORMS, all_posts, launch, plan_data, post_data

ENOUGH = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(min_size=1, max_size=120).map(str.strip).filter(bool)
lines = st.one_of(
    texts,
    st.sampled_from(
        [
            "Größe zählt 🫖",
            "日本語のメッセージ",
            "<b>bold</b> words",
            "See https://evil.com now",
            "x" * 280,
            "A very long sentence about releasing software " * 6,
            "👩‍💻👩‍💻👩‍💻",
            "...",
        ]
    ),
).map(lambda text: text[:300].strip() or "x")
platforms = st.lists(st.sampled_from(ALL_PLATFORMS), min_size=1, max_size=11, unique=True)


@st.composite
def briefs(draw: st.DrawFn) -> dict[str, Any]:
    """Valid briefs of tenant acme: any text, any platforms, a window that has room for the posts."""
    start = draw(st.dates(date(2027, 1, 1), date(2027, 12, 1)))
    days = draw(st.integers(20, 120))
    return launch(
        name=draw(lines)[:120],
        product={
            "name": draw(lines)[:120].strip() or "x",
            "description": draw(lines),
            "url": "https://relay.example.com/three",
        },
        audience=draw(lines),
        keyMessages=draw(st.lists(lines, min_size=1, max_size=5)),
        callToAction=draw(lines),
        platforms=draw(platforms),
        language=draw(st.sampled_from(["en", "de", "fr-CA", "es", "ja"])),
        postCount=draw(st.integers(1, 60)),
        schedule={
            "timeZone": draw(
                st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"])
            ),
            "start": f"{start}T08:00:00",
            "end": f"{start + timedelta(days=days)}T20:00:00",
        },
    )


def open_to_all(data: dict[str, Any]) -> dict[str, Any]:
    """The input with personas that post everywhere and write everything, as a valid campaign's would."""
    for persona in data["personaConfigs"]:
        persona |= {"platforms": [], "languages": []}
    for platform in data["mergedConfig"]["platforms"].values():
        platform["personaIds"] = [persona["personaId"] for persona in data["personaConfigs"]]
    return data


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@ENOUGH
@given(briefs())
def test_the_plan_of_any_brief_passes_its_own_validation_and_repeats(wire: dict[str, Any]) -> None:
    data = open_to_all(plan_data(wire))
    reply = campaign_planner.run(data)
    assert reply["error"] is None
    result = PlannerResult.from_wire(reply["result"])
    expected = planned_count(CampaignBrief.from_record(wire))
    assert plan_problems(PlannerInput.from_internal(data), result.posts, expected) == []
    assert campaign_planner.run(data) == reply


@ENOUGH
@given(briefs(), st.integers(0, 10_000))
def test_every_post_of_any_brief_fits_its_platform(wire: dict[str, Any], which: int) -> None:
    plan = campaign_planner.run(open_to_all(plan_data(wire)))["result"]
    (data,) = all_posts(wire, plan, only=which)
    reply = content_generator.run(data)
    if not reply["success"]:
        # The brief itself may be too hard to read for the brand, or its product banned: then the rule is named.
        assert reply["error"]["code"] in {"BRAND_RULE_BROKEN", "EMPTY_OUTPUT"}, reply["error"]
        return
    platform = Platform(plan["posts"][which % len(plan["posts"])]["platform"])
    content = GeneratorResult.from_wire(reply["result"]).content
    assert [result for result in check_limits(platform, content) if not result.passed] == []
    assert measure(platform, text_as_published(platform, content)) <= LIMITS[platform].max_length


@ENOUGH
@given(briefs(), st.integers(0, 10_000))
def test_agents_are_called_directly_and_answer_in_their_contract(wire: dict[str, Any], which: int) -> None:
    """**Feature: campaign-orchestration-durable, Property 4: For any agent invocation within the durable workflow,
    the system should call agent run functions directly with complete configuration data and receive structured
    results for workflow continuation**

    For any agent invocation, complete configuration goes in and a structured result comes out that the workflow can
    go on with: the plan's posts are the generator's inputs, and what it answers is a post's content and provenance.
    """
    data = open_to_all(plan_data(wire))
    planned = AgentReply.from_wire(campaign_planner.run(json.loads(json.dumps(data))))
    assert planned.success
    result = PlannerResult.from_wire(planned.result)
    summary = result.plan_summary
    assert summary.total_posts == len(result.posts)
    assert summary.posts_per_platform == Counter(post.platform for post in result.posts)
    assert summary.posts_per_persona == Counter(post.persona_id for post in result.posts)
    (post,) = all_posts(wire, result.to_wire(), only=which)
    written = AgentReply.from_wire(content_generator.run(json.loads(json.dumps(post))))
    assert written.success == (written.error is None)
    if written.success:
        produced = GeneratorResult.from_wire(written.result)
        assert produced.content.text
        assert produced.provenance.brand_version == data["brandConfig"]["version"]


@ENOUGH
@given(
    st.lists(st.sampled_from([fault for fault in Fault if fault is not Fault.OK]), max_size=5),
    st.sampled_from(list(Platform)),
)
def test_failures_are_retried_as_their_code_says_until_they_pass(faults: list[Fault], platform: Platform) -> None:
    """**Feature: campaign-orchestration-durable, Property 6: For any workflow step failure, the system should retry
    according to configured policies, return structured error information, and update status appropriately**

    For any sequence of failures, the agent answers a structured error whose ``retryable`` agrees with its code; a
    caller that retries what is retryable ends with the post or with a permanent error, after no more tries than faults.
    """
    model = OfflineModel(faults={"3": faults})
    data = post_data(platform)
    for attempt in range(len(faults) + 1):
        reply = content_generator.run(data | {"attempt": attempt}, provider=model)
        if reply["success"]:
            assert reply["result"]["provenance"]["attempts"] >= attempt + 1
            return
        error = reply["error"]
        assert error["retryable"] == (ErrorCode(error["code"]) in RETRYABLE)
        assert error["message"]
        if not error["retryable"]:
            assert set(faults) & {Fault.BLOCKED, Fault.OVER_LIMIT, Fault.BANNED_WORD}
            return
    raise AssertionError(f"still failing after {faults}")


@st.composite
def damaged(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """An input in which one field, anywhere, is missing, unknown or of another type."""
    copy: dict[str, Any] = json.loads(json.dumps(data))
    node: Any = copy
    while True:
        names = sorted(node) if isinstance(node, dict) else list(range(len(node)))
        name = draw(st.sampled_from(names))
        inner = node[name]
        if isinstance(inner, dict | list) and inner and draw(st.booleans()):
            node = inner
            continue
        how = draw(st.sampled_from(["other", "unknown", "gone"]))
        if how == "unknown" and isinstance(node, dict):
            node[f"{name}X"] = inner
        elif how == "gone" and isinstance(node, dict):
            del node[name]
        else:
            node[name] = draw(json_values)
        return copy


@ENOUGH
@given(st.data())
def test_agents_validate_their_input_and_never_raise(data: st.DataObject) -> None:
    """**Feature: campaign-orchestration-durable, Property 7: For any agent run function input, the system should
    validate parameters and return structured error responses for invalid inputs**

    For any input, an agent validates it and answers a result or a structured error; it never raises, and an input
    that breaks the contract is never worked on.
    """
    agent, good = data.draw(
        st.sampled_from([(campaign_planner.run, plan_data(launch(postCount=6))), (content_generator.run, post_data())])
    )
    given_input = data.draw(st.one_of(json_values, damaged(good)))
    reply = agent(given_input)
    parsed = AgentReply.from_wire(reply)
    assert parsed.success == (parsed.error is None) == (parsed.result is not None)
    if parsed.error:
        assert parsed.error.code in set(ErrorCode) - {ErrorCode.AGENT_ERROR}
        assert parsed.error.retryable == (ErrorCode(parsed.error.code) in RETRYABLE)


@ENOUGH
@given(st.sampled_from([campaign_planner.run, content_generator.run]), json_values)
def test_what_has_nothing_of_an_input_is_always_refused(agent: Any, anything: Any) -> None:
    """Garbage has no way to be taken for work."""
    assume(not (isinstance(anything, dict) and "tenantId" in anything))
    reply = agent(anything)
    assert not reply["success"]
    assert reply["error"]["code"] in {"INVALID_INPUT", "BRAND_NOT_FOUND"}
