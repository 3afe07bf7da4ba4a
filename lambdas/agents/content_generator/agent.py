"""The content generator: have a draft written, complete it, check it, have it mended once; else the post fails.

A text that only repeats an earlier one, or breaks a rule of good copy (``copy.*``), is kept when its second draft is no
better, with the failed rule in its provenance: the reviewer sees it and decides.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from lambdas.agents.content_generator.contract import Draft, GeneratorInput, GeneratorResult
from lambdas.agents.content_generator.finish_draft import assemble
from lambdas.agents.content_generator.model_payload import model_payload
from lambdas.agents.content_generator.provenance import Ledger
from lambdas.agents.content_generator.told import copy_brief
from lambdas.agents.inputs import parse_input, personas_in
from lambdas.agents.model_choice import load_prompt
from lambdas.agents.offline.offline_model import OfflineModel
from lambdas.agents.outcome import AgentError, Answer, ErrorCode, answer
from lambdas.agents.seeding import derive_seed
from lambdas.domain.compliance import check_brand, check_copy, links_in
from lambdas.domain.errors import RetryableError
from lambdas.domain.limits import check_limits
from lambdas.domain.models.base import invalid_input
from lambdas.domain.models.post import PostContent, RuleResult
from lambdas.domain.similarity import EarlierTexts
from lambdas.ports.services import ModelReply, ModelRequest, Stop, Task, TextModel


def utc_now() -> datetime:
    """Aware, in UTC. The workflow's handlers pass their own clock instead."""
    return datetime.now(UTC)  # noqa: TID251 - run() is callable by any Python code, and its default needs some clock


PROMPT_VERSION = "write-v3"
ROUNDS = 2
"""A draft, and one chance to mend it."""


def run(data: Mapping[str, Any], *, provider: TextModel | None = None, now: Callable[[], datetime] = utc_now) -> Answer:
    """Write one post.

    ``data`` is ``{tenantId, campaignId, postId, post, personaConfig, brandConfig, attempt?, recentTexts?}``
    (``lambdas.agents.inputs.generator_input``); ``provider`` is the offline model where absent. Answers ``{success,
    result: {content, provenance}, error}`` and never raises; ``docs/agents.md`` lists the error codes.
    """
    return answer(lambda: _write(data, provider or OfflineModel(), now))


def _write(data: Mapping[str, Any], model: TextModel, now: Callable[[], datetime]) -> GeneratorResult:
    request = parse_input(GeneratorInput, data, personas_in(data, "personaConfig"))
    _check_identity(request)
    ledger = Ledger(request, model.name, load_prompt("content_generator", PROMPT_VERSION))
    payload = model_payload(request, now())
    problem: AgentError | None = None
    kept: _Checked | None = None
    broken: tuple[str, ...] = ()
    previous: Mapping[str, Any] | None = None
    for number in range(ROUNDS):
        try:
            reply = model.complete(_model_request(request, payload, number, broken, previous))
        except RetryableError:
            if kept:
                break  # the first draft may be published, and another attempt would pay for it again
            raise
        ledger.add(reply)
        try:
            checked = _checked(assemble(_draft(reply), request, now()), request)
            broken = _in_words(checked.open)
            kept = checked if kept is None or len(checked.open) <= len(kept.open) else kept
        except AgentError as error:
            problem, broken = error, _told(error)
        if not broken or (problem and problem.code is ErrorCode.CONTENT_BLOCKED):
            break
        previous = reply.data if isinstance(reply.data, Mapping) else None
    if kept:
        return GeneratorResult(content=kept.content, provenance=ledger.provenance(kept.rules))
    if problem is None:
        raise ValueError("a post takes at least one round")
    problem.details = {**(problem.details or {}), **ledger.spent()}
    raise problem


def _check_identity(request: GeneratorInput) -> None:
    """The parts of the input must belong together."""
    if request.post.post_id != request.post_id:
        raise AgentError(ErrorCode.INVALID_INPUT, "post.postId is not postId")
    if request.post.persona_id != request.persona_config.persona_id:
        raise AgentError(ErrorCode.INVALID_INPUT, "personaConfig is not the post's persona")


def _model_request(
    request: GeneratorInput,
    payload: Mapping[str, Any],
    number: int,
    broken: tuple[str, ...],
    previous: Mapping[str, Any] | None,
) -> ModelRequest:
    mending = {"broken": list(broken)} if broken else {}
    return ModelRequest(
        task=Task.WRITE,
        prompt=load_prompt("content_generator", PROMPT_VERSION),
        payload={**payload, **mending},
        output=Draft,
        # Another round must not repeat itself, and the same round must.
        seed=derive_seed(request.tenant_id, request.campaign_id, request.post_id, number, *_revision(request)),
        call=request.attempt + number,
        post_number=request.post.index + 1,
        broken=broken,
        previous=previous,
    )


def _revision(request: GeneratorInput) -> tuple[int, ...]:
    """A revision must not write the same once more."""
    return (request.revision.number,) if request.revision else ()


def _draft(reply: ModelReply) -> Draft:
    if reply.stop is Stop.BLOCKED:
        raise AgentError(ErrorCode.CONTENT_BLOCKED, "the guardrail refused the brief or the text")
    if reply.stop is Stop.TRUNCATED or not isinstance(reply.data, Mapping):
        raise AgentError(ErrorCode.MALFORMED_OUTPUT, "the model's answer is not the JSON that was asked for")
    try:
        return Draft.model_validate(reply.data)
    except ValidationError as error:
        message = f"the model's answer has another structure: {invalid_input(error).message}"
        raise AgentError(ErrorCode.MALFORMED_OUTPUT, message) from error


class _Checked(NamedTuple):
    """A text that may be published, if a person is content with what is still open."""

    content: PostContent
    rules: tuple[RuleResult, ...]

    @property
    def open(self) -> tuple[RuleResult, ...]:
        return tuple(rule for rule in self.rules if not rule.passed)


def _checked(content: PostContent, request: GeneratorInput) -> _Checked:
    """Raises ``AgentError`` for a broken rule; a repetition and a matter of taste are only noted."""
    results = check(content, request)
    if broken := [result for result in results if not result.passed and not _for_a_person(result.rule)]:
        raise failure(broken)
    return _Checked(content, results)


def _in_words(rules: Iterable[RuleResult]) -> tuple[str, ...]:
    """What a model is told about its last answer."""
    return tuple(f"{rule.rule}: {rule.detail}" for rule in rules)


def _told(problem: AgentError) -> tuple[str, ...]:
    rules = (problem.details or {}).get("rules", ())
    return _in_words(RuleResult.from_internal(rule) for rule in rules) or (problem.message,)


NEAR = 0.8
"""From this likeness (``lambdas.domain.similarity``) a text repeats an earlier one."""
REPETITION = "agent.repetition"
"""Like the rules of copy a rule that no post fails for: whether it may be said again, a person decides."""
PRIVATE = "copy.private"
"""The one rule of copy that a post does fail for: the goal and the audience are for no reader."""


def _for_a_person(rule: str) -> bool:
    return rule == REPETITION or (rule.startswith("copy.") and rule != PRIVATE)


def check(content: PostContent, request: GeneratorInput) -> tuple[RuleResult, ...]:
    """One result for each rule: the platform's limits, the brand's rules, good copy, the one link, no repetition."""
    platform, language = request.post.platform, request.post.campaign.language
    return (
        *check_limits(platform, content),
        *check_brand(content, platform, request.brand_config, language=language),
        *check_copy(content, platform, copy_brief(request)),
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
