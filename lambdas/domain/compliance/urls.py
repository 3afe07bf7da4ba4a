"""Finds and checks the links in a text."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from lambdas.domain.compliance.words import visible_fields
from lambdas.domain.models.brand import LinkPolicy
from lambdas.domain.models.post import PostContent

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# With a scheme, anything is a link. Without one, it is what platforms and mail programs turn into a link: a name of two
# parts or more whose last part is a top-level domain, and that is neither a mail address nor a handle.
_WITH_SCHEME = re.compile(
    r"\b[a-z][a-z\d+.-]*://[^\s<>\"']+|\b(?:(?:java|vb)script:|data:\w+/|mailto:|tel:\+?\d)[^\s<>\"']*", re.IGNORECASE
)
_BARE = re.compile(r"(?<![\w@./:-])(?P<names>(?:[\w-]+\.)+)(?P<last>[^\W_][\w-]+)(?![\w-]|\.\w)(?:[/?:#][^\s<>\"']*)?")
_NO_SCHEME = re.compile(r"(?<![\w:/])//(?=\w)")
"""``//`` before a name: a link with the scheme of the page that contains it."""
_DOT = re.compile(r"[\u3002\uff0e\uff61](?=[a-zA-Z\d])")
"""East Asian full stops, which may also be the dot in a domain name (unicode.org/reports/tr46). Before a letter of
their own script they end a sentence, because no space follows them."""
_SCHEME = re.compile(r"[a-z][a-z\d+-]*:", re.IGNORECASE)
_TRAILING = ".,;:!?…)]}»”’"


def links_in(content: PostContent) -> list[str]:
    """Every link a reader could follow, the content's own first."""
    links = [content.link] if content.link else []
    for field in visible_fields(content):
        spans = [match.span() for match in _WITH_SCHEME.finditer(field)]
        links += [field[start:end].rstrip(_TRAILING) for start, end in spans]
        rest = _NO_SCHEME.sub(" ", _WITH_SCHEME.sub(" ", field))
        # Taken from the original text, which has the same number of characters.
        spans = [match.span() for match in _BARE.finditer(_DOT.sub(".", rest)) if _is_domain(match)]
        links += [rest[start:end].rstrip(_TRAILING) for start, end in spans]
    return list(dict.fromkeys(links))


def _is_domain(match: re.Match[str]) -> bool:
    """Whether a name ends with a top-level domain. "ends.Now" is a sentence with a missing space; "Evil.Now" may be a
    domain.

    So may "notes.md" or "backup.zip", which the author means as file names and which platforms turn into links.
    """
    *_, before, _dot = match["names"].split(".")
    if match["last"].istitle() and not before[:1].isupper():
        return False
    return _is_top_level(match["last"].lower())


@lru_cache(maxsize=1_024)
def _is_top_level(name: str) -> bool:
    """Whether it is a top-level domain, according to the locked release of the public suffix list; also in its ASCII
    form."""
    return _suffixes().publicsuffix(f"a.{name}") is not None


@cache
def _suffixes() -> "PublicSuffixList":
    # Imported when it is first needed: reading the list takes about 40 ms, and most functions never check a text.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True)


def link_problems(links: list[str], policy: LinkPolicy) -> Iterator[str]:
    """The problems of the links, one phrase each."""
    return (problem for link in links if (problem := _link_problem(link, policy)))


def tracking_problems(link: str, utm_source: str) -> Iterator[str]:
    """The problem if the link does not have exactly this ``utm_source``."""
    try:
        found = parse_qs(urlsplit(link).query).get("utm_source", [])
    except ValueError:
        found = []
    if found != [utm_source]:
        yield f"utm_source is {', '.join(found) or 'missing'}, not {utm_source}"


def _link_problem(link: str, policy: LinkPolicy) -> str | None:
    try:
        parts = urlsplit(link if _SCHEME.match(link) else f"https://{link}")
        host = _DOT.sub(".", parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return f"not a valid link: {link!r}"
    if parts.scheme.lower() not in ("http", "https"):
        return f"{parts.scheme}: links are not allowed"
    if not host or re.search(r"[\\\s]", link):
        return f"not a valid link: {link!r}"
    if "@" in parts.netloc:
        return f"a link to {host} must not carry a user name or a password"
    domains = policy.allowed_domains
    if domains and not any(host == domain or host.endswith(f".{domain}") for domain in domains):
        return f"{host} is not one of {', '.join(domains)}"
    return None
