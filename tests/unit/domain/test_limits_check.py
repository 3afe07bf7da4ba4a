"""Taking the marks off what a platform would refuse."""

import pytest

from lambdas.domain.limits import check_limits, without_surplus
from lambdas.domain.models.base import Moment
from lambdas.domain.models.post import PostContent
from lambdas.domain.platforms import Platform


@pytest.mark.parametrize(
    ("platform", "text", "tags", "expected"),
    [
        (Platform.THREADS, "#One and #two", (), "#One and two"),
        (Platform.THREADS, "#One and #two", ("#brand",), "One and two"),
        (Platform.THREADS, "#Brand twice: #brand", ("#brand",), "#Brand twice: #brand"),
        (Platform.THREADS, "We are #1, and see a#b", ("#brand",), "We are #1, and see a#b"),
        (Platform.X, "#any #number #of #them", (), "#any #number #of #them"),
        (Platform.INSTAGRAM, "@a1 @b2 @c3 @d4", (), "@a1 @b2 @c3 d4"),
    ],
)
def test_words_stay_and_surplus_marks_go(platform: Platform, text: str, tags: tuple[str, ...], expected: str) -> None:
    assert without_surplus(platform, text, tags) == expected


def test_what_is_left_passes_the_check() -> None:
    moment: Moment = "2027-01-01T00:00:00Z"  # type: ignore[assignment]  # as it comes over the wire
    text = without_surplus(Platform.THREADS, "#a #b #c", ("#brand",))
    content = PostContent.from_wire({"text": text, "hashtags": ["#brand"], "generatedAt": moment})
    assert {rule.rule: rule.passed for rule in check_limits(Platform.THREADS, content)}["limits.hashtags"]
