"""The words by which a comment is understood, in English, German, French and Spanish.

One pattern for each kind of wish, for all four languages together: a reviewer may write in another language than the
campaign's. A pattern is searched in one clause of the comment, in lower case, with ``⟦0⟧`` in place of the first
quotation. ``*`` after a word stands for its endings.
"""

import re


def _words(*listed: str) -> re.Pattern[str]:
    parts = (
        re.escape(word).replace(r"\ ", r"\s+").replace(r"\*", r"\w*") for line in listed for word in line.split("|")
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


NEGATION = _words(
    "not|don't|don’t|do not|doesn't|doesn’t|isn't|isn’t|never|no",
    "nicht|nie|niemals|kein*",
    "ne|pas|jamais|n'est|n’est",
    "nunca|tampoco",
)
"""``no`` is Spanish as well."""

REMOVE = _words(
    "remove|drop|delete|avoid|without|take out|leave out|get rid of|lose|cut|omit|no|no more",
    "don't say|don’t say|do not say|don't use|don’t use|do not use|don't mention|don’t mention|do not mention",
    "never say|never use|never mention|stop saying|stop using",
    "entfern*|streich*|lösch*|ohne|kein*|weglassen|lass* weg|vermeid*|raus|nicht erwähnen|nicht verwenden",
    "enlev*|enlèv*|supprim*|retir*|sans|pas de|pas d'|évite*|éviter|ne dites pas|n'utilisez pas|ôte*|ne pas mentionner",
    "quita*|elimina*|sin|borra*|evita*|suprim*|no digas|no uses|no mencion*|saca|saque",
)
SHORTER = _words(
    "shorter|shorten*|too long|briefer|be brief|more concise|concise|trim|tighten*|condense|cut down",
    "fewer words|less text",
    "half the length|too wordy|at most|maximum|höchstens|maximal|au plus|au maximum|como máximo|máximo",
    "kürzer*|kürz*|zu lang|knapper*|straff*|weniger text|weniger wörter",
    "raccourci*|plus court*|trop long*|plus bref|plus concis*|abrég*|moins long*|moins de mots|moins de texte",
    "más corto|más corta|más cortos|acorta*|recorta*|demasiado larg*|muy larg*|más breve|abrevia*",
    "menos texto|menos palabras",
)
LONGER = _words(
    "longer|too short|expand|more detail*|elaborate|lengthen|flesh out|say more|more text",
    "länger*|zu kurz|ausführlicher*|mehr details|mehr text|erweiter*|mehr einzelheiten",
    "plus long*|trop court*|développe*|plus de détails|rallonge*|étoffe*|plus détaillé*",
    "más larg*|demasiado cort*|muy cort*|alarga*|amplía*|amplia*|más detalle*|desarrolla*|más texto",
)
MENTION = _words(
    "mention*|include|add|say|talk about|point out|state|highlight|emphasise|emphasize|stress|refer to",
    "bring up|tell|name",
    "make clear|is missing|where is|what about|put in|remind them of",
    "erwähn*|nenn*|sag*|hinzufügen|ergänz*|beton*|füg*|fehlt|weise auf|wo ist|rein",
    "mentionne*|ajoute*|indique*|précise*|rappele*|rappelle*|parle* de|parlez de*|parlez du|parle du|souligne*",
    "cite*|manque|inclu*",
    "menciona*|mencione*|añade*|añada*|añadir|agrega*|agregue*|incluy*|incluir|indica*|indique|habla* de",
    "destaca*|recuerda*|falta",
)
USE = _words(
    "use|write|say|include|add|mention*|put|insert|start with|open with|begin with|end with|close with|finish with",
    "verwend*|benutz*|schreib*|sag*|füg*|nimm|nehmt|nehmen|beginn*|ende mit|schließ*|ergänz*|nutz*",
    "utilise*|emploie*|employe*|écri*|dis|dites|ajoute*|mets|mettez|commence*|termine*|reprend*",
    "usa|use|usar|utiliza*|utilice*|escrib*|di|diga|añad*|agreg*|pon|ponga|poner|empieza*|empiece*",
    "termina*|termine|acaba*",
)
REPLACE = _words(
    "replace|change|swap|instead of",
    "ersetz*|tausch*|statt|anstelle|anstatt|ändere",
    "remplace*|change*|au lieu de|plutôt que",
    "sustitu*|reemplaz*|cambia*|cambie|en vez de|en lugar de",
)
INSTEAD = _words("instead of|rather than|statt|anstelle|anstatt|au lieu de|plutôt que|en vez de|en lugar de")
OPENING = _words(
    "hook|opening|opener|opening line|first sentence|first line|start|beginning|intro|introduction|opens",
    "open with|begin with",
    "einstieg*|aufhänger*|anfang|erste* satz|erster satz|auftakt|beginn*",
    "accroche*|début|première phrase|première ligne|amorce|commence*",
    "gancho|inicio|comienzo|primera frase|primera línea|apertura|arranque|empieza*|empiece*",
)
CLOSING = _words(
    "end with|close with|finish with|at the end|am ende|zum schluss|ende mit|schließ*",
    "à la fin|en fin|termine*|al final|acaba*|termina*",
)
ANOTHER = _words(
    "another angle|other angle|different angle|new angle|fresh angle|another approach|different approach|another take",
    "different take|rewrite|start over|try again|something else|something different|another version|another text",
    "andere* blickwinkel|anderen ansatz|andere* ansatz|anderer ansatz|neu schreiben|schreib* neu",
    "umschreib*|andere* text",
    "andere* perspektive|etwas anderes|andere* winkel",
    "autre angle|angle différent|autre approche|approche différente|réécri*|autre chose|autre version|nouvel angle",
    "otro ángulo|otro enfoque|enfoque diferente|enfoque distinto|ángulo distinto|reescrib*|otra cosa",
    "otra versión|otro texto",
)
HASHTAGS = _words("hashtag*|hash tag*|raute*|etiqueta*|mot-dièse|mots-dièse")
EMOJI = _words("emoji*|emojis|smiley*|smileys|emoticon*|émoji*|émoticône*|emoticono*")
QUESTIONS = _words(
    "question*|fragezeichen|frage|fragen|pregunta*|interrogation|point d'interrogation|interrogación|interrogante*"
)
EXCLAMATIONS = _words(
    "exclamation|exclamation mark*|exclamation point*|ausrufezeichen|point d'exclamation|points d'exclamation",
    "exclamación|exclamacion*|signos de exclamación",
)
FIRST_SENTENCE = _words(
    "first sentence|first line|opening sentence|ersten satz|erste zeile|première phrase|primera frase|primera oración"
)
LAST_SENTENCE = _words(
    "last sentence|last line|final sentence|letzten satz|letzte zeile|dernière phrase|última frase|última oración"
)

AUDIENCE = _words(
    "who it is for|who it's for|who it’s for|who this is for|whom it is for|for whom|target group",
    "target audience|audience",
    "zielgruppe*|für wen",
    "pour qui|à qui|public cible|public visé|destinataire*",
    "para quién|a quién|público objetivo|público|destinatario*",
)
HEADLINE = _words(
    "subject|subject line|headline|title|preview|betreff*|titel|überschrift*|vorschautext",
    "objet|titre|asunto|título|titular",
)
PICTURE = _words(
    "picture*|image*|photo*|visual|video|alt text|bild|bilder|foto*|grafik|vidéo|illustration|imagen",
    "imágenes|vídeo|fotografía",
)
TIMING = _words(
    "reschedule|post it on|post this on|publish it on|publish this on|send it on|move it to|move this to|post later",
    "post earlier|verschieb*|später posten|früher posten|veröffentlich*|publie* le|publier le|publiez-le",
    "décale*|reporte*",
    "publica*|publique*|publícalo|retras*|programa*",
)
LANGUAGE = _words(
    "translate*|translation|in english|in german|in french|in spanish|in italian|in dutch|in polish|in turkish",
    "übersetz*|auf englisch|auf deutsch|auf französisch|auf spanisch|auf italienisch|auf türkisch",
    "tradui*|traduction|en anglais|en allemand|en français|en espagnol|en italien",
    "traduc*|traduz*|en inglés|en alemán|en francés|en español|en italiano",
)
LINK = _words("link*|url*|website|webseite|lien*|enlace*|site web|página web|https*|www*")
TONE = _words(
    "warm*|friendl*|formal*|casual*|sales*|pushy|professional*|fun|funny|funnier|humo*|witty|tone",
    "serious*|punch*|energetic",
    "emotional*|confident|persuasive|clearer|simpler|catch*|exciting|stronger|calmer|softer|personal",
    "wärmer*|herzlich*|freundlich*|förmlich*|locker*|werblich*|seriös*|ton|tonfall|siezen|duzen",
    "humorvoll*|witzig*|sachlich*",
    "emotional*|persönlich*|einfacher*|klarer*|ruhiger*",
    "chaleureu*|formel*|commercial*|familier*|sérieu*|drôle*|tutoie*|vouvoie*|simple*|clair*|calme|amical*|naturel*",
    "cálid*|cercan*|formal*|comercial*|seri*|divertid*|tono|tutea*|sencill*|clar*|amable*|natural|humano|humana",
)

COURTESY = re.compile(
    r"(?:\W|⟦\d+⟧|(?<!\w)(?:please|thanks?|thank you|hi|hello|hey|all|team|great|good|nice|love it|"
    r"love this|perfect|ok|okay|"
    r"fine|find|give me|better|otherwise|just|the rest|is|it|this|very|job|work|you|and|a|bit|but|also|"
    r"could|can|we|post|text|"
    r"draft|one|work|so far|"
    r"bitte|danke|hallo|gut|sehr|super|schön|prima|sonst|liebes|aber|vielen dank|passt|noch|mal|das|beitrag|ist|so|"
    r"merci|s'il vous plaît|s'il te plaît|svp|bonjour|bien|très|parfait|super|c'est|mais|beaucoup|sinon|"
    r"gracias|por favor|hola|bien|muy|bueno|genial|perfecto|está|pero|muchas)(?!\w))*"
)
"""A clause of nothing but this asks for nothing."""

DEADLINE = _words(
    "deadline|date|closing date|end date|when it ends|when|until when|last day",
    "frist|termin|datum|stichtag|bis wann|anmeldeschluss|wann|einsendeschluss|schlusstag",
    "date limite|date|échéance|délai|quand|dernier jour",
    "fecha límite|fecha|plazo|cuándo|hasta cuándo|último día",
)
PRICE = _words(
    "price|pricing|cost|costs|how much it costs|how much|preis|preise|kosten|kostet|was es kostet|wie viel",
    "prix|coût|tarif*|combien|precio*|coste|cuesta|cuánto|tarifa",
)
CALL = _words(
    "call to action|cta|handlungsaufforderung|aufforderung|appel à l'action|appel à l’action|llamada a la acción"
)
PRODUCT_NAME = _words(
    "product name|name of the product|product's name|product|produktname*|name des produkts|produkt",
    "nom du produit|produit",
    "nombre del producto|producto",
)
KEY_MESSAGE = re.compile(
    r"(?:key message|message|kernbotschaft|botschaft|message clé|message-clé|mensaje clave|"
    r"mensaje)\s*(?:no\.?|nr\.?|n°|#)?\s*(\d{1,2})"
)
MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|januar|"
    "februar|märz|mai|juni|"
    "juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|"
    "décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
DATE = re.compile(
    rf"\d{{1,2}}(?:\.|st|nd|rd|th|er)?\s*(?:de\s+)?(?:{MONTHS})\b|\b(?:{MONTHS})\s+\d{{1,2}}\b|\b\d{{1,2}}\.\d{{1,2}}\.|"
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"[€$£]\s?\d|\d[\d.,]*\s?(?:€|\$|£|%|euro|eur|usd|dollar|chf|franken)", re.IGNORECASE)
FREE = _words("free|for free|no charge|kostenlos*|gratis|gratuit*|gratuit|umsonst")

NOTHING = frozenset(
    word
    for line in (
        "this that these those with from have your their about into what which when also more there here it's please",
        "mention fact sentence post text words word",
        "eine einen einem einer oder auch noch dass sind wird werden unser unsere euer doch bitte",
        "satz wort wörter beitrag",
        "dans pour avec sont notre votre aussi plus phrase texte mots",
        "unos unas para está este esta nuestro nuestra también frase texto palabra palabras",
    )
    for word in line.split()
)
"""Words of four letters and more (shorter ones are left out anyway) that say nothing about which fact is meant."""
