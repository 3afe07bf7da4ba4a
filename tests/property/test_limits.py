"""What holds for any text on any platform."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from twitter_text import parse_tweet

from lambdas.domain.limits import LIMITS, check_limits, measure, sms_segments, text_as_published
from lambdas.domain.models.post import PostContent
from lambdas.domain.platforms import Platform

PLATFORMS = st.sampled_from(list(Platform))
# Ordinary copy, and what makes counting hard: joined emoji, marks, wide writing, links, line ends, extension
# characters of GSM-7.
PIECES = st.sampled_from(
    [
        "word ",
        "Ünïcödé ",
        "e\u0301",
        "日本語",
        "한국어 ",
        "👨‍👩‍👧‍👦",
        "🇩🇪",
        "1️⃣",
        "👍🏽",
        "€",
        "[x]",
        "\n",
        "\r\n",
        "https://a.example/b ",
        "a.com ",
    ]
)
TEXTS = st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=200).map("".join))
TAGS = st.lists(st.from_regex(r"#[a-z]{1,12}", fullmatch=True), max_size=8).map(tuple)
LINKS = st.one_of(st.none(), st.from_regex(r"https://acme\.com/[a-z]{0,60}", fullmatch=True))


def content(text: str, tags: tuple[str, ...] = (), link: str | None = None) -> PostContent:
    return PostContent(
        text=text, hashtags=tags, link=link, subject="s", title="t", generated_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


def rules(platform: Platform, post: PostContent) -> dict[str, bool]:
    return {result.rule: result.passed for result in check_limits(platform, post)}


@settings(max_examples=100, deadline=None)
@given(PLATFORMS, TEXTS, st.from_regex(r"[a-z]{1,40}", fullmatch=True))
def test_more_text_is_never_shorter(platform: Platform, text: str, more: str) -> None:
    longer = f"{text}\n{more}"
    assert measure(platform, longer) > measure(platform, text)
    before, after = rules(platform, content(text)), rules(platform, content(longer))
    assert before["limits.length"] or not after["limits.length"]


@settings(max_examples=100, deadline=None)
@given(PLATFORMS, TEXTS, TAGS, LINKS)
def test_the_rule_says_what_the_measure_says(
    platform: Platform, text: str, tags: tuple[str, ...], link: str | None
) -> None:
    post = content(text, tags, link)
    published = text_as_published(platform, post)
    assert post.text in published
    assert link is None or link in published
    fits = measure(platform, published) <= LIMITS[platform].max_length
    assert rules(platform, post)["limits.length"] is fits


@settings(max_examples=150, deadline=None)
@given(st.one_of(TEXTS, st.text(st.characters(max_codepoint=127), max_size=300)))
def test_the_short_cut_for_plain_text_counts_as_the_library_does(text: str) -> None:
    assert measure(Platform.X, text) == parse_tweet(text).weightedLength


ASCII_COPY = st.lists(
    st.sampled_from(
        [
            "Plain words",
            ". ",
            ".",
            "...",
            ".\n",
            " e.g. ",
            "a.com",
            "v2.0 ",
            "done.So ",
            "https://a.example/b.c",
            " ",
            "@x",
            "#y",
        ]
    ),
    max_size=80,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(ASCII_COPY)
def test_the_shortcut_for_plain_sentences_counts_as_the_library(text: str) -> None:
    assert measure(Platform.X, text) == parse_tweet(text).weightedLength


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_sms_segments_hold_the_text_and_not_one_more_than_needed(text: str) -> None:
    encoding, units, segments = sms_segments(text)
    alone, split, widest = (160, 153, 2) if encoding == "GSM-7" else (70, 67, 2)
    if units <= alone:
        assert segments == (1 if text else 0)
    else:
        # A character of two units is not split, so a segment may end one short.
        assert -(-units // split) <= segments <= -(-units // (split - widest + 1))
    if encoding == "UCS-2":
        assert units == len(text.encode("utf-16-le")) // 2
