"""The rules of a post that was sent back, and what became of each comment on it."""

from lambdas.agents.cleaning import cleaned
from lambdas.agents.comments.facts import Facts, facts_of
from lambdas.agents.comments.judging import is_another, no_echo, outcome_of_another, outcomes_of
from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.agents.content_generator.finish_draft import draft_of
from lambdas.agents.content_generator.told import statements_for
from lambdas.agents.draft import Draft
from lambdas.agents.offline.material import LINK
from lambdas.domain.models.post import MAX_OUTCOMES, CommentOutcome, PostContent, RuleResult


def revision_rules(content: PostContent, request: GeneratorInput) -> tuple[RuleResult, ...]:
    """``agent.echo``, and of a text that replaces a rejected one ``agent.another``; none for a first text."""
    revision = request.revision
    if revision is None:
        return ()
    new, old = _draft(content, request), _seen(request)
    echo = no_echo(revision.instructions, _fields(new), _not_the_comments(request, old))
    if not revision.fresh or old is None:
        return (echo,)
    return echo, is_another(new.text.replace(LINK, ""), old.text.replace(LINK, ""))


def outcomes_for(content: PostContent, request: GeneratorInput) -> tuple[CommentOutcome, ...]:
    """One for each wish of the comments, measured on ``content``; first whether a rejected text was replaced."""
    revision = request.revision
    if revision is None:
        return ()
    brief, new, old = request.post.campaign, _draft(content, request), _seen(request)
    said = outcomes_of(
        revision.instructions,
        old,
        new,
        facts=_facts(request),
        platform=request.post.platform,
        language=brief.language,
    )
    return (outcome_of_another(new, old, brief.language), *said)[:MAX_OUTCOMES] if revision.fresh and old else said


def _seen(request: GeneratorInput) -> Draft | None:
    previous = request.revision.previous if request.revision else None
    return _draft(previous, request) if previous else None


def _facts(request: GeneratorInput) -> Facts:
    brief = request.post.campaign
    told = (statement.text for statement in statements_for(request))
    return facts_of(brief.product.name, told, cleaned(brief.call_to_action))


def _draft(content: PostContent, request: GeneratorInput) -> Draft:
    return draft_of(content, request.post.platform, request.post.campaign.language, request.brand_config)


def _fields(draft: Draft) -> list[str]:
    said = (draft.text, draft.title, draft.subject, draft.preview, draft.call_to_action, draft.alt_text)
    return [field for field in said if field]


def _not_the_comments(request: GeneratorInput, old: Draft | None) -> list[str]:
    """What may stand in the text although a comment says it too."""
    brief, brand = request.post.campaign, request.brand_config
    told = [
        *(statement.text for statement in statements_for(request)),
        brief.product.name,
        brief.product.description,
        brief.call_to_action,
    ]
    return [
        *told,
        brand.name,
        brand.tagline or "",
        *(d.text for d in brand.disclaimers),
        *(_fields(old) if old else ()),
    ]
