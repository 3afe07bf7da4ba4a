"""Making a text fit."""

from lambdas.core.limits.measure import COUNTERS, graphemes, measure, text_as_published
from lambdas.core.limits.table import LIMITS, Unit
from lambdas.core.models.post import PostContent
from lambdas.core.platforms import Platform


def shorten(platform: Platform, content: PostContent) -> PostContent:
    """The content with its text cut at a word so that, as published, it fits; unchanged if it fits already.

    Hashtags, mentions and link are kept whole. Where they alone are too long the text comes back empty, which
    ``check_limits`` reports: nothing is dropped silently.
    """
    if _fits(platform, content):
        return content
    # "…" is not in GSM-7, and one such character would halve what fits in a message.
    ellipsis = "..." if platform is Platform.SMS else "…"
    pieces = graphemes(content.text)
    low, high = 0, len(pieces) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(platform, _cut(content, pieces, middle, ellipsis)):
            low = middle
        else:
            high = middle - 1
    shortest = _cut(content, pieces, low, ellipsis)
    return shortest if _fits(platform, shortest) else content.model_copy(update={"text": ""})


def _fits(platform: Platform, content: PostContent) -> bool:
    limit = LIMITS[platform]
    text = text_as_published(platform, content)
    if limit.byte_length and COUNTERS[Unit.BYTES](text) > limit.byte_length.value:
        return False
    return measure(platform, text) <= limit.max_length


def _cut(content: PostContent, pieces: list[str], keep: int, ellipsis: str) -> PostContent:
    kept = "".join(pieces[:keep])
    if keep < len(pieces) and not pieces[keep].isspace():
        # Back to the last whole word, unless the writing has no spaces to go back to.
        words, space, _ = kept.rpartition(" ")
        kept = words if space and len(words) > len(kept) // 2 else kept
    kept = kept.rstrip()
    return content.model_copy(update={"text": f"{kept}{ellipsis}" if kept else ""})
