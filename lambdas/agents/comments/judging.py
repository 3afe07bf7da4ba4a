"""What became of each wish, measured on the new text, whoever wrote it; and the rules of a revised text."""

from collections.abc import Callable, Sequence

from lambdas.agents.comments.amending import usable_quote
from lambdas.agents.comments.facts import Facts, fact_meant, facts_of, says
from lambdas.agents.comments.passages import contains, lines_of, opening_of, runs_of, words_of
from lambdas.agents.comments.reading import QUOTED, Kind, Wish, quotes_to_use, read
from lambdas.agents.draft import Draft
from lambdas.agents.offline.material import LINK
from lambdas.domain.limits import measure
from lambdas.domain.limits.measure import graphemes, is_emoji
from lambdas.domain.models.post import CommentOutcome, Followed, RuleResult
from lambdas.domain.platforms import Platform
from lambdas.domain.similarity import difference

ECHO = "agent.echo"
ANOTHER = "agent.another"
COMMENTS = "agent.comments"
RUN = 5
"""So many words of a comment in a row are an echo of it."""
OTHER = 0.5
"""More than this part of another text's words is not its predecessor's."""
_NOTICEABLE = 0.95
"""Of the length before: a text is shorter that measures at most this."""
_MORE_WORDS = 3


def outcomes_of(
    instructions: str, old: Draft | None, new: Draft, *, facts: Facts, platform: Platform, language: str
) -> tuple[CommentOutcome, ...]:
    """One outcome for each wish. ``old`` is what the reviewers saw, without what code adds to a draft."""
    return tuple(
        _outcome(wish, achieved(wish, old, new, facts, platform), facts, language) for wish in read(instructions)
    )


_DID_CHARS = 300


def _outcome(wish: Wish, done: bool, facts: Facts, language: str) -> CommentOutcome:
    from lambdas.agents.comments.wording import done_in_words, left_in_words  # only where something was sent back

    did = done_in_words(wish, facts, language) if done else left_in_words(wish, language)
    short = did if len(did) <= _DID_CHARS else did[: _DID_CHARS - 1] + "…"
    return CommentOutcome(comment=wish.said, outcome=Followed.DONE if done else Followed.PERSON, did=short)


def settled(
    wishes: Sequence[Wish], old: Draft, carry_out: Callable[[Sequence[Wish]], Draft], facts: Facts, platform: Platform
) -> Draft:
    """The draft in which all the wishes are carried out that can be, and of the others nothing is to be seen."""
    while True:
        new = carry_out(wishes)
        met = [wish for wish in wishes if achieved(wish, old, new, facts, platform)]
        if len(met) == len(wishes):
            return new
        wishes = met


def outcome_of_another(new: Draft, old: Draft, language: str) -> CommentOutcome:
    """Of "write another": whether the text that replaces the rejected one is another."""
    done = is_another(new.text.replace(LINK, ""), old.text.replace(LINK, "")).passed
    from lambdas.agents.comments.wording import asked_for_another

    return _outcome(Wish(Kind.ANOTHER, asked_for_another(language)), done, facts_of("", (), ""), language)


def achieved(wish: Wish, old: Draft | None, new: Draft, facts: Facts, platform: Platform) -> bool:
    """Whether the new text is what the wish asked for. A wish that no rule can measure is for a person to judge."""
    match wish.kind:
        case Kind.MENTION:
            fact = fact_meant(wish.what, facts)
            return fact is not None and says(new.text, fact)
        case Kind.USE:
            return _uses(wish, new)
        case Kind.REPLACE:
            gone = not any(contains(said, wish.what) for said in _said_by(new))
            return gone and wish.by in new.text and (old is None or contains(old.text, wish.what))
    return old is not None and _changed(wish, old, new, facts, platform)


