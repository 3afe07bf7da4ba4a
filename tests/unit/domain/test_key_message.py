"""What kind a key message is, and until when it holds."""

from datetime import date

import pytest

from lambdas.domain.errors import InvalidInputError
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.key_message import KeyMessage, MessageKind, typed
from tests.support.samples import plain_brief

START = date(2027, 2, 1)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Children walk for free", "offer"),
        ("Alles zum halben Preis", "offer"),
        ("Une tranche offerte à chaque visite", "offer"),
        ("La segunda a mitad de precio", "offer"),
        ("Three step-free miles", "fact"),
        ("Wolle von hier", "fact"),
        ("Le seigle de la ferme voisine", "fact"),
        ("Un sello por cada libro", "fact"),
        ("Sign up by March 14", "deadline"),
        ("Anmeldung bis 12. März", "deadline"),
        ("Inscription jusqu’au 15 mars", "deadline"),
        ("Inscripción hasta el 15 de marzo", "deadline"),
        ("9 of 10 teams stay", "proof"),
        ("TÜV-zertifiziert", "proof"),
        ("Testée par un laboratoire", "proof"),
        ("Clínica certificada", "proof"),
        ("Come and taste it", "invitation"),
        ("Komm zum Kosten", "invitation"),
        ("Venez goûter", "invitation"),
        ("Ven con los niños", "invitation"),
    ],
)
def test_the_kind_is_derived_from_words(text: str, kind: str) -> None:
    assert typed(text, START).kind is MessageKind(kind)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Sign up by March 14", date(2027, 3, 14)),
        ("until 1st May 2028", date(2028, 5, 1)),
        ("bis 3. Januar", date(2028, 1, 3)),
        ("jusqu'au 1er avril", date(2027, 4, 1)),
        ("hasta el 15 de agosto de 2027", date(2027, 8, 15)),
        ("until 31 April", None),
        ("open since 14 March", None),
        ("until it rains", None),
    ],
)
def test_the_last_day_is_read_from_the_text(text: str, day: date | None) -> None:
    assert typed(text, START).until == day


def test_what_the_brief_says_wins() -> None:
    message = typed(KeyMessage.from_wire({"text": "Free by March 14", "kind": "story", "until": "2027-05-01"}), START)
    assert (message.kind, message.until) == (MessageKind.STORY, date(2027, 5, 1))


def test_strings_stay_strings_and_objects_objects() -> None:
    given = ["It boils", {"text": "Half price", "kind": "offer", "until": "2027-03-01"}, {"text": "Plain"}]
    brief = CampaignBrief.from_wire(plain_brief() | {"keyMessages": given})
    assert brief.to_wire()["keyMessages"] == given


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (7, "keyMessages[0]"),
        ("", "keyMessages[0]"),
        ({}, "keyMessages[0].text"),
        ({"text": "a", "kind": "rumour"}, "keyMessages[0].kind"),
        ({"text": "a", "until": "soon"}, "keyMessages[0].until"),
        ({"text": "a", "more": 1}, "keyMessages[0].more"),
    ],
)
def test_an_error_names_its_field(message: object, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CampaignBrief.from_wire(plain_brief() | {"keyMessages": [message]})
    assert [error.field for error in caught.value.errors] == [field]
