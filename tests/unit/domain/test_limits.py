import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lambdas.domain.limits import LIMITS, Confidence, Figure, check_limits, measure, text_as_published
from lambdas.domain.models.post import PostContent
from lambdas.domain.platforms import Platform

FAMILY = "👨‍👩‍👧‍👦"


def content(text: str = "Hello", **fields: Any) -> PostContent:
    return PostContent(text=text, generated_at=datetime(2026, 1, 1, tzinfo=UTC), **fields)


def failed(platform: Platform, post: PostContent) -> set[str]:
    return {result.rule for result in check_limits(platform, post) if not result.passed}


def fitting(platform: Platform, **fields: Any) -> PostContent:
    """A post with everything the platform requires."""
    return content(**{"subject": "News", "title": "News", **fields})


def figures() -> list[Any]:
    return [
        pytest.param(value, id=f"{platform.value}-{name}")
        for platform, limit in LIMITS.items()
        for name, value in limit._asdict().items()
        if isinstance(value, Figure)
    ]


def test_every_platform_has_an_entry() -> None:
    assert set(LIMITS) == set(Platform)


@pytest.mark.parametrize("figure", figures())
def test_every_figure_has_a_source_and_says_how_far_it_is_to_be_trusted(figure: Figure) -> None:
    assert figure.value > 0
    assert figure.source.startswith("https://")
    if figure.confidence is Confidence.UNVERIFIED:
        assert figure.checked is None
    else:
        assert figure.checked is not None
        assert figure.checked >= date(2026, 1, 1)


def test_what_a_text_is_measured_by_is_never_a_guess() -> None:
    assert {limit.length.confidence for limit in LIMITS.values()} <= {Confidence.PUBLISHED, Confidence.THIRD_PARTY}


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        LIMITS[Platform.X].length.value = 1  # type: ignore[misc]  # what the test is about
    with pytest.raises(TypeError):
        LIMITS[Platform.X] = LIMITS[Platform.SMS]  # type: ignore[index]  # what the test is about


@pytest.mark.parametrize("platform", Platform)
def test_a_short_post_fits_everywhere(platform: Platform) -> None:
    assert failed(platform, fitting(platform)) == set()


@pytest.mark.parametrize("platform", Platform)
def test_the_limit_fits_and_one_more_does_not(platform: Platform) -> None:
    limit = LIMITS[platform].max_length
    assert failed(platform, fitting(platform, text="a" * limit)) == set()
    assert "limits.length" in failed(platform, fitting(platform, text="a" * (limit + 1)))


@pytest.mark.parametrize(
    ("platform", "text", "length"),
    [
        (Platform.X, "日本", 4),
        (Platform.X, FAMILY, 2),
        (Platform.X, "see example.com", 27),
        (Platform.X, "a\r\nb", 3),
        (Platform.LINKEDIN, "a😀", 3),
        (Platform.INSTAGRAM, "😀😀", 4),
        (Platform.BLUESKY, f"a{FAMILY}", 2),
        (Platform.BLUESKY, "e\u0301", 1),
        (Platform.BLUESKY, "a\r\nb", 3),
        (Platform.THREADS, "né", 2),
        (Platform.THREADS, "a😀", 5),
        (Platform.THREADS, FAMILY, 25),
        (Platform.THREADS, "©1", 2),
        (Platform.THREADS, "1️⃣", 7),
        (Platform.THREADS, "🇩🇪", 8),
        (Platform.YOUTUBE, "né", 3),
        (Platform.SMS, "né", 2),
    ],
)
def test_units(platform: Platform, text: str, length: int) -> None:
    assert measure(platform, text) == length


def test_bluesky_limits_bytes_too() -> None:
    post = content(FAMILY * 150)
    assert measure(Platform.BLUESKY, post.text) == 150
    assert failed(Platform.BLUESKY, post) == {"limits.bytes"}


class TestTextAsPublished:
    post = content("Ready? #Go", hashtags=("#go", "#Green"), mentions=("@acme",), link="https://acme.com/a")

    def test_adds_what_the_text_lacks(self) -> None:
        assert text_as_published(Platform.LINKEDIN, self.post) == "Ready? #Go\n@acme #Green\nhttps://acme.com/a"

    def test_a_longer_tag_is_another_tag(self) -> None:
        post = content("We #salesforce", hashtags=("#sale",))
        assert text_as_published(Platform.X, post) == "We #salesforce\n#sale"

    def test_keeps_a_link_that_is_there(self) -> None:
        post = content("See https://acme.com/a now", link="https://acme.com/a")
        assert text_as_published(Platform.X, post) == post.text

    @pytest.mark.parametrize("platform", [Platform.EMAIL, Platform.BLOG])
    def test_no_tags_where_they_lead_nowhere(self, platform: Platform) -> None:
        assert text_as_published(platform, self.post) == "Ready? #Go\nhttps://acme.com/a"

    def test_an_sms_stays_on_one_line(self) -> None:
        assert text_as_published(Platform.SMS, self.post) == "Ready? #Go https://acme.com/a"

    def test_hashtags_and_link_count(self) -> None:
        post = content("a" * 250, hashtags=("#b",), link="https://example.com/" + "x" * 500)
        assert measure(Platform.X, text_as_published(Platform.X, post)) == 250 + 1 + 2 + 1 + 23


