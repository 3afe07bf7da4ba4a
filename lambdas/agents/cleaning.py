"""Makes text from a brief or a model safe to show and to publish.

The author of a brief may paste anything: markup, control characters, other people's links, instructions to the model.
None of it may reach a reviewer's browser as markup, or a reader as a link that the brand did not choose.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lambdas.domain.compliance import links_in
from lambdas.domain.models.post import PostContent

_TAG = re.compile(r"<[A-Za-z/!?][^<>]*>?")
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\u00a0\u2028\u2029\u0085]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_WWW = re.compile(r"\bwww\.[^\s<>\"']+", re.IGNORECASE)
"""Mail clients turn these into links whatever they end with."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain_text(text: str) -> str:
    """``text`` without markup, control or invisible direction characters; line breaks stay."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _MARKDOWN_LINK.sub(r"\1", text)
    while (stripped := _TAG.sub("", text)) != text:  # "<scr<b>ipt>" leaves a tag behind on the first pass
        text = stripped
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def without_urls(text: str) -> str:
    """``text`` without everything that a platform would turn into a link."""
    while urls := [*links_in(PostContent.model_construct(text=text, generated_at=_EPOCH)), *_WWW.findall(text)]:
        for url in urls:
            text = text.replace(url, "")
    return text


def cleaned(data: Any) -> Any:
    """JSON data with every string made plain and free of URLs."""
    if isinstance(data, str):
        return _cleaned_text(data)
    if isinstance(data, Mapping):
        return {key: cleaned(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [cleaned(item) for item in data]
    return data


@lru_cache(maxsize=2_048)  # cached: the same brief is used for each of its posts
def _cleaned_text(text: str) -> str:
    return plain_text(without_urls(plain_text(text)))
