"""The generator's contract: what it writes on each platform, what it refuses, and what a broken model leads to."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.agents import content_generator
from lambdas.agents.offline.offline_model import MODEL_ID, Fault, FaultPlan, OfflineModel
from lambdas.domain.errors import DependencyTimeoutError
from lambdas.domain.limits import LIMITS, check_limits, measure, sms_segments, text_as_published
from lambdas.domain.models.post import PostContent
from lambdas.domain.platforms import Platform
from lambdas.ports.services import ModelReply, ModelRequest
from tests.support.agent_inputs import launch, post_data

NOW = datetime(2027, 4, 1, 8, 30, tzinfo=UTC)


def written(data: dict[str, Any], **options: Any) -> dict[str, Any]:
    reply = content_generator.run(data, **options)
    assert reply["error"] is None
    result: dict[str, Any] = reply["result"]
    return result


def content(data: dict[str, Any], **options: Any) -> PostContent:
    return PostContent.from_wire(written(data, **options)["content"])


def repetition(data: dict[str, Any]) -> tuple[bool, str]:
    """What became of the rule, and in which words."""
    (rule,) = [rule for rule in written(data)["provenance"]["rules"] if rule["rule"] == "agent.repetition"]
    return rule["passed"], rule["detail"]


def refused(data: Any, **options: Any) -> dict[str, Any]:
    reply = content_generator.run(data, **options)
    assert (reply["success"], reply["result"]) == (False, None)
    error: dict[str, Any] = reply["error"]
    assert set(error) == {"code", "message", "retryable", "details"}
    return error


def with_faults(plan: FaultPlan) -> OfflineModel:
    return OfflineModel(faults=plan)


class TestContract:
    def test_the_answer_is_the_contract_of_seed_001(self) -> None:
        reply = content_generator.run(post_data(), now=lambda: NOW)
        assert set(reply) == {"success", "result", "error"}
        assert set(reply["result"]) == {"content", "provenance"}
        assert {"text", "hashtags", "mentions", "generatedAt"} <= set(reply["result"]["content"])
        assert reply["result"]["content"]["generatedAt"] == "2027-04-01T08:30:00.000Z"
        assert json.loads(json.dumps(reply)) == reply

    def test_the_same_post_is_written_the_same(self) -> None:
        assert written(post_data(), now=lambda: NOW) == written(post_data(), now=lambda: NOW)

    def test_another_post_on_the_same_topic_is_not(self) -> None:
        assert content(post_data(index=2)).text != content(post_data(index=3)).text

    def test_without_a_clock_the_time_is_now(self) -> None:
        before = datetime.now(UTC)
        generated_at = content(post_data()).generated_at
        assert before - timedelta(milliseconds=1) <= generated_at <= datetime.now(UTC)

    def test_provenance_says_where_the_text_comes_from(self) -> None:
        provenance = written(post_data())["provenance"]
        assert (provenance["provider"], provenance["modelId"]) == ("offline", MODEL_ID)
        assert (provenance["brandVersion"], provenance["personaVersion"]) == (3, 2)
        assert provenance["promptVersion"] == "write-v3"
        assert len(provenance["promptHash"]) == 64
        assert (provenance["attempts"], provenance["costUsd"]) == (1, 0.0)
        rules = {rule["rule"] for rule in provenance["rules"]}
        assert {"limits.length", "brand.bannedWords", "agent.link", "agent.repetition"} <= rules
        assert all(rule["passed"] for rule in provenance["rules"])

    def test_an_input_without_its_optional_fields_is_enough(self) -> None:
        data = {name: value for name, value in post_data().items() if name not in {"attempt", "recentTexts"}}
        assert written(data)


class TestText:
    @pytest.mark.parametrize("platform", list(Platform))
    def test_it_fits_its_platform_and_carries_its_subject(self, platform: Platform) -> None:
        post = content(post_data(platform))
        assert all(result.passed for result in check_limits(platform, post))
        assert measure(platform, text_as_published(platform, post)) <= LIMITS[platform].max_length
        assert "Release on a Friday and keep the weekend" in post.text

    def test_it_uses_the_brief(self) -> None:
        texts = [content(post_data(Platform.LINKEDIN, index=n, topic=f"Idea {n}")).text for n in range(12)]
        assert all("Start the 30-day trial" in text for text in texts)
        for message in launch()["keyMessages"]:
            assert any(message in text for text in texts)

    def test_a_topic_from_elsewhere_is_its_own_subject(self) -> None:
        assert (
            "Why we painted the server room green."
            in content(post_data(topic="Why we painted the server room green")).text
        )

    @pytest.mark.parametrize(
        ("language", "formality", "expected"),
        [
            ("de", "casual", "Hallo,"),
            ("de", "formal", "Guten Tag,"),
            ("fr", "formal", "Madame, Monsieur,"),
            ("es", "formal", "Atentamente,"),
        ],
    )
    def test_the_form_of_address_is_the_personas(self, language: str, formality: str, expected: str) -> None:
        data = post_data(Platform.EMAIL, wire=launch(language=language))
        data["personaConfig"] |= {"formality": formality, "languages": []}
        assert expected in content(data).text.split("\n")

    def test_who_does_not_say_i_does_not(self) -> None:
        for index in range(30):
            data = post_data(Platform.LINKEDIN, index=index, topic=f"Topic number {index}", intent="behind_the_scenes")
            data["personaConfig"]["firstPerson"] = False
            words = content(data).text.replace("'", " ").split()
            assert not {"I", "We", "we", "our"} & set(words)

    def test_emoji_are_the_personas_own_and_only_if_the_brand_allows_them(self) -> None:
        def texts(policy: str) -> str:
            data = [
                post_data(Platform.THREADS, index=n, persona_id="maya", brand={"emojiPolicy": policy}) for n in range(9)
            ]
            return " ".join(content(d).text for d in data)

        assert "🙂" in texts("sparing")
        assert "🙂" not in texts("none")

    def test_disclaimers_stand_where_the_brand_wants_them(self) -> None:
        brand = {"disclaimers": [{"text": "Made up for this test.", "platforms": ["x"]}]}
        assert content(post_data(Platform.X, brand=brand)).text.endswith("Made up for this test.")
        assert "Made up" not in content(post_data(Platform.LINKEDIN, brand=brand)).text

    def test_sms_is_plain_has_the_link_inside_and_says_how_to_opt_out(self) -> None:
        wire = launch(keyMessages=["Don’t wait – it’s “free”…"])
        post = content(post_data(Platform.SMS, wire=wire, topic="Don’t wait – it’s “free”…"))
        assert post.link is not None
        assert post.link in post.text
        assert post.text.endswith("Reply STOP to opt out")
        assert sms_segments(post.text).encoding == "GSM-7"

    def test_mail_has_subject_and_preview_on_one_line_each(self) -> None:
        post = content(post_data(Platform.EMAIL))
        assert post.subject
        assert post.preview
        assert len(post.subject) <= 60
        assert "\n" not in post.subject + post.preview
        assert "Jonas Okafor" in post.text

    def test_titles_are_for_blog_and_video_only(self) -> None:
        titled = {platform for platform in Platform if content(post_data(platform)).title}
        assert titled == {Platform.BLOG, Platform.YOUTUBE}

    def test_alt_text_waits_for_a_picture(self) -> None:
        """What the planner wishes for is no picture: nobody may be told that there is one."""
        assert post_data()["post"]["assetRequirements"]["description"] == "A quiet office"
        assert content(post_data()).alt_text is None


class TestLink:
    def test_it_is_tagged(self) -> None:
        link = content(post_data(Platform.EMAIL)).link
        query = parse_qs(urlsplit(link or "").query)
        assert query == {
            "utm_source": ["email"],
            "utm_medium": ["email"],
            "utm_campaign": ["acme-relay-3-launch"],
            "utm_content": ["post-003"],
        }

    def test_the_brands_source_wins(self) -> None:
        brand = {"links": {"allowedDomains": ["example.com"], "utmSource": "spring"}}
        assert "utm_source=spring" in (content(post_data(brand=brand)).link or "")

    @pytest.mark.parametrize("platform", [Platform.INSTAGRAM, Platform.TIKTOK])
    def test_captions_carry_none(self, platform: Platform) -> None:
        assert content(post_data(platform)).link is None

    def test_a_product_without_a_page_has_none(self) -> None:
        wire = launch(product={"name": "Relay 3", "description": "It releases software."})
        for platform in (Platform.EMAIL, Platform.SMS, Platform.LINKEDIN):
            post = content(post_data(platform, wire=wire))
            assert post.link is None
            assert "{link}" not in post.text


class TestRefusals:
    @pytest.mark.parametrize("data", [None, [], "post", {}, {"brandConfig": {"name": 1}}])
    def test_what_is_no_input_at_all(self, data: Any) -> None:
        assert refused(data)["code"] in {"INVALID_INPUT", "BRAND_NOT_FOUND"}

    def test_no_brand(self) -> None:
        error = refused(post_data() | {"brandConfig": None})
        assert (error["code"], error["retryable"]) == ("BRAND_NOT_FOUND", False)

    def test_a_persona_without_examples(self) -> None:
        data = post_data()
        data["personaConfig"]["examples"] = []
        error = refused(data)
        assert (error["code"], error["retryable"]) == ("INSUFFICIENT_EXAMPLES", True)

    def test_parts_that_do_not_belong_together(self) -> None:
        assert refused(post_data() | {"postId": "01KJQ0000000000000000000B9"})["code"] == "INVALID_INPUT"
        data = post_data()
        data["personaConfig"]["personaId"] = "maya"
        assert refused(data)["code"] == "INVALID_INPUT"

    def test_a_text_that_was_there_before(self) -> None:
        text = content(post_data()).text
        mended = content(post_data() | {"recentTexts": [text]})
        assert mended.text != text
        assert repetition(post_data() | {"recentTexts": [text]}) == (True, "unlike 1 earlier texts")

    def test_a_text_that_comes_again_after_the_repair_is_kept_and_says_so(self) -> None:
        text = content(post_data()).text
        mended = content(post_data() | {"recentTexts": [text]}).text
        data = post_data() | {"recentTexts": [text, mended]}
        assert content(data).text == mended
        assert repetition(data) == (False, "100% like an earlier text")

    def test_a_repair_that_breaks_a_rule_is_worse_than_a_repetition(self) -> None:
        text = content(post_data()).text
        for fault in (Fault.OVER_LIMIT, Fault.MALFORMED, Fault.BLOCKED):
            model = OfflineModel(faults={"3": [Fault.OK, fault]})
            answer = content_generator.run(post_data() | {"recentTexts": [text]}, provider=model)
            assert answer["result"]["content"]["text"] == text
            assert answer["result"]["provenance"]["attempts"] == 2

    def test_a_banned_word_that_the_brief_insists_on(self) -> None:
        error = refused(post_data(wire=launch(callToAction="Try the revolutionary Relay")))
        assert (error["code"], error["retryable"]) == ("BRAND_RULE_BROKEN", False)
        assert error["details"]["rule"] == "brand.bannedWords"
        assert "revolutionary" in error["message"]
        assert error["details"]["attempts"] == 2


class TestFaults:
    """A post has number 3 (index 2) here."""

    @pytest.mark.parametrize(
        ("fault", "code", "retryable"),
        [
            (Fault.THROTTLE, "PROVIDER_THROTTLED", True),
            (Fault.TIMEOUT, "PROVIDER_TIMEOUT", True),
            (Fault.UNAVAILABLE, "PROVIDER_UNAVAILABLE", True),
            (Fault.MALFORMED, "MALFORMED_OUTPUT", True),
            (Fault.EMPTY, "EMPTY_OUTPUT", True),
            (Fault.BLOCKED, "CONTENT_BLOCKED", False),
            (Fault.OVER_LIMIT, "OVER_LIMIT", False),
            (Fault.BANNED_WORD, "BRAND_RULE_BROKEN", False),
        ],
    )
    @pytest.mark.parametrize("platform", [Platform.X, Platform.EMAIL])
    def test_a_model_that_stays_broken_fails_the_post(
        self, platform: Platform, fault: Fault, code: str, *, retryable: bool
    ) -> None:
        error = refused(post_data(platform), provider=with_faults({"3": fault}))
        assert (error["code"], error["retryable"]) == (code, retryable)

    @pytest.mark.parametrize("fault", [Fault.MALFORMED, Fault.EMPTY, Fault.OVER_LIMIT, Fault.BANNED_WORD])
    @pytest.mark.parametrize("platform", list(Platform))
    def test_a_bad_draft_is_mended_once(self, platform: Platform, fault: Fault) -> None:
        result = written(post_data(platform), provider=with_faults({"3": [fault]}))
        assert result["provenance"]["attempts"] == 2
        assert all(rule["passed"] for rule in result["provenance"]["rules"])

    @pytest.mark.parametrize("fault", [Fault.THROTTLE, Fault.TIMEOUT, Fault.UNAVAILABLE])
    def test_no_answer_is_left_to_the_workflows_next_attempt(self, fault: Fault) -> None:
        model = with_faults({"3": [fault, Fault.OK]})
        assert refused(post_data(), provider=model)["retryable"]
        result = written(post_data() | {"attempt": 1}, provider=model)
        assert result["provenance"]["attempts"] == 2

    def test_faults_hit_the_post_they_name_and_no_other(self) -> None:
        model = with_faults({"3": Fault.BANNED_WORD})
        assert written(post_data(index=3), provider=model)
        assert refused(post_data(index=2), provider=model)

    def test_a_bug_in_a_model_fails_the_post_and_not_the_caller(self, caplog: pytest.LogCaptureFixture) -> None:
        model = with_faults({"3": Fault.BANNED_WORD})
        error = refused(post_data(brand={"bannedWords": []}), provider=model)
        assert (error["code"], error["retryable"]) == ("AGENT_ERROR", False)
        assert "the agent failed" in caplog.text


class SlowTheSecondTime:
    """A model that answers once, and whose next answer does not come in time."""

    name = "slow"

    def __init__(self) -> None:
        self._model, self._calls = OfflineModel(), 0

    def complete(self, request: ModelRequest) -> ModelReply:
        self._calls += 1
        if self._calls > 1:
            raise DependencyTimeoutError("the model took too long")
        return self._model.complete(request)


def test_a_first_draft_that_may_be_published_is_kept_when_the_second_does_not_come() -> None:
    text = content(post_data()).text
    kept = content(post_data() | {"recentTexts": [text]}, provider=SlowTheSecondTime())
    assert kept.text == text
