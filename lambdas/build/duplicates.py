"""Posts of one campaign that say the same on the same platform: marked for the reviewer, and left as they are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from lambdas.domain.ids import PostId
from lambdas.domain.models.post import Post, PostStatus, Provenance, RuleResult
from lambdas.domain.platforms import Platform
from lambdas.domain.similarity import near_duplicates
from lambdas.ports.stores import CampaignKey, PostStore

RULE = "content.duplicate"
NEAR = 0.8
"""As in the generator's comparison with earlier campaigns."""


class WrittenText(NamedTuple):
    """What is kept of a post while all are compared: whole records of ten thousand would not fit the memory."""

    post_id: PostId
    number: int
    """From 1, as reviewers see it."""
    batch_id: int
    platform: Platform
    text: str
    mark: str | None
    """The finding it carries from an earlier run."""


def written_text(post: Post) -> WrittenText | None:
    """``None`` for a post without a text to be compared."""
    if post.status != PostStatus.COMPLETED or post.dropped or post.content is None or post.provenance is None:
        return None
    marks = (rule.detail for rule in post.provenance.rules if rule.rule == RULE)
    return WrittenText(post.post_id, post.index + 1, post.batch_id, post.platform, post.content.text, next(marks, None))


def mark_duplicates(key: CampaignKey, written: Iterable[WrittenText], posts: PostStore) -> int:
    """Give each text that is near an earlier one of its platform a failed rule that names it; answers how many.

    A mark of a former run that no longer holds is taken away, so a repeat changes nothing. The same message on
    several platforms is no duplicate: campaigns are meant to do that.
    """
    written = list(written)
    findings = _findings(written)
    stale = [text for text in written if text.mark != findings.get(text.post_id)]
    for batch_id, texts in groupby(sorted(stale, key=lambda text: text.batch_id), key=lambda text: text.batch_id):
        changed = [
            _marked(post, post.provenance, findings.get(post.post_id))
            for post in posts.get_many(key, [text.post_id for text in texts])
            if post.status == PostStatus.COMPLETED and post.provenance
        ]
        posts.finish(key, batch_id, changed)
    return len(findings)


def _findings(written: Sequence[WrittenText]) -> Mapping[PostId, str]:
    return dict(finding for texts in _by_platform(written) for finding in _on_one_platform(texts))


def _by_platform(written: Iterable[WrittenText]) -> Iterable[list[WrittenText]]:
    found: defaultdict[Platform, list[WrittenText]] = defaultdict(list)
    for text in written:
        found[text.platform].append(text)
    return found.values()


def _on_one_platform(texts: Sequence[WrittenText]) -> Iterator[tuple[PostId, str]]:
    for earlier, later, likeness in near_duplicates([text.text for text in texts], NEAR):
        yield texts[later].post_id, f"{likeness:.0%} like post {texts[earlier].number}"


def _marked(post: Post, provenance: Provenance, finding: str | None) -> Post:
    rules = tuple(rule for rule in provenance.rules if rule.rule != RULE)
    if finding:
        rules += (RuleResult(rule=RULE, passed=False, detail=finding),)
    return post.model_copy(update={"provenance": provenance.model_copy(update={"rules": rules})})
