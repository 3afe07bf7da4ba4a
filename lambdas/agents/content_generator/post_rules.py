"""Everything a written post is held to."""

from functools import lru_cache

from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.agents.outcome import AgentError, ErrorCode
from lambdas.domain.compliance import check_brand, links_in
from lambdas.domain.limits import check_limits
from lambdas.domain.models.post import PostContent, RuleResult
from lambdas.domain.similarity import EarlierTexts

NEAR = 0.8
"""From this likeness (``lambdas.domain.similarity``) a text repeats an earlier one."""
REPETITION = "agent.repetition"
"""The one rule that no post fails for: whether it may be said again, a person decides."""


def check(content: PostContent, request: GeneratorInput) -> tuple[RuleResult, ...]:
    """One result for each rule: the platform's limits, the brand's rules, the one link, no repetition."""
    platform, language = request.post.platform, request.post.campaign.language
    return (
        *check_limits(platform, content),
        *check_brand(content, platform, request.brand_config, language=language),
        _only_own_link(content),
        _no_repetition(content, request.recent_texts),
    )


def _only_own_link(content: PostContent) -> RuleResult:
    """No URL may come from the brief or the model: only the campaign's own, which code puts there."""
    foreign = [url for url in links_in(content) if url != content.link]
    detail = f"not the campaign's link: {', '.join(foreign)}" if foreign else "no link but the campaign's"
    return RuleResult(rule="agent.link", passed=not foreign, detail=detail)


def _no_repetition(content: PostContent, recent: tuple[str, ...]) -> RuleResult:
    alike = _earlier(recent).likeness(content.text, NEAR)
    detail = f"{alike:.0%} like an earlier text" if alike else f"unlike {len(recent)} earlier texts"
    return RuleResult(rule=REPETITION, passed=alike is None, detail=detail)


@lru_cache(maxsize=4)
def _earlier(recent: tuple[str, ...]) -> EarlierTexts:
    """All posts of a campaign are compared with the same texts."""
    return EarlierTexts(recent)


def failure(broken: list[RuleResult]) -> AgentError:
    """The error that a post fails with: the kind of the first broken rule, with all of them in the details."""
    first = broken[0]
    code = ErrorCode.BRAND_RULE_BROKEN
    if first.rule == "limits.text":
        code = ErrorCode.EMPTY_OUTPUT
    elif first.rule.startswith("limits."):
        code = ErrorCode.OVER_LIMIT
    details = {"rule": first.rule, "rules": [rule.to_wire() for rule in broken]}
    return AgentError(code, f"{first.rule}: {first.detail}", details)
