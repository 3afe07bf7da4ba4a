"""Rules of good copy: each is broken in every language by a text that a model may write, and kept by a good one."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from lambdas.domain.compliance.copy_rules import CopyBrief, check_copy, is_sensitive, refers_back
from lambdas.domain.models.post import PostContent, RuleResult
from lambdas.domain.platforms import Platform

BRIEF = CopyBrief(
    language="en",
    private=("Three hundred sign-ups by the end of March.", "Young families in the north of the town."),
    public=("Rye bread from the next farm.", "Order today", "Lindner Rye", "Lindner"),
    benefits=("Rye bread from the next farm.",),
    names=("Lindner Rye", "Lindner"),
    sensitive=False,
    may_ask=False,
    day=date(2027, 2, 10),
    starts=date(2027, 1, 20),
    ends=(date(2027, 3, 31),),
)


def broken(text: str, platform: Platform = Platform.LINKEDIN, brief: CopyBrief = BRIEF, **fields: object) -> set[str]:
    return {rule.rule.removeprefix("copy.") for rule in results(text, platform, brief, **fields) if not rule.passed}


def results(text: str, platform: Platform, brief: CopyBrief, **fields: object) -> tuple[RuleResult, ...]:
    content = PostContent.model_validate({"text": text, "generated_at": datetime(2027, 1, 1, tzinfo=UTC), **fields})
    return check_copy(content, platform, brief)


def told(language: str) -> CopyBrief:
    return replace(BRIEF, language=language)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja"])
def test_a_plain_text_breaks_none(language: str) -> None:
    assert broken("Lindner Rye: rye bread from the next farm.\n\nOrder today", brief=told(language)) == set()


@pytest.mark.parametrize(
    ("language", "rule", "said"),
    [
        ("en", "hearsay", "Lindner Rye. It is the reason people come back."),
        ("de", "hearsay", "Lindner Rye. Deswegen kommen die Leute wieder."),
        ("fr", "hearsay", "Lindner Rye. Nos clients adorent."),
        ("es", "hearsay", "Lindner Rye. Nuestros clientes adoran."),
        ("en", "glue", "Lindner Rye. Not to forget: it keeps."),
        ("de", "glue", "Lindner Rye. Nicht zu vergessen: die Kruste."),
        ("fr", "glue", "Lindner Rye. Sans oublier la croûte."),
        ("es", "glue", "Lindner Rye. Sin olvidar la corteza."),
        ("en", "calendar", "Today Lindner opens the doors."),
        ("de", "calendar", "Ab heute gibt es Lindner Rye."),
        ("fr", "calendar", "Lindner Rye, c’est aujourd’hui."),
        ("es", "calendar", "Hoy llega Lindner Rye."),
        ("en", "calendar", "Lindner Rye is nearly over."),
        ("de", "calendar", "Lindner Rye: Letzte Chance."),
        ("fr", "calendar", "Lindner Rye : dernière chance."),
        ("es", "calendar", "Lindner Rye: última oportunidad."),
        ("en", "opening", "This changes everything."),
        ("de", "opening", "Es bleibt frisch."),
        ("fr", "opening", "Elle reste fraîche."),
        ("es", "opening", "Esto lo cambia todo."),
        ("en", "opening", "Good news: it keeps for a week."),
        ("en", "opening", "Imagine an ordinary morning."),
        ("en", "private", "Lindner Rye is made for young families in the north of the town."),
        ("en", "question", "Lindner Rye. Agree or disagree?"),
    ],
)
def test_a_rule_is_broken(language: str, rule: str, said: str) -> None:
    assert rule in broken(said, brief=told(language))


@pytest.mark.parametrize("field", ["title", "subject", "preview"])
def test_audience_and_goal_show_nowhere(field: str) -> None:
    assert broken("Lindner Rye.", **{field: "For young families in the north"}) == {"private"}


def test_what_the_brief_lets_be_said_is_not_private() -> None:
    public = (*BRIEF.public, "Young families in the north of the town eat for half the price.")
    brief = replace(BRIEF, public=public)
    assert broken("Lindner: young families in the north of the town eat for half the price.", brief=brief) == set()


def test_the_brief_may_say_what_copy_may_not() -> None:
    brief = replace(BRIEF, public=(*BRIEF.public, "Trusted by thousands of bakers"))
    assert broken("Lindner Rye. Trusted by thousands of bakers.", brief=brief) == set()
    assert broken("Lindner Rye. Order today", brief=brief) == set()


@pytest.mark.parametrize(
    ("day", "text", "agrees"),
    [
        (date(2027, 1, 20), "Today Lindner Rye starts.", True),
        (date(2027, 1, 21), "Today Lindner Rye starts.", False),
        (date(2027, 3, 31), "Today Lindner Rye ends.", True),
        (date(2027, 3, 29), "Lindner Rye: the last days.", True),
        (date(2027, 3, 28), "Lindner Rye: the last days.", False),
        (date(2027, 4, 1), "Lindner Rye: the last days.", False),
        (date(2027, 1, 22), "Lindner Rye is here now.", True),
        (date(2027, 1, 23), "Lindner Rye is here now.", False),
    ],
)
def test_words_of_time_go_by_the_day_of_the_post(day: date, text: str, *, agrees: bool) -> None:
    assert ("calendar" not in broken(text, brief=replace(BRIEF, day=day))) is agrees


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Lindner. Hurry."),
        ("en", "Lindner. No-brainer."),
        ("en", "Lindner, at last!"),
        ("de", "Lindner. Nicht verpassen."),
        ("fr", "Lindner. N’attendez plus."),
        ("es", "Lindner. No te lo pierdas."),
    ],
)
def test_a_sensitive_cause_gets_neither_urgency_nor_wit(language: str, said: str) -> None:
    assert "tone" not in broken(said, brief=told(language))
    assert "tone" in broken(said, brief=replace(told(language), sensitive=True))


@pytest.mark.parametrize(
    "text",
    [
        "A walk for the hospice",
        "Trauerbegleitung im Viertel",
        "Groupes de parole après un deuil",
        "Ayuda tras el terremoto",
    ],
)
def test_sensitive_is_known_by_its_words_or_the_brands_tone(text: str) -> None:
    assert is_sensitive([text], ["warm"])
    assert is_sensitive(["Candles"], ["Solemn"])
    assert not is_sensitive(["A rye bread with a deadline", "Der Fruchtaufstrich"], ["warm"])


def test_an_sms_is_one_segment_before_its_link_and_asks_nothing() -> None:
    link = "https://lindner.example/rye"
    fine = f"Lindner: rye bread from the next farm. Order today {link} Reply STOP to opt out"
    assert broken(fine, Platform.SMS, link=link) == set()
    assert broken(f"Lindner Rye. {'Rye bread. ' * 15}{link}", Platform.SMS, link=link) == {"segment"}
    assert broken(f"Lindner Rye – {'Brot ist gut. ' * 5}{link}", Platform.SMS, link=link) == {"segment"}
    assert broken(f"Lindner Rye? {link}", Platform.SMS, link=link) == {"question"}


@pytest.mark.parametrize("platform", [Platform.INSTAGRAM, Platform.TIKTOK])
@pytest.mark.parametrize(
    ("language", "word"), [("en", "profile"), ("de", "Profil"), ("fr", "profil"), ("es", "perfil")]
)
def test_a_caption_points_to_the_profile_and_says_what_to_do(platform: Platform, language: str, word: str) -> None:
    text = f"Lindner Rye.\n\nOrder today ({word})"
    assert broken(text, platform, told(language), call_to_action="Order today") == set()
    assert broken(text, platform, told(language)) == {"profile"}
    assert broken("Lindner Rye.", platform, told(language), call_to_action="Order today") == {"profile"}
    assert broken("Lindner Rye.", Platform.X, told(language)) == set()


def test_an_article_is_no_pronoun() -> None:
    assert not refers_back("Das Brot ist da.", "de")
    assert refers_back("Das ist da.", "de")
    assert not refers_back("La croûte reste.", "fr")


def test_a_greeting_is_not_the_first_sentence() -> None:
    assert broken("Dear reader,\n\nLindner Rye is here.") == set()


def test_an_invitation_may_ask() -> None:
    assert broken("Will you come to Lindner?", brief=replace(BRIEF, may_ask=True)) == set()