def _uses(wish: Wish, new: Draft) -> bool:
    if not contains(new.text, wish.what) or not usable_quote(wish.what):
        return False
    if wish.by == "start":
        return contains(opening_of(new.text), opening_of(wish.what))
    return wish.by != "end" or contains(new.text[len(new.text) // 2 :], wish.what)


def _changed(wish: Wish, old: Draft, new: Draft, facts: Facts, platform: Platform) -> bool:
    """Of wishes that are measured against the text before."""
    match wish.kind:
        case Kind.SHORTER:
            return _is_shorter(wish, old.text, new.text, platform)
        case Kind.LONGER:
            return not wish.what and len(words_of(new.text)) >= len(words_of(old.text)) + _MORE_WORDS
        case Kind.OPENING:
            before, after = opening_of(old.text), opening_of(new.text)
            return difference(after, before) > OTHER and not contains(after, before)
        case Kind.ANOTHER:
            return difference(new.text, old.text) > OTHER
        case Kind.REMOVE:
            return _is_gone(wish, old, new, facts)
        case Kind.REMOVE_SENTENCE:
            # In a message the last sentence that is seen is the opt-out, which stays.
            return platform is not Platform.SMS and _is_without_sentence(wish, old, new)
    return _has_none(wish.kind, new)


def _is_without_sentence(wish: Wish, old: Draft, new: Draft) -> bool:
    sentences = [s for line in lines_of(old.text) for s in line if s != LINK]
    gone = opening_of(old.text) if wish.what == "first" else sentences[-1] if sentences else ""
    return bool(gone) and not contains(new.text, gone)


def _has_none(kind: Kind, new: Draft) -> bool:
    """Of hashtags, emoji and marks; ``False`` for what no rule can measure."""
    match kind:
        case Kind.REMOVE_HASHTAGS:
            return not _hashtags(new)
        case Kind.REMOVE_EMOJI:
            return not _emoji(new)
        case Kind.REMOVE_QUESTIONS:
            return "?" not in new.text
        case Kind.REMOVE_EXCLAMATIONS:
            return "!" not in new.text
    return False


def _is_shorter(wish: Wish, old: str, new: str, platform: Platform) -> bool:
    before, after = measure(platform, old), measure(platform, new)
    figure = int(wish.what.split()[0]) if wish.what else 0
    if wish.what.endswith("words") and len(words_of(new)) > figure:
        return False
    if wish.what.endswith("%") and after > before * (100 - figure) / 100:
        return False
    if wish.what.endswith("characters"):
        return False  # of what is published, which a draft does not know
    return after <= before * _NOTICEABLE


def _said_by(draft: Draft) -> list[str]:
    fields = (draft.text, draft.title, draft.subject, draft.preview)
    return [field for field in fields if field]


def _is_gone(wish: Wish, old: Draft, new: Draft, facts: Facts) -> bool:
    """Words that neither stand in the text nor mean anything the brief says were not understood."""
    if wish.by == QUOTED or any(contains(said, wish.what) for said in _said_by(old)):
        return not any(contains(said, wish.what) for said in _said_by(new))
    fact = fact_meant(wish.what, facts)
    return fact is not None and not says(new.text, fact)


def _hashtags(draft: Draft) -> bool:
    return bool(draft.hashtags) or "#" in draft.text.replace("## ", "")


def _emoji(draft: Draft) -> bool:
    text = "".join(_said_by(draft))
    return not text.isascii() and any(is_emoji(character) for character in graphemes(text))


def no_echo(instructions: str, new: Sequence[str], allowed: Sequence[str]) -> RuleResult:
    """No five words in a row of a comment, but those it quotes to be used and those of ``allowed``: what the brief says
    and what stood in the text before is not the comment's."""
    quotes = quotes_to_use(instructions)
    unquoted = instructions
    for quote in quotes:
        unquoted = unquoted.replace(quote, "\n")
    said = {run for line in unquoted.split("\n") for run in runs_of(words_of(line), RUN)}
    for text in (*quotes, *allowed):
        said -= runs_of(words_of(text), RUN)
    echoed = next((run for text in new for run in sorted(said & runs_of(words_of(text), RUN))), None)
    detail = f"repeats the comment: {' '.join(echoed)}" if echoed else "no words of the comments in a row"
    return RuleResult(rule=ECHO, passed=echoed is None, detail=detail)


def is_another(new: str, old: str) -> RuleResult:
    """Whether a text that replaces a rejected one is another: more than half of its words are not its predecessor's."""
    other = difference(new, old)
    detail = f"{other:.0%} of its words are not those of the text that was rejected"
    return RuleResult(rule=ANOTHER, passed=other > OTHER, detail=detail)


def comments_followed(outcomes: Sequence[CommentOutcome]) -> RuleResult:
    """What was done about the comments, for the provenance."""
    left = [each for each in outcomes if each.outcome is Followed.PERSON]
    done = ", ".join(each.did for each in outcomes if each.outcome is Followed.DONE)
    detail = "; ".join(part for part in (done, *(f"{each.comment}: {each.did}" for each in left)) if part)
    return RuleResult(rule=COMMENTS, passed=not left, detail=detail[:1_000])
