"""Rules of good copy that code can judge, checked on every text, whoever or whatever wrote it (ADR 80).

A sentence of the brief may say what copy may not say of itself: it is taken out before phrases are looked for.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from lambdas.domain.compliance.copy_phrases import PHRASES, SENSITIVE, SOLEMN_TONES, CopyPhrases
from lambdas.domain.compliance.words import phrases_in, plain
from lambdas.domain.limits.measure import sms_segments
from lambdas.domain.models.post import PostContent, RuleResult
from lambdas.domain.platforms import Platform

RUN = 5
"""So many words of the audience or the goal in a row are a quotation of it."""
NEAR_DAYS = 3
"""From so many days before it, the day itself included, an end is near; for so many after it, a start is new."""
PROFILE_ONLY = frozenset({Platform.INSTAGRAM, Platform.TIKTOK})
"""Links in a caption cannot be followed there; the campaign's link belongs in the profile."""

_ARTICLES = frozenset({"das", "diese", "dieser"})
_SHORTEST_GIVEN = 4
"""Characters: a shorter name would be taken out of the middle of other words."""
_LINK = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_SENTENCE = re.compile(r"(?<=[.!?…])(?<!\d\.)\s+|\n+")
_GREETING = re.compile(r"^[^\n.!?]{2,40}[,:]\n\n+")


@dataclass(frozen=True)
class CopyBrief:
    """What the rules need to know of the brief and the post."""

    language: str
    private: tuple[str, ...]
    """Audience and goal: for the writer, and never for the reader."""
    public: tuple[str, ...]
    """Everything the brief and the brand let be said."""
    benefits: tuple[str, ...]
    """Key messages and sentences of the product's description."""
    names: tuple[str, ...]
    """Of product and brand."""
    sensitive: bool
    may_ask: bool
    """Whether the post is one that asks something."""
    day: date
    """On which the post goes out, where the campaign takes place."""
    starts: date | None = None
    ends: tuple[date, ...] = ()
    """Last day of the campaign, and of each message that has one."""


def is_sensitive(texts: Iterable[str], tones: Iterable[str]) -> bool:
    """Whether a brief is about illness, death, disaster or the like, or of a brand that is always solemn."""
    return any(SENSITIVE.search(text.casefold()) for text in texts) or any(
        tone.casefold() in SOLEMN_TONES for tone in tones
    )


def check_copy(content: PostContent, platform: Platform, brief: CopyBrief) -> tuple[RuleResult, ...]:
    """One result for each rule, named ``copy.<rule>``. Other languages have no lists, and pass those that need one."""
    known = PHRASES.get(brief.language.split("-")[0])
    shown = [text for text in (content.title, content.subject, content.preview, content.text) if text]
    own = [_without(_LINK.sub(" ", text), brief.public) for text in shown]
    results = [_private(shown, brief)]
    if known:
        results += [
            _none_of("hearsay", own, known.hearsay, "nobody is quoted"),
            _none_of("glue", own, known.glue, "no empty transition"),
            _none_of("calendar", own, _untimely(known, brief), "the calendar agrees"),
            *_tone(own, known, brief),
            _opening(content.text, brief),
        ]
        if platform in PROFILE_ONLY:
            results.append(_profile(content, known))
    results.append(_questions(own, platform, brief))
    if platform is Platform.SMS:
        results.append(_segment(content))
    return tuple(results)


def _result(rule: str, problems: list[str], fine: str) -> RuleResult:
    return RuleResult(rule=f"copy.{rule}", passed=not problems, detail="; ".join(problems) if problems else fine)


def _private(shown: list[str], brief: CopyBrief) -> RuleResult:
    secret = _runs(brief.private) - _runs(brief.public)
    said = sorted(_runs(tuple(shown)) & secret)
    problems = [f"prints the audience or the goal: {' '.join(said[0])!r}"] if said else []
    return _result("private", problems, "neither audience nor goal")


