"""Where copy links to."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from lambdas.core.compliance.words import visible_fields
from lambdas.core.models.brand import LinkPolicy
from lambdas.core.models.post import PostContent

# With a scheme anything is a link. Without, what platforms turn into one: a name of two parts or more that ends
# like a domain, and is neither a mail address nor a handle. "done.So" is a missing space, "evil.so" is not.
_WITH_SCHEME = re.compile(
    r"\b[a-z][a-z\d+.-]*://[^\s<>\"']+|\b(?:(?:java|vb)script:|data:\w+/|mailto:|tel:\+?\d)[^\s<>\"']*", re.IGNORECASE
)
_GENERIC = "com|net|org|info|biz|app|dev|shop|store|site|online|xyz|top|club|link|click|live|news|blog|cloud|tech|page"
_COUNTRIES = (
    "ad|ae|af|ag|ai|al|am|an|ao|aq|ar|as|at|au|aw|ax|az|ba|bb|bd|be|bf|bg|bh|bi|bj|bl|bm|bn|bo|bq|br|bs|"
    "bt|bv|bw|by|bz|ca|cc|cd|cf|cg|ch|ci|ck|cl|cm|cn|co|cr|cu|cv|cw|cx|cy|cz|de|dj|dk|dm|do|dz|ec|ee|eg|"
    "eh|er|es|et|eu|fi|fj|fk|fm|fo|fr|ga|gb|gd|ge|gf|gg|gh|gi|gl|gm|gn|gp|gq|gr|gs|gt|gu|gw|gy|hk|hm|hn|"
    "hr|ht|hu|id|ie|il|im|in|io|iq|ir|is|it|je|jm|jo|jp|ke|kg|kh|ki|km|kn|kp|kr|kw|ky|kz|la|lb|lc|li|lk|"
    "lr|ls|lt|lu|lv|ly|ma|mc|md|me|mf|mg|mh|mk|ml|mm|mn|mo|mp|mq|mr|ms|mt|mu|mv|mw|mx|my|mz|na|nc|ne|nf|"
    "ng|ni|nl|no|np|nr|nu|nz|om|pa|pe|pf|pg|ph|pk|pl|pm|pn|pr|ps|pt|pw|py|qa|re|ro|rs|ru|rw|sa|sb|sc|sd|"
    "se|sg|sh|si|sj|sk|sl|sm|sn|so|sr|ss|st|su|sv|sx|sy|sz|tc|td|tf|tg|th|tj|tk|tl|tm|tn|to|tp|tr|tt|tv|"
    "tw|tz|ua|ug|uk|um|us|uy|uz|va|vc|ve|vg|vi|vn|vu|wf|ws|ye|yt|za|zm|zw"
)
"""Country code domains (IANA root zone)."""
_BARE = re.compile(
    rf"(?<![\w@./:-])(?:[\w-]+\.)*[\w-]{{2,}}\.(?:(?i:{_GENERIC})|{_COUNTRIES}|{_COUNTRIES.upper()})"
    r"(?![\w-]|\.\w)(?:[/?:#][^\s<>\"']*)?"
)
_SCHEME = re.compile(r"[a-z][a-z\d+-]*:", re.IGNORECASE)
_TRAILING = ".,;:!?…)]}»”’"


def links_in(content: PostContent) -> list[str]:
    """Every link a reader could follow, the content's own first."""
    links = [content.link] if content.link else []
    for field in visible_fields(content):
        spans = [match.span() for match in _WITH_SCHEME.finditer(field)]
        links += [field[start:end].rstrip(_TRAILING) for start, end in spans]
        rest = _WITH_SCHEME.sub(" ", field)
        links += [match.group().rstrip(_TRAILING) for match in _BARE.finditer(rest)]
    return list(dict.fromkeys(links))


def link_problems(links: list[str], policy: LinkPolicy) -> Iterator[str]:
    """What is wrong with the links, one phrase each."""
    return (problem for link in links if (problem := _link_problem(link, policy)))


def tracking_problems(link: str, utm_source: str) -> Iterator[str]:
    """Is the link tagged with exactly this ``utm_source``?"""
    try:
        found = parse_qs(urlsplit(link).query).get("utm_source", [])
    except ValueError:
        found = []
    if found != [utm_source]:
        yield f"utm_source is {', '.join(found) or 'missing'}, not {utm_source}"


def _link_problem(link: str, policy: LinkPolicy) -> str | None:
    try:
        parts = urlsplit(link if _SCHEME.match(link) else f"https://{link}")
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
