"""The sentences of the mails that tell what became of a campaign (``services/news.py``), in four languages.

``{name}`` is the campaign's, ``{who}`` an address, ``{when}`` a time, ``{id}`` the campaign's id.
"""

from collections.abc import Mapping

_ENGLISH = {
    "label": "News of your campaign",
    "approved": 'The campaign "{name}" was approved',
    "rejected": 'The campaign "{name}" was rejected',
    "needs_revision": 'The campaign "{name}" goes back for revision',
    "expired": 'The campaign "{name}" has expired without a decision',
    "failed": 'The campaign "{name}" failed',
    "failed_because": 'The campaign "{name}" failed, and goes on only when somebody tries it again. The reason:',
    "next": "What you can do",
    "by": "Decided by {who},",
    "by_policy": "Nobody decided in time, and so the campaign's rule for silence did,",
    "at": "{when}.",
    "post": "post",
    "see_approvals": "All decisions and comments: GET /campaigns/{id}/approvals",
    "see_campaign": "The campaign: GET /campaigns/{id}",
}
_GERMAN = {
    "label": "Neues von Ihrer Kampagne",
    "approved": "Die Kampagne „{name}“ wurde freigegeben",
    "rejected": "Die Kampagne „{name}“ wurde abgelehnt",
    "needs_revision": "Die Kampagne „{name}“ wird überarbeitet",
    "expired": "Die Kampagne „{name}“ ist ohne Entscheidung abgelaufen",
    "failed": "Die Kampagne „{name}“ ist fehlgeschlagen",
    "failed_because": "Die Kampagne „{name}“ ist fehlgeschlagen und geht erst weiter, wenn jemand sie erneut startet. "
    "Der Grund:",
    "next": "Was Sie tun können",
    "by": "Entschieden von {who},",
    "by_policy": "Niemand hat rechtzeitig entschieden, daher galt die für diesen Fall vereinbarte Regel,",
    "at": "{when}.",
    "post": "Beitrag",
    "see_approvals": "Alle Entscheidungen und Kommentare: GET /campaigns/{id}/approvals",
    "see_campaign": "Die Kampagne: GET /campaigns/{id}",
}
_FRENCH = {
    "label": "Des nouvelles de votre campagne",
    "approved": "La campagne « {name} » a été approuvée",
    "rejected": "La campagne « {name} » a été refusée",
    "needs_revision": "La campagne « {name} » est renvoyée pour révision",
    "expired": "La campagne « {name} » a expiré sans décision",
    "failed": "La campagne « {name} » a échoué",
    "failed_because": "La campagne « {name} » a échoué et ne reprendra que si quelqu’un la relance. La raison :",
    "next": "Ce que vous pouvez faire",
    "by": "Décision de {who},",
    "by_policy": "Personne n’a décidé à temps : la règle prévue dans ce cas s’est appliquée,",
    "at": "{when}.",
    "post": "publication",
    "see_approvals": "Toutes les décisions et tous les commentaires : GET /campaigns/{id}/approvals",
    "see_campaign": "La campagne : GET /campaigns/{id}",
}
_SPANISH = {
    "label": "Novedades de su campaña",
    "approved": "La campaña «{name}» ha sido aprobada",
    "rejected": "La campaña «{name}» ha sido rechazada",
    "needs_revision": "La campaña «{name}» vuelve a revisión",
    "expired": "La campaña «{name}» ha caducado sin decisión",
    "failed": "La campaña «{name}» ha fallado",
    "failed_because": "La campaña «{name}» ha fallado y solo continuará si alguien la reinicia. El motivo:",
    "next": "Qué puede hacer",
    "by": "Decisión de {who},",
    "by_policy": "Nadie decidió a tiempo, por lo que se aplicó la regla prevista para ese caso,",
    "at": "{when}.",
    "post": "publicación",
    "see_approvals": "Todas las decisiones y comentarios: GET /campaigns/{id}/approvals",
    "see_campaign": "La campaña: GET /campaigns/{id}",
}
_LANGUAGES = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}


def words_of(language: str) -> Mapping[str, str]:
    """``language`` as a brief has it: ``de``, or ``de-AT``. One that is not there is English."""
    return _LANGUAGES.get(language.split("-")[0].lower(), _ENGLISH)
