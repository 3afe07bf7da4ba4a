"""Checks whether a post is within its platform's limits."""

import re
from collections.abc import Iterator, Sequence

from lambdas.domain.limits.figures import LIMITS, Figure, PlatformLimit, Unit
from lambdas.domain.limits.measure import TAGLESS, measure, sms_segments, text_as_published
from lambdas.domain.models.post import PostContent, RuleResult
from lambdas.domain.platforms import Platform

_HASHTAG = re.compile(r"(?<![\w&/#])[#＃](\w*[^\W\d_]\w*)")
_MENTION = re.compile(r"(?<![\w@/])@(\w[\w.-]*)")
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
# Characters that X refuses (twitter-text, invalid characters).
_INVALID = re.compile("[\ufffe\ufeff\uffff]")


_COUNTED = {
    Unit.WEIGHTED: "characters (an emoji or a Chinese character counts 2, a link 23)",
    Unit.UTF16: "characters (most emoji count 2)",
    Unit.EMOJI_BYTES: "characters (an emoji counts its bytes)",
    Unit.GRAPHEMES: "characters",
}
"""Units that are not called "words" when a result is explained."""


def check_limits(platform: Platform, content: PostContent) -> tuple[RuleResult, ...]:
    """One result for each limit the platform has, passed or not, named ``limits.<what>``."""
    limit = LIMITS[platform]
    text = text_as_published(platform, content)
    return (
        _not_empty(content),
        _length(platform, limit, text),
        *_counts(platform, limit, content, text),
        *_fields(limit, content),
        _characters(limit, content, text),
    )


def _result(rule: str, *, passed: bool, detail: str) -> RuleResult:
    return RuleResult(rule=f"limits.{rule}", passed=passed, detail=detail)


def _at_most(rule: str, count: int, figure: Figure, unit: str) -> RuleResult:
    return _result(rule, passed=count <= figure.value, detail=f"{count:,} of at most {figure.value:,} {unit}")


def _not_empty(content: PostContent) -> RuleResult:
    empty = not content.text.strip()
    return _result("text", passed=not empty, detail="the text is empty" if empty else "there is a text")


def _length(platform: Platform, limit: PlatformLimit, text: str) -> RuleResult:
    result = _at_most("length", measure(platform, text), limit.length, _COUNTED.get(limit.unit, limit.unit.value))
    if platform is not Platform.SMS:
        return result
    count = sms_segments(text)
    return result.model_copy(update={"detail": f"{result.detail}; {count.segments} segments of {count.encoding}"})


def _counts(platform: Platform, limit: PlatformLimit, content: PostContent, text: str) -> Iterator[RuleResult]:
    if limit.byte_length:
        yield _at_most("bytes", len(text.encode()), limit.byte_length, "bytes")
    if limit.hashtags:
        yield _at_most("hashtags", _distinct(_HASHTAG, text), limit.hashtags, "hashtags")
    if limit.mentions:
        yield _at_most("mentions", _distinct(_MENTION, text), limit.mentions, "mentions")
    if limit.links:
        yield _at_most("links", _distinct(_LINK, text), limit.links, "links")
    if platform not in TAGLESS:
        broken = [tag for tag in content.hashtags if not _HASHTAG.fullmatch(tag)]
        detail = f"not a hashtag: {', '.join(broken)}" if broken else "every hashtag links"
        yield _result("hashtagFormat", passed=not broken, detail=detail)


def _distinct(pattern: re.Pattern[str], text: str) -> int:
    return len({match.group().casefold() for match in pattern.finditer(text)})


def _fields(limit: PlatformLimit, content: PostContent) -> Iterator[RuleResult]:
    for name in limit.requires:
        missing = not (getattr(content, name) or "").strip()
        detail = f"the {name} is missing" if missing else f"there is a {name}"
        yield _result(f"{name}Required", passed=not missing, detail=detail)
    for rule, figure, value in (
        ("title", limit.title, content.title),
        ("subject", limit.subject, content.subject),
        ("preview", limit.preview, content.preview),
        ("altText", limit.alt_text, content.alt_text),
    ):
        if figure and value is not None:
            yield _at_most(rule, len(value), figure, "characters")
    if content.subject is not None:
        # A line break in a header would allow additional headers to be injected.
        broken = any(character in content.subject for character in "\r\n")
        detail = "the subject breaks the line" if broken else "the subject is one line"
        yield _result("subjectLine", passed=not broken, detail=detail)


def _characters(limit: PlatformLimit, content: PostContent, text: str) -> RuleResult:
    whole = text + (content.title or "")
    found = {character for character in limit.forbidden_characters if character in whole}
    found |= {f"U+{ord(character):04X}" for character in _INVALID.findall(whole)}
    detail = f"not allowed: {' '.join(sorted(found))}" if found else "every character is allowed"
    return _result("characters", passed=not found, detail=detail)


def without_surplus(platform: Platform, text: str, tags: Sequence[str] = (), mentions: Sequence[str] = ()) -> str:
    """``text`` without the ``#`` and ``@`` of hashtags and mentions beyond the number that the platform accepts beside
    those given.

    The words themselves stay. A brief may contain any number of them; a post that quotes it may not.
    """
    limit = LIMITS[platform]
    for pattern, most, given in ((_HASHTAG, limit.hashtags, tags), (_MENTION, limit.mentions, mentions)):
        if most:
            text = _unmarked(pattern, text, most.value, {mark.casefold() for mark in given})
    return text


def _unmarked(pattern: re.Pattern[str], text: str, most: int, kept: set[str]) -> str:
    def keep_or_unmark(match: re.Match[str]) -> str:
        mark = match[0].casefold()
        if mark in kept or len(kept) < most:
            kept.add(mark)
            return match[0]
        return match[0][1:]

    return pattern.sub(keep_or_unmark, text)
