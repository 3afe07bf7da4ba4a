"""What reviewers read, on their page and in their mails, in the campaign's language.

All of it stands in ``sentences.json``, each sentence in every language, with slots (``{name}``). A key that ends in
``.one`` and ``.many`` has both numbers; ``.none`` is for nothing, where that reads differently. A language that is not
there is English. What the rules of a brand and of a platform say is kept with each post, in English.
"""

import json
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = ("en", "de", "fr", "es")


class Words:
    """The sentences of one language: ``words("review_title", name="Spring")``."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: Any) -> str:
        """Raises ``KeyError`` for a sentence, or a slot, that there is not."""
        sentence = _sentences()[key][self.language]
        return sentence.format(**values) if values else sentence

    def count(self, key: str, n: int, **values: Any) -> str:
        """The sentence for so many of something."""
        form = "none" if n == 0 and f"{key}.none" in _sentences() else "one" if n == 1 else "many"
        return self(f"{key}.{form}", n=self.number(n), **values)

    def number(self, n: int) -> str:
        return f"{n:,}".replace(",", self("thousands"))

    def day(self, moment: datetime, zone: ZoneInfo) -> str:
        """``2 March 2026``."""
        local = moment.astimezone(zone)
        months = self("months").split(",")
        return self("date", day=local.day, month=months[local.month - 1], year=local.year)

    def moment(self, moment: datetime, zone: ZoneInfo, *, named: bool = False) -> str:
        """``Monday, 2 March 2026, 10:30``, and the time zone's name where it is not ``named`` elsewhere."""
        local = moment.astimezone(zone)
        weekday = self("days").split(",")[local.weekday()]
        told = self("moment", weekday=weekday, date=self.day(moment, zone), time=f"{local:%H:%M}")
        return told if named else f"{told} ({zone.key})"


@cache
def words_of(language: str) -> Words:
    """``language`` as a brief has it: ``de``, or ``de-AT``."""
    known = language.split("-")[0]
    return Words(known if known in LANGUAGES else "en")


@cache
def _sentences() -> dict[str, dict[str, str]]:
    sentences: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("sentences.json").read_text("utf-8"))
    return sentences