class TestRules:
    def test_hashtags_are_counted_wherever_they_stand(self) -> None:
        post = content("#one #two text", hashtags=("#TWO", "#three", "#four", "#five"))
        assert failed(Platform.INSTAGRAM, post) == set()
        assert failed(Platform.INSTAGRAM, content("#six", hashtags=(*post.hashtags, "#one"))) == {"limits.hashtags"}

    def test_threads_has_one_topic(self) -> None:
        assert failed(Platform.THREADS, content(hashtags=("#a", "#b"))) == {"limits.hashtags"}

    def test_a_fragment_and_a_number_are_no_hashtags(self) -> None:
        assert failed(Platform.THREADS, content("We are #1: acme.com/#top &#39; #go")) == set()

    def test_mentions(self) -> None:
        post = content("@a @b hi@mail.com", mentions=("@A", "@c"))
        assert failed(Platform.INSTAGRAM, post) == set()
        assert failed(Platform.INSTAGRAM, content("@a @b", mentions=("@c", "@d"))) == {"limits.mentions"}

    @pytest.mark.parametrize("tag", ["#", "plain", "#two words", "#1", "#a-b"])
    def test_hashtags_that_do_not_link(self, tag: str) -> None:
        assert "limits.hashtagFormat" in failed(Platform.LINKEDIN, content(hashtags=(tag,)))

    def test_threads_takes_five_links(self) -> None:
        links = " ".join(f"https://acme.com/{n}" for n in range(5))
        assert failed(Platform.THREADS, content(links, link="https://acme.com/0")) == set()
        assert failed(Platform.THREADS, content(links, link="https://acme.com/9")) == {"limits.links"}

    @pytest.mark.parametrize("text", ["", "  \n"])
    def test_an_empty_text(self, text: str) -> None:
        assert failed(Platform.LINKEDIN, content(text)) == {"limits.text"}

    @pytest.mark.parametrize(
        ("platform", "field"),
        [(Platform.EMAIL, "subject"), (Platform.YOUTUBE, "title"), (Platform.BLOG, "title")],
    )
    def test_required_fields(self, platform: Platform, field: str) -> None:
        assert failed(platform, content()) == {f"limits.{field}Required"}
        assert failed(platform, content(**{field: " "})) == {f"limits.{field}Required"}

    @pytest.mark.parametrize(
        ("platform", "field", "longest"),
        [
            (Platform.EMAIL, "subject", 78),
            (Platform.EMAIL, "preview", 100),
            (Platform.YOUTUBE, "title", 100),
            (Platform.BLOG, "title", 200),
        ],
    )
    def test_field_lengths(self, platform: Platform, field: str, longest: int) -> None:
        assert failed(platform, fitting(platform, **{field: "a" * longest})) == set()
        assert failed(platform, fitting(platform, **{field: "a" * (longest + 1)})) == {f"limits.{field}"}

    def test_alt_text(self) -> None:
        assert failed(Platform.X, content(alt_text="a" * 1_001)) == {"limits.altText"}

    def test_a_subject_cannot_smuggle_a_header(self) -> None:
        post = content(subject="Hi\r\nBcc: all@example.com")
        assert failed(Platform.EMAIL, post) == {"limits.subjectLine"}

    @pytest.mark.parametrize("fields", [{"text": "a < b"}, {"title": "<b>"}])
    def test_youtube_takes_no_angle_brackets(self, fields: dict[str, str]) -> None:
        assert failed(Platform.YOUTUBE, fitting(Platform.YOUTUBE, **fields)) == {"limits.characters"}

    def test_an_sms_says_what_it_costs(self) -> None:
        results = {r.rule: r for r in check_limits(Platform.SMS, content("a" * 161))}
        assert results["limits.length"].detail == "161 of at most 1,600 characters; 2 segments of GSM-7"


def test_importing_is_cheap() -> None:
    code = (
        "import sys, lambdas.domain.limits, lambdas.domain.compliance;"
        "import lambdas.domain.similarity, lambdas.domain.calendar;"
        "print(sorted({'regex', 'twitter_text', 'smsutil', 'holidays', 'boto3'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
