import random
from itertools import combinations

import pytest

from lambdas.domain import similarity as similar
from lambdas.domain.similarity import EarlierTexts, near_duplicates, similarity
from tests.support.effort import results_of

COPY = (
    "Meet the heat pump that pays for itself. It warms your home with the energy of the air outside, "
    "and it halves your heating bill from the first winter on. Book a visit today"
)


def texts_of_words(count: int, *, words: int, vocabulary: int, seed: int = 1) -> list[str]:
    chooser = random.Random(seed)
    return [" ".join(f"w{chooser.randrange(vocabulary)}" for _ in range(words)) for _ in range(count)]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("Save energy now", "save   ENERGY, now!", 1.0),
        ("Save energy now", "Eat more fruit", 0.0),
        # Two of the three pairs of words are shared, four there are.
        ("save energy at home", "save energy at work", 2 / 4),
        ("", "", 1.0),
        ("", "word", 0.0),
        ("🌞", "🌞", 1.0),
        ("🌞", "🌧", 0.0),
        ("Sale", "sale!", 1.0),
        ("節電しよう", "節電しよう！", 1.0),
        ("節電しよう", "節電しました", 2 / 7),
    ],
)
def test_similarity(a: str, b: str, expected: float) -> None:
    assert similarity(a, b) == pytest.approx(expected)
    assert similarity(b, a) == similarity(a, b)


def test_one_word_changed_is_near_and_another_text_is_not() -> None:
    changed = COPY.replace("winter", "month")
    found = near_duplicates([COPY, "Five ways to save energy at home this year", changed])
    assert [(i, j) for i, j, _ in found] == [(0, 2)]
    assert found[0][2] == similarity(COPY, changed)


def test_a_text_is_named_once_however_many_it_is_like() -> None:
    found = near_duplicates([COPY, COPY.upper(), COPY, "Something else entirely", COPY + " now"])
    assert [(i, j) for i, j, _ in found[:2]] == [(0, 1), (0, 2)]
    assert [j for _, j, _ in found] == [1, 2, 4]


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_a_threshold_that_means_nothing(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        near_duplicates(["a"], threshold)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8, 1.0])
def test_it_finds_exactly_what_comparing_all_pairs_finds(threshold: float) -> None:
    texts = texts_of_words(150, words=6, vocabulary=4)
    alike = {j for i, j in combinations(range(len(texts)), 2) if similarity(texts[i], texts[j]) >= threshold}
    found = near_duplicates(texts, threshold)
    assert {j for _, j, _ in found} == alike
    assert all(similarity(texts[i], texts[j]) == score >= threshold for i, j, score in found)
    assert [j for _, j, _ in found] == sorted(alike)


def test_nothing_in_nothing() -> None:
    assert near_duplicates([]) == []


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How alike each two texts were that were compared."""
    return results_of(monkeypatch, similar, "_jaccard")


def test_few_of_ten_thousand_texts_with_common_boilerplate_are_compared(compared: list[float]) -> None:
    """Not the fifty million pairs of them."""
    boilerplate = texts_of_words(1, words=25, vocabulary=2_000)[0]
    texts = [f"{boilerplate} {own}" for own in texts_of_words(9_999, words=25, vocabulary=2_000, seed=2)]
    texts.append(texts[17] + " again")
    found = near_duplicates(texts)
    assert [(i, j) for i, j, _ in found] == [(17, 9_999)]
    assert len(compared) <= 100


def test_each_of_ten_thousand_texts_that_are_all_alike_is_compared_once(compared: list[float]) -> None:
    texts = [f"Tip {n}: {COPY}" for n in range(10_000)]
    assert len(near_duplicates(texts)) == 9_999
    assert len(compared) <= len(texts)


@pytest.mark.parametrize("threshold", [0.3, 0.8, 1.0])
def test_texts_taken_apart_once_find_the_same(threshold: float) -> None:
    texts = texts_of_words(60, words=4, vocabulary=5)
    for count in range(len(texts)):
        scores = [similarity(earlier, texts[count]) for earlier in texts[:count]]
        expected = max((score for score in scores if score >= threshold), default=None)
        assert EarlierTexts(texts[:count]).likeness(texts[count], threshold) == expected