@lru_cache(maxsize=256)  # the brief's are the same for each of its posts
def _runs(texts: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = _WORD.findall(text.casefold())
        found.update(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
    return frozenset(found)


def _none_of(rule: str, own: list[str], phrases: tuple[str, ...], fine: str) -> RuleResult:
    return _result(rule, [f"says {phrase!r}" for phrase in phrases_in(own, phrases)], fine)


def _untimely(known: CopyPhrases, brief: CopyBrief) -> tuple[str, ...]:
    """Words of time that are wrong on the day of the post."""
    near = timedelta(days=NEAR_DAYS)
    before_end = [end - brief.day for end in brief.ends]
    ending = any(timedelta(0) <= left < near for left in before_end)
    started = brief.starts is not None and timedelta(0) <= brief.day - brief.starts < near
    on_the_day = brief.day == brief.starts or timedelta(0) in before_end
    return (
        *(() if on_the_day else known.today),
        *(() if ending or started else known.now),
        *(() if ending else known.ending),
    )


def _tone(own: list[str], known: CopyPhrases, brief: CopyBrief) -> Iterator[RuleResult]:
    if not brief.sensitive:
        return
    found = [f"says {phrase!r}" for phrase in phrases_in(own, known.urgency + known.wit)]
    found += ["exclaims"] if any("!" in text for text in own) else []
    yield _result("tone", found, "neither urgency nor wit")


def first_sentence(text: str) -> str:
    """The first sentence after a greeting."""
    return _SENTENCE.split(_GREETING.sub("", text.strip(), count=1).strip(), maxsplit=1)[0]


def _opening(text: str, brief: CopyBrief) -> RuleResult:
    first = first_sentence(text)
    said = plain(first).casefold()
    words = _WORD.findall(said)
    named = any(plain(name).casefold() in said for name in brief.names)
    problems = []
    head, colon, tail = first.partition(": ")
    unnamed = not any(plain(name).casefold() in plain(head).casefold() for name in brief.names)
    if refers_back(first, brief.language) or (colon and unnamed and refers_back(tail, brief.language)):
        problems.append("refers to something before anything is named")
    if not named and not _is_benefit(frozenset(words), brief.benefits):
        problems.append("the first sentence names neither product nor benefit")
    return _result("opening", problems, "product or benefit first")


def refers_back(sentence: str, language: str) -> bool:
    """Whether a sentence needs another before it: it starts with a pronoun. "Das Brot" starts with an article."""
    known = PHRASES.get(language.split("-")[0])
    words = _WORD.findall(sentence.replace("’", "'"))
    if not known or not words or words[0].casefold() not in known.pronouns:
        return False
    return not (words[0].casefold() in _ARTICLES and len(words) > 1 and words[1][0].isupper())


def _is_benefit(words: frozenset[str], benefits: tuple[str, ...]) -> bool:
    """Whether most words of a benefit are there; a long one may be told in part."""
    return any(
        len(words & own) * 2 >= min(len(own), 12) and len(words & own) >= min(3, len(own))
        for own in map(_words_of, benefits)
        if own
    )


@lru_cache(maxsize=1_024)
def _words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(plain(text).casefold()))


def _profile(content: PostContent, known: CopyPhrases) -> RuleResult:
    points = phrases_in([content.text], known.profile)
    problems = [] if points else ["does not point to the profile"]
    problems += [] if content.call_to_action else ["has no call to action"]
    return _result("profile", problems, "points to the profile and says what to do")


def _questions(own: list[str], platform: Platform, brief: CopyBrief) -> RuleResult:
    asks = any("?" in text for text in own)
    if platform is Platform.SMS:
        return _result("question", ["an SMS asks nothing"] if asks else [], "no question")
    problems = ["asks about something that is no question"] if asks and not brief.may_ask else []
    return _result("question", problems, "no question out of place")


def _segment(content: PostContent) -> RuleResult:
    text = " ".join(content.text.replace(content.link, " ").split()) if content.link else content.text
    count = sms_segments(text)
    problems = [f"{count.units} units of {count.encoding} before the link"] if count.segments > 1 else []
    return _result("segment", problems, f"one segment of {count.encoding} before the link")


@lru_cache(maxsize=512)
def _without(text: str, public: tuple[str, ...]) -> str:
    """``text`` without what the brief supplied, in any case and with or without its full stop."""
    folded = plain(text).casefold()
    for given in sorted({plain(p).casefold().rstrip(".!?… ") for p in public}, key=len, reverse=True):
        if len(given) >= _SHORTEST_GIVEN:
            folded = folded.replace(given, " \u25a1 ")
    return folded
