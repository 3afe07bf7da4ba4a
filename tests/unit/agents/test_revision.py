"""What the offline copywriter makes of a reviewer's comment."""

import pytest

from lambdas.agents.offline.writer import follow
from lambdas.domain.platforms import Platform

TEXT = "It boils water in a minute. Cheap it is not. Good tea needs hot water, and this kettle has it."


def revised(instructions: str, text: str = TEXT, room: int = 280) -> str:
    revision = {"number": 1, "instructions": instructions, "previousText": text}
    return follow(text, {"revision": revision}, Platform.LINKEDIN, room)


def test_without_a_revision_nothing_changes() -> None:
    assert follow(TEXT, {}, Platform.X, 280) == TEXT


@pytest.mark.parametrize("said", ["Shorter, please", "This is too long.", "Could you trim it?", "be brief"])
def test_shorter_is_shorter(said: str) -> None:
    assert len(revised(said)) <= 0.6 * len(TEXT)


@pytest.mark.parametrize(
    "said",
    ["Please mention free delivery", 'add "free delivery"', "Include free delivery.", "say that free delivery; thanks"],
)
def test_what_is_to_be_mentioned_is_mentioned(said: str) -> None:
    assert "free delivery" in revised(said).lower()


@pytest.mark.parametrize("said", ["Avoid cheap", "don't say 'cheap'", "without the word cheap", "Never mention cheap!"])
def test_what_is_to_be_avoided_is_gone(said: str) -> None:
    text = revised(said)
    assert "cheap" not in text.lower()
    assert "It boils water" in text


def test_the_room_is_never_exceeded() -> None:
    assert len(revised("mention " + "a very long wish " * 30, room=100)) <= 100
