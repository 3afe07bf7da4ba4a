"""Which execution goes on from an interrupted one."""

import pytest

from local.resume import next_name

PREFIX = "arn:aws:states:us-east-1:000000000000:execution:build:"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("01C", "01C-resumed-1"), ("01C-resumed-1", "01C-resumed-2"), ("01C-resumed-9", "01C-resumed-10")],
)
def test_names_count_up(name: str, expected: str) -> None:
    assert next_name(PREFIX + name) == expected


def test_a_name_fits_the_limit_of_80_characters() -> None:
    assert len(next_name(f"{PREFIX}{'0' * 26}-resumed-999999")) <= 80
