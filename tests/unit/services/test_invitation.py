"""What reviewers are mailed: in the campaign's language, and in its brand's name."""

import pytest

from lambdas.domain.models.brand import Brand, Configuration
from lambdas.domain.models.mail import Kind
from lambdas.services.approval_letters import invitation
from tests.support import samples
from tests.support.api import REVIEWERS, World
from tests.support.waiting import waiting_campaign

LINK = "https://api.example.com/approve/x?token=t"


@pytest.mark.parametrize(
    ("language", "subject", "opening", "closing"),
    [
        ("en", "Please review: Spring launch", "is written and waits for your decision", "Monday, 12 January 2026"),
        ("de-AT", "Bitte prüfen: Spring launch", "wartet auf Ihre Entscheidung", "Montag, 12. Januar 2026, 10:00 Uhr"),
        ("fr", "À valider : Spring launch", "attend votre décision", "lundi 12 janvier 2026"),
        ("es", "Por favor, revise: Spring launch", "espera su decisión", "lunes, 12 de enero de 2026"),
        ("ja", "Please review: Spring launch", "is written and waits for your decision", "Monday, 12 January 2026"),
    ],
)
def test_a_mail_is_in_the_campaigns_language(language: str, subject: str, opening: str, closing: str) -> None:
    waiting = waiting_campaign(World(), language=language)
    campaign = waiting.world.campaigns.get(waiting.key)
    mail = invitation(Kind.APPROVAL, REVIEWERS[0], campaign, waiting.approval, LINK)
    assert mail.subject == subject
    for said in (mail.text, mail.html):
        assert opening in said
        assert closing in said
        assert "Kettle" not in said  # of the brief it is the goal and the audience that are told
    assert LINK in mail.text
    assert f'<html lang="{language.split("-")[0] if language != "ja" else "en"}">' in mail.html
    reminder = invitation(Kind.REMINDER, REVIEWERS[0], campaign, waiting.approval, LINK)
    assert reminder.subject != mail.subject
    assert reminder.subject.endswith("Spring launch")


def test_a_mail_is_in_the_name_of_the_campaigns_brand() -> None:
    waiting = waiting_campaign(World())
    campaign = waiting.world.campaigns.get(waiting.key)
    assert invitation(Kind.APPROVAL, REVIEWERS[0], campaign, waiting.approval, LINK).in_name_of is None
    brand = Brand.from_wire(samples.brand_config().to_wire() | {"name": "Café Müller", "brandId": "cafe", "version": 1})
    configured = campaign.model_copy(update={"configuration": Configuration(brand=brand, personas=())})
    assert invitation(Kind.APPROVAL, REVIEWERS[0], configured, waiting.approval, LINK).in_name_of == "Café Müller"
