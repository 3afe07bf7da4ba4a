"""The form of a page, read as a browser would."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """``fields`` are what the form sends unless changed; ``choices`` are the values its buttons and radios offer."""

    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **values: str) -> dict[str, str]:
        """What is sent with ``values`` filled in; raises ``ValueError`` for one the form does not offer."""
        for name, value in values.items():
            if name in self.choices and value not in self.choices[name]:
                raise ValueError(f"the form offers {name} = {', '.join(self.choices[name])}, not {value}")
            if name not in self.choices and name not in self.fields:
                raise ValueError(f"the form has no field {name}")
        return self.fields | values


def forms(html: str) -> list[Form]:
    """The forms of a page."""
    parser = _FormParser()
    parser.feed(html)
    return parser.found


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(attributes.get("action", ""), attributes.get("method", "get").lower())
            self.found.append(self._open)
        elif self._open is not None and attributes.get("name"):
            self._control(self._open, tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    @staticmethod
    def _control(form: Form, tag: str, attributes: dict[str, str]) -> None:
        name, value, kind = attributes["name"], attributes.get("value", ""), attributes.get("type", "text").lower()
        if tag == "button" or (tag == "input" and kind in ("submit", "radio")):
            form.choices.setdefault(name, []).append(value)
        elif tag in ("input", "textarea", "select"):
            form.fields[name] = value
