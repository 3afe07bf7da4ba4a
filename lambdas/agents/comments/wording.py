"""What was done about a comment, and what will be, in the campaign's language."""

from lambdas.agents.comments.facts import Facts, fact_meant
from lambdas.agents.comments.reading import Kind, Wish

LANGUAGES = ("en", "de", "fr", "es")

_DONE: dict[Kind, tuple[str, str, str, str]] = {
    Kind.SHORTER: (
        "shorter",
        "kürzer",
        "plus court",
        "más corto",
    ),
    Kind.LONGER: (
        "longer, with more of the brief",
        "länger, mit mehr aus dem Briefing",
        "plus long, avec plus du brief",
        "más largo, con más del briefing",
    ),
    Kind.OPENING: (
        "another opening",
        "ein anderer Einstieg",
        "une autre accroche",
        "otro comienzo",
    ),
    Kind.ANOTHER: (
        "another angle",
        "ein anderer Blickwinkel",
        "un autre angle",
        "otro enfoque",
    ),
    Kind.REMOVE: (
        "without: {what}",
        "ohne: {what}",
        "sans : {what}",
        "sin: {what}",
    ),
    Kind.REMOVE_SENTENCE: (
        "without that sentence",
        "ohne diesen Satz",
        "sans cette phrase",
        "sin esa frase",
    ),
    Kind.REMOVE_HASHTAGS: (
        "without hashtags",
        "ohne Hashtags",
        "sans hashtags",
        "sin hashtags",
    ),
    Kind.REMOVE_EMOJI: (
        "without emoji",
        "ohne Emojis",
        "sans émojis",
        "sin emojis",
    ),
    Kind.REMOVE_QUESTIONS: (
        "without a question",
        "ohne Frage",
        "sans question",
        "sin pregunta",
    ),
    Kind.REMOVE_EXCLAMATIONS: (
        "without exclamation marks",
        "ohne Ausrufezeichen",
        "sans point d'exclamation",
        "sin exclamaciones",
    ),
    Kind.REPLACE: (
        "“{by}” instead of “{what}”",
        "„{by}“ statt „{what}“",
        "« {by} » au lieu de « {what} »",
        "«{by}» en vez de «{what}»",
    ),
    Kind.USE: (
        "uses your words: “{what}”",
        "verwendet Ihre Worte: „{what}“",
        "reprend vos mots : « {what} »",
        "usa sus palabras: «{what}»",
    ),
    Kind.MENTION: (
        "mentions: {fact}",
        "nennt: {fact}",
        "mentionne : {fact}",
        "menciona: {fact}",
    ),
}
_LEFT: dict[Kind, tuple[str, str, str, str]] = {
    Kind.AUDIENCE: (
        "whom it is for is never printed by the writer",
        "für wen es ist, schreibt der Texter nie in den Text",
        "le rédacteur n'écrit jamais à qui le texte s'adresse",
        "el redactor nunca escribe a quién va dirigido",
    ),
    Kind.HEADLINE: (
        "the writer does not change titles and subjects by comment",
        "Titel und Betreff ändert der Texter nicht auf einen Kommentar hin",
        "le rédacteur ne change pas un titre ou un objet sur commentaire",
        "el redactor no cambia títulos ni asuntos por un comentario",
    ),
    Kind.PICTURE: (
        "the writer does not make pictures",
        "Bilder macht der Texter nicht",
        "le rédacteur ne fait pas d'images",
        "el redactor no hace imágenes",
    ),
    Kind.TIMING: (
        "the writer does not move posts",
        "der Texter verschiebt keine Posts",
        "le rédacteur ne déplace pas les publications",
        "el redactor no cambia la fecha de las publicaciones",
    ),
    Kind.LANGUAGE: (
        "a campaign has one language",
        "eine Kampagne hat eine Sprache",
        "une campagne a une seule langue",
        "una campaña tiene un solo idioma",
    ),
    Kind.LINK: (
        "the link comes from the brief",
        "der Link kommt aus dem Briefing",
        "le lien vient du brief",
        "el enlace viene del briefing",
    ),
    Kind.TONE: (
        "no rule can judge the tone",
        "über den Ton kann keine Regel urteilen",
        "aucune règle ne juge le ton",
        "ninguna regla puede juzgar el tono",
    ),
    Kind.MENTION: (
        "the brief does not say this, or there is no room",
        "das Briefing sagt das nicht, oder der Platz reicht nicht",
        "le brief ne le dit pas, ou la place manque",
        "el briefing no lo dice, o no hay espacio",
    ),
    Kind.UNCLEAR: (
        "the writer did not understand this",
        "das hat der Texter nicht verstanden",
        "le rédacteur n'a pas compris",
        "el redactor no lo ha entendido",
    ),
}
_OTHERWISE = (
    "the text does not allow it by rule",
    "der Text gibt es nach den Regeln nicht her",
    "le texte ne le permet pas selon les règles",
    "el texto no lo permite según las reglas",
)
_WILL = ("Will be done: {words}.", "Wird gemacht: {words}.", "Sera fait : {words}.", "Se hará: {words}.")
_PERSON = (
    "A person has to do this: {words}.",
    "Das muss ein Mensch tun: {words}.",
    "Une personne doit le faire : {words}.",
    "Tiene que hacerlo una persona: {words}.",
)
_ANEW = (
    "Will be done: another text, from another angle and with another message.",
    "Wird gemacht: ein anderer Text, mit anderem Blickwinkel und anderer Botschaft.",
    "Sera fait : un autre texte, sous un autre angle et avec un autre message.",
    "Se hará: otro texto, con otro enfoque y otro mensaje.",
)


_ASKED_FOR_ANOTHER = ("Write another", "Einen anderen schreiben", "En écrire un autre", "Escribir otro")


def _in(language: str, words: tuple[str, str, str, str]) -> str:
    primary = language.split("-")[0]
    return words[LANGUAGES.index(primary) if primary in LANGUAGES else 0]


def done_in_words(wish: Wish, facts: Facts, language: str) -> str:
    """What was done, without a full stop."""
    fact = (fact_meant(wish.what, facts) or "") if wish.kind is Kind.MENTION else ""
    return _in(language, _DONE[wish.kind]).format(what=wish.what, by=wish.by, fact=fact.rstrip("."))


def left_in_words(wish: Wish, language: str) -> str:
    """Why a person has to do it, without a full stop."""
    return _in(language, _LEFT.get(wish.kind, _OTHERWISE))


def asked_for_another(language: str) -> str:
    """What the reviewer chose, in place of a comment."""
    return _in(language, _ASKED_FOR_ANOTHER)


def will_be_done(words: str, language: str) -> str:
    return _in(language, _WILL).format(words=words)


def person_has_to(words: str, language: str) -> str:
    return _in(language, _PERSON).format(words=words)


def will_be_written_anew(language: str) -> str:
    return _in(language, _ANEW)
