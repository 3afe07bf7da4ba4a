"""Does a text keep its brand's rules? Checked by code after the text is written, whoever or whatever wrote it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlsplit

from lambdas.core.limits.measure import graphemes, is_emoji, text_as_published
from lambdas.core.models.brand import Brand, EmojiPolicy, LinkPolicy
from lambdas.core.models.post import PostContent, RuleResult
from lambdas.core.platforms import Platform
from lambdas.core.reading import reading_grade

_EMOJI_ALLOWED = {EmojiPolicy.NONE: 0, EmojiPolicy.SPARING: 1}

_QUOTES = str.maketrans("‘’ʼ`“”„", "''''\"\"\"")
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
# With a scheme anything is a link. Without, what platforms turn into one: a name of two parts or more that ends
# like a domain, and is neither a mail address nor a handle. "done.So" is a missing space, "evil.so" is not.
_WITH_SCHEME = re.compile(
    r"\b[a-z][a-z\d+.-]*://[^\s<>\"']+|\b(?:(?:java|vb)script:|data:\w+/|mailto:|tel:\+?\d)[^\s<>\"']*", re.IGNORECASE
)
_GENERIC = "com|net|org|info|biz|app|dev|shop|store|site|online|xyz|top|club|link|click|live|news|blog|cloud|tech|page"
_COUNTRIES = "|".join(
    [
        "ad",
        "ae",
        "af",
        "ag",
        "ai",
        "al",
        "am",
        "an",
        "ao",
        "aq",
        "ar",
        "as",
        "at",
        "au",
        "aw",
        "ax",
        "az",
        "ba",
        "bb",
        "bd",
        "be",
        "bf",
        "bg",
        "bh",
        "bi",
        "bj",
        "bl",
        "bm",
        "bn",
        "bo",
        "bq",
        "br",
        "bs",
        "bt",
        "bv",
        "bw",
        "by",
        "bz",
        "ca",
        "cc",
        "cd",
        "cf",
        "cg",
        "ch",
        "ci",
        "ck",
        "cl",
        "cm",
        "cn",
        "co",
        "cr",
        "cu",
        "cv",
        "cw",
        "cx",
        "cy",
        "cz",
        "de",
        "dj",
        "dk",
        "dm",
        "do",
        "dz",
        "ec",
        "ee",
        "eg",
        "eh",
        "er",
        "es",
        "et",
        "eu",
        "fi",
        "fj",
        "fk",
        "fm",
        "fo",
        "fr",
        "ga",
        "gb",
        "gd",
        "ge",
        "gf",
        "gg",
        "gh",
        "gi",
        "gl",
        "gm",
        "gn",
        "gp",
        "gq",
        "gr",
        "gs",
        "gt",
        "gu",
        "gw",
        "gy",
        "hk",
        "hm",
        "hn",
        "hr",
        "ht",
        "hu",
        "id",
        "ie",
        "il",
        "im",
        "in",
        "io",
        "iq",
        "ir",
        "is",
        "it",
        "je",
        "jm",
        "jo",
        "jp",
        "ke",
        "kg",
        "kh",
        "ki",
        "km",
        "kn",
        "kp",
        "kr",
        "kw",
        "ky",
        "kz",
        "la",
        "lb",
        "lc",
        "li",
        "lk",
        "lr",
        "ls",
        "lt",
        "lu",
        "lv",
        "ly",
        "ma",
        "mc",
        "md",
        "me",
        "mf",
        "mg",
        "mh",
        "mk",
        "ml",
        "mm",
        "mn",
        "mo",
        "mp",
        "mq",
        "mr",
        "ms",
        "mt",
        "mu",
        "mv",
        "mw",
        "mx",
        "my",
        "mz",
        "na",
        "nc",
        "ne",
        "nf",
        "ng",
        "ni",
        "nl",
        "no",
        "np",
        "nr",
        "nu",
        "nz",
        "om",
        "pa",
        "pe",
        "pf",
        "pg",
        "ph",
        "pk",
        "pl",
        "pm",
        "pn",
        "pr",
        "ps",
        "pt",
        "pw",
        "py",
        "qa",
        "re",
        "ro",
        "rs",
        "ru",
        "rw",
        "sa",
        "sb",
        "sc",
        "sd",
        "se",
        "sg",
        "sh",
        "si",
        "sj",
        "sk",
        "sl",
        "sm",
        "sn",
        "so",
        "sr",
        "ss",
        "st",
        "su",
        "sv",
        "sx",
        "sy",
        "sz",
        "tc",
        "td",
        "tf",
        "tg",
        "th",
        "tj",
        "tk",
        "tl",
        "tm",
        "tn",
        "to",
        "tp",
        "tr",
        "tt",
        "tv",
        "tw",
        "tz",
        "ua",
        "ug",
        "uk",
        "um",
        "us",
        "uy",
        "uz",
        "va",
        "vc",
        "ve",
        "vg",
        "vi",
        "vn",
        "vu",
        "wf",
        "ws",
        "ye",
        "yt",
        "za",
        "zm",
        "zw",
    ]
)
"""Country code domains (IANA root zone)."""
_BARE = re.compile(
    rf"(?<![\w@./:-])(?:[\w-]+\.)*[\w-]{{2,}}\.(?:(?i:{_GENERIC})|{_COUNTRIES}|{_COUNTRIES.upper()})"
    r"(?![\w-]|\.\w)(?:[/?:#][^\s<>\"']*)?"
)
_TRAILING = ".,;:!?…)]}»”’"


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


def _fields(content: PostContent) -> Iterator[str]:
    """Everything a reader gets to see or hear."""
    values = (
        content.title,
        content.subject,
        content.preview,
        content.text,
        content.call_to_action,
        content.alt_text,
        *content.hashtags,
        *content.mentions,
    )
    return (value for value in values if value)


def _plain(text: str) -> str:
    """Compatibility forms, typographic quotes and invisible characters undone, spaces collapsed."""
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return " ".join("".join(c for c in folded if unicodedata.category(c) != "Cf").split())


def _disclaimers(content: PostContent, platform: Platform, brand: Brand) -> RuleResult:
    text = _plain(text_as_published(platform, content))
    required = [d.text for d in brand.disclaimers if not d.platforms or platform in d.platforms]
    missing = [f"missing: {wanted!r}" for wanted in required if _plain(wanted) not in text]
    return _result("disclaimers", missing, f"{len(required)} required, all there")


def _banned_words(content: PostContent, brand: Brand) -> RuleResult:
    # A hashtag runs its words together: #CheapDeals says "cheap".
    texts = [_plain(_CAMEL.sub(" ", field)).casefold() for field in _fields(content)]
    texts += [_plain(field).casefold() for field in _fields(content)]
    found = [word for word in brand.banned_words if any(_says(text, _plain(word).casefold()) for text in texts)]
    return _result("bannedWords", (f"says {word!r}" for word in found), "none of the banned words")


def _says(text: str, phrase: str) -> bool:
    """Does the phrase stand in the text as whole words?"""
    at = text.find(phrase) if phrase else -1
    while at >= 0:
        end = at + len(phrase)
        before, after = text[at - 1 : at] if at else "", text[end : end + 1]
        if _ends_word(before, phrase[0]) and _ends_word(after, phrase[-1]):
            return True
        at = text.find(phrase, at + 1)
    return False


def _ends_word(neighbour: str, edge: str) -> bool:
    """Is there a word boundary between a phrase's edge and its neighbour in the text?"""
    if not neighbour or not _in_word(neighbour) or not _in_word(edge):
        return True
    # Chinese, Japanese, Korean, Thai and their like put no space between words or before an ending.
    return not (_spaced(neighbour) and _spaced(edge))


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def _spaced(character: str) -> bool:
    # Also false for the marks that belong to a spaced script: they are never a boundary, see ``_ends_word``.
    name = unicodedata.name(character, "")
    return not name.startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR"))


