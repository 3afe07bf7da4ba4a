"""The words of the page and of mails to reviewers: every sentence in every language, with the same slots."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from lambdas.services import sentences as module
from lambdas.services.sentences import LANGUAGES, words_of
from local.process import ROOT

SENTENCES = json.loads(Path(module.__file__).with_name("sentences.json").read_text("utf-8"))
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def slots(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("key", SENTENCES)
def test_a_sentence_is_there_in_every_language_with_the_same_slots(key: str) -> None:
    assert set(SENTENCES[key]) == set(LANGUAGES)
    # Where there is one of something a language may leave the number out.
    wanted = slots(SENTENCES[key]["en"]) - ({"n"} if key.endswith(".one") else set())
    for language in LANGUAGES:
        assert SENTENCES[key][language]
        assert slots(SENTENCES[key][language]) - ({"n"} if key.endswith(".one") else set()) == wanted, language


def test_no_sentence_is_left_over_and_none_is_missing() -> None:
    folders = (ROOT / "lambdas/api", ROOT / "lambdas/services")
    code = "\n".join(
        path.read_text() for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".html")
    )
    made = ("decision.", "kind.", "mail.", "done.", "error.")  # from a prefix and a value
    families = {key.rpartition(".")[0] if key.endswith((".one", ".many", ".none")) else key for key in SENTENCES}
    assert {key for key in families if f'"{key}"' not in code and not key.startswith(made)} == set()
    asked = set(re.findall(r'\bw(?:ords)?\("([a-z_.]+)"', code))
    counted = set(re.findall(r'\bw(?:ords)?\.count\(\s*"([a-z_.]+)"', code))
    assert asked <= set(SENTENCES)
    assert {f"{key}.many" for key in counted} <= set(SENTENCES)


@pytest.mark.parametrize(
    ("language", "moment", "number"),
    [
        ("en", "Monday, 2 March 2026, 10:30 (Europe/Berlin)", "1,234"),
        ("de", "Montag, 2. März 2026, 10:30 Uhr (Europe/Berlin)", "1.234"),
        ("fr-CA", "lundi 2 mars 2026, 10:30 (Europe/Berlin)", "1\u202f234"),
        ("es", "lunes, 2 de marzo de 2026, 10:30 (Europe/Berlin)", "1.234"),
        ("ja", "Monday, 2 March 2026, 10:30 (Europe/Berlin)", "1,234"),
    ],
)
def test_moments_and_numbers_are_written_as_in_the_language(language: str, moment: str, number: str) -> None:
    words = words_of(language)
    assert words.moment(NOON, BERLIN) == moment
    assert words.number(1_234) == number


def test_one_and_many() -> None:
    words = words_of("de")
    assert words.count("confirm_title", 1) == "1 Beitrag wurde nicht geöffnet"
    assert words.count("confirm_title", 1_200) == "1.200 Beiträge wurden nicht geöffnet"
    assert words.count("after_revision", 0).startswith("Alle Beiträge")
