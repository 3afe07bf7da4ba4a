"""Words that copy may not say of itself, in the four languages whose copy is checked.

All are in small letters and are looked for as whole words. What the brief says itself is not looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CopyPhrases:
    hearsay: tuple[str, ...]
    """Other people's opinions, numbers of them, and anecdotes: nobody may be quoted whom the brief does not quote."""
    glue: tuple[str, ...]
    """Says that something follows, and nothing else."""
    today: tuple[str, ...]
    now: tuple[str, ...]
    ending: tuple[str, ...]
    """Something is nearly over."""
    urgency: tuple[str, ...]
    wit: tuple[str, ...]
    """Jokes, cheers and games."""
    profile: tuple[str, ...]
    """One of these points to the profile."""
    pronouns: tuple[str, ...]
    """A text that starts with one of these refers to something it has not named."""


PHRASES: Mapping[str, CopyPhrases] = {
    "en": CopyPhrases(
        hearsay=(
            "people say", "people tell us", "people ask us", "everyone says", "everybody says", "they say",
            "customers say", "our customers love", "customers tell us", "users love", "people love",
            "people come back", "the reason people", "we hear that often", "we often hear", "someone asked",
            "somebody asked", "someone told", "a customer told", "a friend told", "i remember", "one customer",
            "one of our customers", "thousands of", "millions of", "everyone is talking", "loved by", "trusted by",
            "join thousands", "the question we hear most", "people notice", "people mention", "ask anyone",
        ),
        glue=(
            "not to forget", "and there is this", "on top of that", "also worth knowing", "what goes with it",
            "and one thing more", "one more thing", "but wait", "there is more", "there's more", "that is not all",
            "that's not all", "here's the thing", "here is the thing", "last but not least",
        ),
        today=("today", "tonight", "from today", "as of today"),
        now=("now", "right now", "just launched", "this very moment"),
        ending=(
            "last chance", "last call", "last day", "last days", "last hours", "final call", "final day",
            "final days", "final hours", "final chance", "final stretch", "nearly over", "almost over", "ends soon",
            "ending soon", "running out", "before it is over", "before it's over", "while you can",
        ),
        urgency=(
            "hurry", "be quick", "act now", "don't miss", "do not miss", "don't wait", "do not wait", "act fast",
            "limited time", "limited places", "time is running out", "before it's too late", "before it is too late",
            "now or never", "last chance", "last call", "final call", "don't delay",
        ),
        wit=(
            "agree or disagree", "guess what", "spoiler", "plot twist", "no-brainer", "game on", "fun fact", "lol",
            "just kidding", "let's party", "to die for", "killer", "dead simple", "your move",
            "see you on the other side", "what is not to like", "what's not to like", "pun intended", "hot take",
            "drum roll",
        ),
        profile=("profile", "bio"),
        pronouns=("it", "it's", "this", "that", "that's", "these", "those", "they", "he", "she"),
    ),
    "de": CopyPhrases(
        hearsay=(
            "die leute sagen", "viele sagen", "alle sagen", "man sagt", "unsere kunden lieben", "kunden sagen",
            "kundinnen sagen", "kommen die leute wieder", "hören wir oft", "das hören wir", "jemand fragte",
            "fragte neulich", "fragt man", "ich erinnere mich", "ein kunde erzählte", "eine kundin erzählte",
            "tausende", "millionen von", "alle reden", "beliebt bei", "vertrauen uns", "die frage, die wir",
            "werden wir oft gefragt", "ein freund erzählte",
        ),
        glue=(
            "nicht zu vergessen", "und dann ist da noch", "dazu kommt", "auch gut zu wissen", "außerdem wichtig",
            "und noch etwas", "noch eine sache", "aber das ist nicht alles", "das war noch nicht alles",
            "nicht zuletzt", "und nun zu", "obendrein",
        ),
        today=("heute", "ab heute", "heute abend"),
        now=("jetzt", "ab jetzt", "ab sofort", "gerade eben", "genau jetzt"),
        ending=(
            "letzte chance", "letzter aufruf", "letzter tag", "letzte tage", "die letzten tage", "letzte stunden",
            "fast vorbei", "bald vorbei", "endet bald", "geht zu ende", "endspurt", "zum letzten mal",
            "bevor es vorbei ist", "nur noch kurze zeit",
        ),
        urgency=(
            "beeil dich", "beeilen sie sich", "schnell sein", "nicht verpassen", "nicht warten", "schlag zu",
            "schlagen sie zu", "sofort handeln", "jetzt oder nie", "letzte chance", "letzter aufruf", "endspurt",
            "nur für kurze zeit", "solange noch", "bevor es zu spät ist",
        ),
        wit=(
            "rate mal", "ratet mal", "spoiler", "kleiner scherz", "spaß beiseite", "todsicher", "zum totlachen",
            "sterben für", "trommelwirbel", "wer hätte das gedacht", "ja oder nein", "zugegeben", "fun fact",
        ),
        profile=("profil", "bio"),
        pronouns=("es", "das", "dies", "diese", "dieser", "er", "dafür", "damit", "deswegen", "dadurch"),
    ),
    "fr": CopyPhrases(
        hearsay=(
            "les gens disent", "tout le monde dit", "on dit que", "nos clients adorent", "nos clients disent",
            "les clients disent", "les gens reviennent", "on nous dit souvent", "on entend souvent",
            "quelqu'un a demandé", "quelqu'un nous a", "je me souviens", "un client nous", "une cliente nous",
            "des milliers de", "des millions de", "tout le monde en parle", "adoré par", "nous font confiance",
            "on nous demande souvent", "un ami m'a",
        ),
        glue=(
            "sans oublier", "et puis il y a", "en plus de cela", "à savoir aussi", "et encore une chose",
            "encore une chose", "ce n'est pas tout", "et ce n'est pas tout", "enfin et surtout",
            "par-dessus le marché",
        ),
        today=("aujourd'hui", "dès aujourd'hui", "ce soir"),
        now=("maintenant", "dès maintenant", "en ce moment", "à l'instant", "dès à présent"),
        ending=(
            "dernière chance", "dernier appel", "dernier jour", "derniers jours", "dernières heures", "presque fini",
            "bientôt fini", "se termine bientôt", "touche à sa fin", "dernière ligne droite",
            "plus que quelques jours", "avant qu'il ne soit trop tard",
        ),
        urgency=(
            "vite", "dépêchez-vous", "dépêche-toi", "ne manquez pas", "ne manque pas", "ne ratez pas", "ne rate pas",
            "n'attendez plus", "n'attends plus", "maintenant ou jamais", "dernière chance", "dernier appel",
            "durée limitée", "places limitées", "avant qu'il ne soit trop tard",
        ),
        wit=(
            "devinez quoi", "devine quoi", "spoiler", "roulement de tambour", "d'accord ou pas", "mourir de rire",
            "à mourir", "blague à part", "c'est mortel", "qui l'eût cru", "oui ou non",
        ),
        profile=("profil", "bio"),
        pronouns=("il", "elle", "ils", "elles", "ce", "c'est", "cela", "ça", "celui-ci", "celle-ci", "cette"),
    ),
    "es": CopyPhrases(
        hearsay=(
            "la gente dice", "todos dicen", "todo el mundo dice", "se dice que", "nuestros clientes adoran",
            "nuestros clientes dicen", "los clientes dicen", "la gente vuelve", "nos dicen a menudo",
            "oímos a menudo", "alguien preguntó", "alguien nos", "recuerdo", "una clienta nos", "un cliente nos",
            "miles de", "millones de", "todo el mundo habla", "confían en nosotros", "nos preguntan a menudo",
            "un amigo me",
        ),
        glue=(
            "sin olvidar", "y hay algo más", "además de eso", "también conviene saber", "y una cosa más",
            "una cosa más", "pero eso no es todo", "y eso no es todo", "por último, pero no menos importante",
        ),
        today=("hoy", "desde hoy", "esta noche"),
        now=("ahora", "ya mismo", "ahora mismo", "en este momento", "a partir de ahora"),
        ending=(
            "última oportunidad", "última llamada", "último día", "últimos días", "últimas horas", "casi terminado",
            "termina pronto", "se acaba", "llega a su fin", "recta final", "antes de que sea tarde",
            "quedan pocos días",
        ),
        urgency=(
            "date prisa", "dese prisa", "no te lo pierdas", "no se lo pierda", "no esperes", "no espere", "corre",
            "ahora o nunca", "última oportunidad", "última llamada", "por tiempo limitado", "plazas limitadas",
            "antes de que sea tarde",
        ),
        wit=(
            "adivina qué", "adivine qué", "spoiler", "redoble de tambores", "de muerte", "para morirse",
            "bromas aparte", "sí o no", "de acuerdo o no", "quién lo diría",
        ),
        profile=("perfil", "bio"),
        pronouns=("esto", "eso", "este", "esta", "estos", "estas", "ellos", "ellas", "él", "ella"),
    ),
}  # fmt: skip

