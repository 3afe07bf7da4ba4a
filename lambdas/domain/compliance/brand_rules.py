"""The brand's rules, one function each."""

import re
from collections.abc import Iterable
from functools import lru_cache

from lambdas.domain.compliance.urls import link_problems, links_in, tracking_problems
from lambdas.domain.compliance.words import phrases_in, plain, visible_fields
from lambdas.domain.limits.measure import graphemes, is_emoji, text_as_published
from lambdas.domain.models.brand import Brand, EmojiPolicy, LinkPolicy
from lambdas.domain.models.post import PostContent, RuleResult
from lambdas.domain.platforms import Platform

_EMOJI_ALLOWED = {EmojiPolicy.NONE: 0, EmojiPolicy.SPARING: 1}


def check_brand(
    content: PostContent, platform: Platform, brand: Brand, *, language: str = "en"
) -> tuple[RuleResult, ...]:
    """One result for each rule the brand has, passed or not, named ``brand.<rule>``.

    ``language`` is the tag of the copy (``en``, ``de-AT``); the reading level is only known for English.
    """
    return (
        _disclaimers(content, platform, brand),
        _banned_words(content, brand),
        _emoji(content, platform, brand.emoji_policy),
        _reading_level(content, brand, language),
        _links(content, brand.links),
        _tracking(content, platform, brand.links),
    )


def _result(rule: str, problems: Iterable[str], fine: str) -> RuleResult:
    found = list(problems)
    return RuleResult(rule=f"brand.{rule}", passed=not found, detail="; ".join(found) if found else fine)


def _disclaimers(content: PostContent, platform: Platform, brand: Brand) -> RuleResult:
    text = plain(text_as_published(platform, content))
    required = [d.text for d in brand.disclaimers if not d.platforms or platform in d.platforms]
    missing = [f"missing: {wanted!r}" for wanted in required if plain(wanted) not in text]
    return _result("disclaimers", missing, f"{len(required)} required, all there")


def _banned_words(content: PostContent, brand: Brand) -> RuleResult:
    found = phrases_in(list(visible_fields(content)), brand.banned_words)
    return _result("bannedWords", (f"says {word!r}" for word in found), "none of the banned words")


def _emoji(content: PostContent, platform: Platform, policy: EmojiPolicy) -> RuleResult:
    allowed = _EMOJI_ALLOWED.get(policy)
    if allowed is None:
        return _result("emoji", (), "any number is allowed")
    shown = (text_as_published(platform, content), content.title, content.subject, content.preview)
    count = sum(is_emoji(grapheme) for text in shown if text and not text.isascii() for grapheme in graphemes(text))
    problems = [f"{count} emoji, at most {allowed} allowed"] if count > allowed else []
    return _result("emoji", problems, f"{count} of at most {allowed}")


def _reading_level(content: PostContent, brand: Brand, language: str) -> RuleResult:
    highest = brand.max_reading_grade
    if highest is None:
        return _result("readingGrade", (), "the brand sets no reading grade")
    if language.split("-")[0] != "en":
        return _result("readingGrade", (), f"not checked: the formula is for English, not {language}")
    grade = reading_grade(content.text)
    if grade is None:
        return _result("readingGrade", (), "not checked: too few words")
    problems = [f"needs grade {grade:.1f}, at most {highest} allowed"] if grade > highest else []
    return _result("readingGrade", problems, f"grade {grade:.1f} of at most {highest}")


def _links(content: PostContent, policy: LinkPolicy) -> RuleResult:
    links = links_in(content)
    return _result("links", link_problems(links, policy), f"{len(links)} links, all allowed" if links else "no links")


def _tracking(content: PostContent, platform: Platform, policy: LinkPolicy) -> RuleResult:
    if platform is Platform.SMS:
        return _result("tracking", (), "a link in an SMS is short and carries no tags")
    if not content.link or policy.utm_source is None:
        return _result("tracking", (), "the brand sets no utm_source" if content.link else "no link to tag")
    fine = f"utm_source is {policy.utm_source} on {platform.value}"
    return _result("tracking", tracking_problems(content.link, policy.utm_source), fine)


MIN_WORDS = 5
"""With fewer words the formula is meaningless: one long name in a three-word line would fail it."""

_NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|[#@]\w[\w.]*")
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n+")
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?", re.IGNORECASE)
_VOWELS = re.compile(r"[aeiouy]+")


@lru_cache(maxsize=64)  # cached: the writer asks first, and the check once more
def reading_grade(text: str) -> float | None:
    """The US school grade that the text requires, or ``None`` if it has too few words.

    Flesch-Kincaid: ``0.39 × words / sentences + 11.8 × syllables / words - 15.59`` (Kincaid et al., 1975,
    https://apps.dtic.mil/sti/citations/ADA006655). Links, hashtags and mentions are not prose and do not count; a line
    break ends a sentence.
    """
    prose = _NOT_PROSE.sub(" ", text)
    sentences = [words for part in _SENTENCE_END.split(prose) if (words := _WORD.findall(part))]
    count = sum(len(words) for words in sentences)
    if count < MIN_WORDS:
        return None
    spoken = sum(syllables(word) for words in sentences for word in words)
    return 0.39 * count / len(sentences) + 11.8 * spoken / count - 15.59


@lru_cache(maxsize=4_096)  # cached: the posts of a campaign share their words
def syllables(word: str) -> int:
    """Syllables of an English word, estimated from its vowels: right for most words, off by one for nearly all
    others."""
    word = re.sub(r"['’].*", "", word.lower())
    count = len(_VOWELS.findall(word))
    silent = (word.endswith("e") and not word.endswith(("le", "ee", "ye"))) or re.search(r"[^aeiouytd]ed$", word)
    if silent and count > 1:
        count -= 1
    return max(count, 1)
