"""How pages are rendered: templates, one style sheet, and a policy that lets nothing in but that style sheet."""

import base64
import hashlib
from functools import cache
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lambdas.api.rest.answers import Answer, html
from lambdas.services.sentences import Words


def rendered(template: str, words: Words, *, status: int = HTTPStatus.OK, **values: Any) -> Answer:
    """The page of a template; ``w`` are the words of its language."""
    environment, style, policy = _look()
    return html(environment.get_template(template).render(style=style, w=words, **values), policy, status=status)


@cache
def _look() -> tuple[Environment, Markup, str]:
    loader = PackageLoader("lambdas.api.pages", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = loader.get_source(environment, "style.css")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return environment, Markup(style), policy  # noqa: S704 - our own file