SENSITIVE = re.compile(
    r"\b(hospices?|palliative|bereave\w*|grief|grieving|mourn\w*|funerals?|cemeter\w*|dying|deaths?|cancer|dementia"
    r"|terminal illness|disaster|earthquake|flood victims|refugees?|abuse|violence|suicide|addiction|overdose|poverty"
    r"|homeless\w*|food banks?|war victims|victims|crisis line"
    r"|hospiz\w*|palliativ\w*|trauer\w*|bestattung\w*|friedhof\w*|sterben\w*|tod|todes\w*|krebs\w*|demenz\w*|katastrophe\w*"
    r"|erdbeben\w*|flüchtling\w*|missbrauch\w*|gewalt|suizid\w*|sucht|suchtberatung|armut|obdachlos\w*|tafel e\. ?v"
    r"|soins palliatifs|deuil|endeuillé\w*|obsèques|funérailles|funéraire|cimetière|mourir|fin de vie|cancer|démence"
    r"|catastrophe|séisme|réfugié\w*|maltraitance|violences?|suicide|toxicomanie|pauvreté|sans-abri|banque alimentaire"
    r"|cuidados paliativos|paliativ\w*|duelo|funera\w*|cementerio|muerte|morir|cáncer|demencia|catástrofe|desastre"
    r"|terremoto|refugiad\w*|abusos?|maltrato|violencia|suicidio|adicci\w+|adiccion\w*|pobreza|sin hogar"
    r"|banco de alimentos)\b"
)
"""A brief that speaks of one of these is written about quietly."""
SOLEMN_TONES = frozenset({"solemn", "gentle", "würdevoll", "behutsam", "sobre", "recueilli", "solemne", "respetuoso"})
"""So is one of a brand whose tone is one of these."""
