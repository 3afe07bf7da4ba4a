"""Hypothesis strategies: briefs, agents' scripts, faults and reviewers."""

from typing import Any

from hypothesis import strategies as st

from lambdas.domain.models.workflow import Decision
from lambdas.domain.platforms import Platform
from tests.support import samples
from tests.support.agents import Act
from tests.support.faults import Fault, Place

_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC")
_REVIEWERS = ("ada@example.com", "grace@example.com", "alan@example.com")


def texts(longest: int) -> st.SearchStrategy[str]:
    """Printable text of any script, with something to see in it."""
    printable = st.characters(exclude_categories=("C", "Z"))
    return st.lists(st.text(printable, min_size=1, max_size=12), min_size=1, max_size=4).map(
        lambda words: " ".join(words)[:longest].strip()
    )


def generations(most_at_once: int = 6) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "maxConcurrency": st.integers(1, most_at_once),
            "batchSize": st.integers(1, 4),
            "toleratedFailurePercentage": st.one_of(
                st.sampled_from([0.0, 5.0, 25.0, 50.0, 100.0]), st.floats(0, 100).map(lambda value: round(value, 1))
            ),
        }
    )


@st.composite
def briefs(draw: st.DrawFn, most_posts: int = 12) -> dict[str, Any]:
    """A brief that is fine, for the tenant, the brand and the personas of ``samples``."""
    return samples.brief(
        posts=draw(st.integers(1, most_posts)),
        name=draw(texts(120)),
        goal=draw(texts(500)),
        keyMessages=draw(st.lists(texts(300), min_size=1, max_size=3)),
        personaIds=draw(st.lists(st.sampled_from(samples.PERSONAS), min_size=1, unique=True)),
        platforms=draw(st.lists(st.sampled_from([p.value for p in Platform]), min_size=1, unique=True)),
        schedule={
            "timeZone": draw(st.sampled_from(_ZONES)),
            "start": "2026-04-01T09:00:00",
            "end": "2026-04-30T18:00:00",
        },
        generation=draw(generations()),
        approval={"reviewers": draw(st.lists(st.sampled_from(_REVIEWERS), min_size=1, unique=True))},
    )


def scripts(*acts: Act, most_posts: int = 12, most: int = 12) -> st.SearchStrategy[dict[int, Act]]:
    """For up to ``most`` of the posts, what the generator does every time."""
    return st.dictionaries(st.integers(0, most_posts - 1), st.sampled_from(acts), max_size=most)


def faults(most: int, *, within_calls: int = 60) -> st.SearchStrategy[dict[Place, Fault]]:
    """Up to ``most`` faults at any of the first calls of a run or of a port: those of late steps are few and far."""
    ports = {"posts": 12, "approvals": 6, "mailer": 4, "keys": 4, "checkpoints": 6, "manifests": 2}
    late = [(port, number) for port, calls in ports.items() for number in range(calls)]
    places = st.one_of(st.sampled_from(range(within_calls)), st.sampled_from(late))
    return st.dictionaries(places, st.sampled_from(Fault), max_size=most)


def decisions() -> st.SearchStrategy[Decision | None]:
    """``None``: nobody decides."""
    return st.sampled_from([*Decision, None])
