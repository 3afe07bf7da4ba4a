"""Counts a text the way each platform counts it."""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from lambdas.domain.limits.figures import LIMITS, Unit
from lambdas.domain.models.post import PostContent
from lambdas.domain.platforms import Platform

TAGLESS = frozenset({Platform.EMAIL, Platform.SMS, Platform.BLOG})
"""Platforms on which hashtags and mentions have no function: they are stored beside the text and not appended to it."""

_INNER_DOT = re.compile(r"\.[^\s.]")
_KEYCAP = "\u20e3"
_EMOJI_STYLE = "\ufe0f"
_NOT_EMOJI = frozenset("©®™")
"""Signs that Unicode lists as pictographs but that are normally written as text."""


class SmsCount(NamedTuple):
    """What a text costs as SMS: ``units`` are septets for GSM-7 (an extension character counts 2), else UTF-16."""

    encoding: str
    """``GSM-7`` or ``UCS-2``."""
    units: int
    segments: int


def measure(platform: Platform, text: str) -> int:
    """The length of ``text`` in the platform's own unit (``LIMITS[platform].unit``)."""
    return COUNTERS[LIMITS[platform].unit](text)


def text_as_published(platform: Platform, content: PostContent) -> str:
    """The text that a platform shows and counts: mentions, hashtags and the link are appended if the text lacks
    them."""
    text = content.text
    tags = () if platform in TAGLESS else (*content.mentions, *content.hashtags)
    line = " ".join(tag for tag in dict.fromkeys(tags) if not _contains_tag(text, tag))
    link = content.link if content.link and content.link not in text else ""
    separator = " " if platform is Platform.SMS else "\n"
    return separator.join(part for part in (text, line, link) if part)


def sms_segments(text: str) -> SmsCount:
    """How many messages a text is sent and billed as (160 septets or 70 units alone, 153 or 67 when split).

    Source of the figures: 3GPP TS 23.038 and 23.040, as in
    https://docs.aws.amazon.com/sms-voice/latest/userguide/sms-limitations-character.html.
    """
    import smsutil

    if not text:
        return SmsCount("GSM-7", 0, 0)
    split = smsutil.split(text)
    if split.encoding == "gsm0338":
        return SmsCount("GSM-7", split.total_bytes, len(split.parts))
    return SmsCount("UCS-2", split.total_bytes // 2, len(split.parts))


def sms_parts(text: str) -> tuple[str, ...]:
    """The text of each message that a text is sent as."""
    import smsutil

    return tuple(part.content for part in smsutil.split(text).parts)


def graphemes(text: str) -> list[str]:
    """User-perceived characters: an emoji with its modifiers is one."""
    if text.isascii() and "\r" not in text:
        return list(text)
    import regex

    return list(regex.findall(r"\X", text))


def is_emoji(grapheme: str) -> bool:
    if grapheme.isascii() or grapheme in _NOT_EMOJI:
        return False
    return _EMOJI_STYLE in grapheme or _KEYCAP in grapheme or _pictograph()(grapheme)


@cache
def _pictograph() -> Callable[[str], bool]:
    import regex

    pattern = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}")
    return lambda grapheme: pattern.search(grapheme) is not None


def _contains_tag(text: str, tag: str) -> bool:
    """Whether the text contains the tag as a whole word. ``#sale`` is not in ``#salesforce``."""
    return re.search(rf"{re.escape(tag)}(?!\w)", text, re.IGNORECASE) is not None


def _weighted(text: str) -> int:
    # No plain ASCII character weighs more than 1, and every link contains a dot: this saves half a second of import.
    if text.isascii() and "\r" not in text and not _INNER_DOT.search(text):
        return len(text)
    return _parsed_weight(text)


@lru_cache(maxsize=256)
def _parsed_weight(text: str) -> int:
    """Cached: it takes milliseconds, and a text is measured when it is fitted and again when it is checked."""
    from twitter_text import parse_tweet

    return int(parse_tweet(text).weightedLength)


def _emoji_bytes(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(len(g.encode()) if is_emoji(g) else len(g) for g in graphemes(text))


COUNTERS: Mapping[Unit, Callable[[str], int]] = {
    Unit.WEIGHTED: _weighted,
    Unit.UTF16: lambda text: len(text.encode("utf-16-le")) // 2,
    Unit.CHARACTERS: len,
    Unit.EMOJI_BYTES: _emoji_bytes,
    Unit.GRAPHEMES: lambda text: len(graphemes(text)),
    Unit.BYTES: lambda text: len(text.encode()),
}
