from hypothesis import given
from hypothesis import strategies as st

from lambdas.api.pages.shown import Change, Part, word_diff


def test_words_and_not_letters_are_compared() -> None:
    assert word_diff("It boils water fast.", "It boils tea fast.") == (
        Part(Change.SAME, "It boils "),
        Part(Change.REMOVED, "water"),
        Part(Change.ADDED, "tea"),
        Part(Change.SAME, " fast."),
    )


def test_a_text_that_was_rewritten_is_not_torn_into_shreds() -> None:
    before = "Most questions come down to one point. Works with your chat."
    after = "Free delivery until Friday. Before anything else, three things are worth saying."
    assert [part.change for part in word_diff(before, after)] == [Change.REMOVED, Change.ADDED, Change.SAME]


def test_one_word_between_two_changes_is_part_of_them() -> None:
    parts = word_diff("With new colours now and for ever here", "With old colours then and for ever there")
    assert [part.text for part in parts if part.change is Change.ADDED] == ["old colours then", "there"]


def test_a_novel_is_not_compared_word_by_word() -> None:
    assert [part.change for part in word_diff("a " * 3_000, "b " * 3_000)] == [Change.REMOVED, Change.ADDED]


@given(st.text(max_size=60), st.text(max_size=60))
def test_both_texts_can_be_read_off(before: str, after: str) -> None:
    parts = word_diff(before, after)
    assert "".join(part.text for part in parts if part.change is not Change.ADDED) == before
    assert "".join(part.text for part in parts if part.change is not Change.REMOVED) == after
