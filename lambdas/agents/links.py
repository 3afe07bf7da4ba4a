"""The one link of a post, tagged so that its visits can be told apart."""

import re
import unicodedata
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lambdas.domain.platforms import Platform

_MEDIUM = {Platform.EMAIL: "email", Platform.SMS: "sms", Platform.BLOG: "blog", Platform.YOUTUBE: "video"}


def tagged_link(url: str, *, platform: Platform, campaign: str, content: str, source: str | None = None) -> str:
    """``url`` with ``utm_source``, ``utm_medium``, ``utm_campaign`` and ``utm_content``.

    The URL's own query and fragment stay; UTM parameters it already has are replaced. ``source`` is the platform's
    name where absent.
    """
    parts = urlsplit(url)
    own = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not k.lower().startswith("utm_")]
    tags = [
        ("utm_source", source or platform.value),
        ("utm_medium", _MEDIUM.get(platform, "social")),
        ("utm_campaign", slug(campaign)),
        ("utm_content", content),
    ]
    return urlunsplit(parts._replace(query=urlencode(own + tags)))


def slug(text: str, longest: int = 40) -> str:
    """``text`` in lower-case ASCII words joined by hyphens; ``campaign`` where nothing is left of it."""
    ascii_text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return words[:longest].rstrip("-") or "campaign"
