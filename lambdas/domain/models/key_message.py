"""The key messages of a brief: what each of them is, and until when it holds.

A brief gives them as strings, or as ``{text, kind?, until?}``. What a brief leaves out is derived from words that stand
for it in English, German, French and Spanish; what no word stands for is a fact.
"""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from lambdas.domain.models.base import Day, Model
from lambdas.domain.models.brand import Line


class MessageKind(StrEnum):
    OFFER = "offer"
    FACT = "fact"
    DEADLINE = "deadline"
    PROOF = "proof"
    INVITATION = "invitation"
    STORY = "story"  # only where the brief says so: a story cannot be told by its words


class KeyMessage(Model):
    """A key message whose kind, or last day, the brief names."""

    text: Line
    kind: MessageKind | None = None
    """Derived from the text where absent."""
    until: Day | None = None
    """The last day on which it is true."""


def _form(value: Any) -> str:
    return "[object]" if isinstance(value, dict | KeyMessage) else "[text]"


KeyMessageField = Annotated[
    Annotated[Line, Tag("[text]")] | Annotated[KeyMessage, Tag("[object]")], Discriminator(_form)
]
"""A string or an object. ``base.field_error`` leaves these tags out of a field's path."""


class TypedMessage(Model):
    """A key message with nothing left to derive."""

    text: str
    kind: MessageKind
    until: Day | None = None


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jänner janvier enero jan",
            "february februar février febrero feb",
            "march märz mars marzo mar",
            "april avril abril apr",
            "may mai mayo",
            "june juni juin junio jun",
            "july juli juillet julio jul",
            "august août agosto aug",
            "september septembre septiembre sep",
            "october oktober octobre octubre oct",
            "november novembre noviembre nov",
            "december dezember décembre diciembre dec",
        ),
        1,
    )
    for name in names.split()
}
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s+(?:of |de )?({_NAMES})\b(?:\s+(?:de )?(\d{{4}}))?")
_MONTH_DAY = re.compile(rf"\b({_NAMES})\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?")
_BEFORE_DAY = re.compile(r"\b(until|till|by|before|bis|jusqu['’]|avant le|hasta|antes del)\b")

_CUES: tuple[tuple[MessageKind, re.Pattern[str]], ...] = (
    (
        MessageKind.DEADLINE,
        re.compile(
            r"\b(deadline|closing date|(registration|entries|applications|the offer|booking) (closes?|ends?)"
            r"|anmeldeschluss|einsendeschluss|anmeldefrist|bewerbungsschluss|date limite|clôture des"
            r"|fecha límite|fecha tope|plazo de|el plazo)\b"
        ),
    ),
    (
        MessageKind.PROOF,
        re.compile(
            r"\b(certified|award|tested by|independent test|study|survey|audited|rated|\d+ (?:out )?of \d+ \w+"
            r"|in use at|zertifiziert|ausgezeichnet|getestet|studie|umfrage|testsieger|geprüft|im einsatz bei"
            r"|certifiée?s?|primée?s?|testée?s?|étude|enquête|récompensée?s?"
            r"|certificad[oa]s?|premiad[oa]s?|probad[oa]s? por|estudio|encuesta)\b"
        ),
    ),
    (
        MessageKind.OFFER,
        re.compile(
            r"\b((?<!-)free|half price|discount|trial|save \d|voucher|for the price of|\d+ ?% off|percent off"
            r"|kostenlos\w*|gratis|rabatt|halben preis|gutschein|kostenfrei\w*|prozent auf|probemonat"
            r"|gratuite?s?|gratuitement|offerte?s?|remise|moitié prix|réduction|à l['’]essai"
            r"|gratuit[oa]s?|descuento|mitad de precio|rebaja\w*|oferta|regalo)\b|\d ?% (de réduction|de descuento)"
        ),
    ),
    (
        MessageKind.INVITATION,
        re.compile(
            r"^(come|join|visit|meet|bring|drop in|walk|carry|take part|register|komm\w*|besuch\w*|mach\w* mit"
            r"|bring\w*|schau\w*|meld\w*|feier\w*|venez|rejoignez|participez|inscrivez|visitez|apportez|passez"
            r"|ven|venga|vengan|visita|visite|únete|únase|participa|participe|apúntate|apúntese|trae|traiga)\b"
            r"|\b(you are invited|everyone is welcome|alle sind eingeladen|herzlich willkommen|vous êtes invité"
            r"|bienvenue à|está invitad|todos son bienvenidos)"
        ),
    ),
)


def typed(message: str | KeyMessage, start: date) -> TypedMessage:
    """``message`` with its kind and last day. A day without a year is the next one from ``start`` on."""
    given = message if isinstance(message, KeyMessage) else KeyMessage(text=message)
    said = given.text.casefold()
    until = given.until or (day_in(said, start) if _BEFORE_DAY.search(said) else None)
    kind = given.kind or next((kind for kind, cue in _CUES if cue.search(said)), None)
    if kind is None:
        kind = MessageKind.DEADLINE if until else MessageKind.FACT
    return TypedMessage(text=given.text, kind=kind, until=until)


def day_in(text: str, start: date) -> date | None:
    """The first day that ``text`` (in small letters) names with its month, or ``None``."""
    found = _DAY_MONTH.search(text)
    day, month, year = found.groups() if found else ("", "", None)
    if not found and (turned := _MONTH_DAY.search(text)):
        month, day, year = turned.groups()
    if not month:
        return None
    try:
        named = date(int(year) if year else start.year, _MONTHS[month], int(day))
        if year is None and named < start - timedelta(days=1):
            named = named.replace(year=start.year + 1)
    except ValueError:  # 31 April
        return None
    return named