def _emoji(content: PostContent, platform: Platform, policy: EmojiPolicy) -> RuleResult:
    allowed = _EMOJI_ALLOWED.get(policy)
    if allowed is None:
        return _result("emoji", (), "any number is allowed")
    shown = (text_as_published(platform, content), content.title, content.subject, content.preview)
    count = sum(is_emoji(grapheme) for text in shown if text for grapheme in graphemes(text))
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


def links_in(content: PostContent) -> list[str]:
    """Every link a reader could follow, the content's own first."""
    links = [content.link] if content.link else []
    for field in _fields(content):
        spans = [match.span() for match in _WITH_SCHEME.finditer(field)]
        links += [field[start:end].rstrip(_TRAILING) for start, end in spans]
        rest = _WITH_SCHEME.sub(" ", field)
        links += [match.group().rstrip(_TRAILING) for match in _BARE.finditer(rest)]
    return list(dict.fromkeys(links))


def _links(content: PostContent, policy: LinkPolicy) -> RuleResult:
    links = links_in(content)
    problems = [problem for link in links if (problem := _link_problem(link, policy))]
    return _result("links", problems, f"{len(links)} links, all allowed" if links else "no links")


def _link_problem(link: str, policy: LinkPolicy) -> str | None:
    try:
        parts = urlsplit(link if ":" in link.split("/")[0].split(".")[0] else f"https://{link}")
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return f"not a valid link: {link!r}"
    if parts.scheme.lower() not in ("http", "https"):
        return f"{parts.scheme}: links are not allowed"
    if not host or "\\" in link:
        return f"not a valid link: {link!r}"
    domains = policy.allowed_domains
    if domains and not any(host == domain or host.endswith(f".{domain}") for domain in domains):
        return f"{host} is not one of {', '.join(domains)}"
    return None


def _tracking(content: PostContent, platform: Platform, policy: LinkPolicy) -> RuleResult:
    if not content.link or policy.utm_source is None:
        return _result("tracking", (), "no link to tag" if not content.link else "the brand sets no utm_source")
    try:
        sources = parse_qs(urlsplit(content.link).query).get("utm_source", [])
    except ValueError:
        sources = []
    problems = [] if sources == [policy.utm_source] else [f"utm_source is {sources or 'missing'}"]
    return _result("tracking", problems, f"utm_source is {policy.utm_source} on {platform.value}")
