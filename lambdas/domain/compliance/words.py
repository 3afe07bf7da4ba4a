"""Finds words and phrases in a text, in any script and however they are disguised."""

import re
import unicodedata
from collections.abc import Iterator

from lambdas.domain.models.post import PostContent

_QUOTES = str.maketrans("‘’ʼ`“”„", "''''\"\"\"")
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])")


def visible_fields(content: PostContent) -> Iterator[str]:
    """All texts that a reader sees or hears."""
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


def plain(text: str) -> str:
    """Normalised text: compatibility forms, typographic quotes and invisible characters replaced, spaces collapsed."""
    if text.isascii():  # nearly all English text, and fifty times faster
        return " ".join(text.translate(_QUOTES).split())
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return " ".join("".join(c for c in folded if unicodedata.category(c) != "Cf").split())


def phrases_in(texts: list[str], phrases: tuple[str, ...]) -> list[str]:
    """The phrases that one of the texts contains, as whole words and in any case."""
    # A hashtag joins its words: #CheapDeals contains "cheap".
    folded = [plain(form).casefold() for text in texts for form in (text, _CAMEL.sub(" ", text))]
    return [phrase for phrase in phrases if any(_says(text, plain(phrase).casefold()) for text in folded)]


def _says(text: str, phrase: str) -> bool:
    """Whether the text contains the phrase as whole words."""
    at = text.find(phrase) if phrase else -1
    while at >= 0:
        end = at + len(phrase)
        before, after = text[at - 1 : at] if at else "", text[end : end + 1]
        if _ends_word(before, phrase[0]) and _ends_word(after, phrase[-1]):
            return True
        at = text.find(phrase, at + 1)
    return False


def _ends_word(neighbour: str, edge: str) -> bool:
    """Whether there is a word boundary between a phrase's edge and its neighbour in the text."""
    if not neighbour or not _in_word(neighbour) or not _in_word(edge):
        return True
    # Chinese, Japanese, Korean, Thai and similar scripts put no space between words or before an ending.
    return not (_spaced(neighbour) and _spaced(edge))


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def _spaced(character: str) -> bool:
    name = unicodedata.name(character, "")
    return not name.startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR"))
