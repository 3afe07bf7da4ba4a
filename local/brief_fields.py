"""``make brief-fields``: the table of every field of a brief in ``docs/brief.md``, from the models.

A meaning stands here, or else is the text below the field in its model.
"""

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import Any

from pydantic import BaseModel

from lambdas.domain.models.campaign import CampaignBrief
from local.process import ROOT, LocalStackError

PAGE = ROOT / "docs" / "brief.md"
START, END = "<!-- fields:start -->\n", "<!-- fields:end -->"
Schema = Mapping[str, Any]
MEANINGS = {
    "name": "What you call the campaign; people see it in mails and lists.",
    "product": "What the campaign is about.",
    "product.name": "As it is to be written.",
    "product.description": "What it is and does, in sentences that a reader may see.",
    "product.url": "Where posts link to; the brand's `links.allowedDomains` must allow it.",
    "goal": "What the campaign is to achieve. For the planner and the writer only.",
    "audience": "For whom it is. For the planner and the writer only.",
    "keyMessages": "What the posts say.",
    "callToAction": "What the reader is asked to do.",
    "brandId": "A brand of yours (`GET /brands`).",
    "personaIds": "Who speaks: personas of yours (`GET /personas`).",
    "platforms": "Where posts go out.",
    "language": "Of the posts, as a language tag like `en` or `de-AT`.",
    "postCount": "How many posts; absent: as many as `schedule.cadence` gives.",
    "schedule.start": "When the campaign begins.",
    "schedule.end": "When it ends: after the start, and not past.",
    "schedule.timeZone": "A name of the IANA database, like `Europe/Berlin`.",
    "schedule.blackoutDates": "Days without posts.",
    "schedule.cadence.posts": "How many posts in each day or week, where `postCount` is absent.",
    "schedule.cadence.per": "What `cadence.posts` is counted by.",
    "schedule.maxPostsPerDay": "The most posts a day on each channel; 50 where absent.",
    "generation.maxConcurrency": "Posts that are written at the same time.",
    "generation.batchSize": "Posts that one function call writes.",
    "generation.toleratedFailurePercentage": "Share of posts that may fail before the campaign does.",
    "approval.reviewers": "Mail addresses of those who decide.",
    "approval.onTimeout": "What silence means: [approval.md](approval.md).",
    "approval.secondStage.quorum": "As `approval.quorum`, of the second stage.",
    "approval.secondStage.reviewers": "Asked once the first stage has agreed.",
    "approval.maxRevisions": "How often posts may be sent back.",
    "approval.timeoutHours": "How long reviewers have.",
    "approval.escalateTo": "Who is asked then, with `onTimeout` `escalate`.",
    "approval.remindAfterHours": "When reviewers who have not answered are reminded.",
    "approval.quietHours.start": "An hour of the schedule's time zone.",
    "approval.quietHours.end": "An hour of the schedule's time zone.",
}


def table() -> str:
    """The table in Markdown: a row for each field, nested ones by their path."""
    schema = CampaignBrief.model_json_schema(by_alias=True)
    rows = ["| field | value | default | meaning |", "|---|---|---|---|"]
    for path, field, default, meaning in _fields(schema, schema, CampaignBrief, "", "required"):
        rows.append(f"| `{path}` | {_kind(field, schema)} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _fields(
    owner: Schema, whole: Schema, model: type[BaseModel], prefix: str, needed: str, defaults: Schema | None = None
) -> Iterator[tuple[str, Schema, str, str]]:
    """Path, schema, default and meaning. ``needed`` says of a field without a default when it has to be there;
    ``defaults`` are those of the object that the fields are in."""
    said = _texts_of(model)
    for name, raw in owner["properties"].items():
        field, path, inner = _resolved(raw, whole), f"{prefix}{name}", _model_of(model, name)
        required, default = name in owner.get("required", ()), raw.get("default", (defaults or {}).get(name))
        if inner and "properties" in field:
            inside = needed if required else f"required with `{path}`"
            yield from _fields(field, whole, inner, f"{path}.", inside, default)
        else:
            told = f"`{_json(default)}`" if default else needed if required else ""
            yield path, {**field, **raw}, told, MEANINGS.get(path) or said.get(name, "")


def _resolved(node: Schema, whole: Schema) -> Schema:
    """What a field is, without the ``null`` that stands for its absence."""
    if "$ref" in node:
        found: Schema = whole["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        return _resolved(found, whole)
    kinds = [each for each in node.get("anyOf", ()) if each.get("type") != "null"]
    if len(kinds) == 1:
        return _resolved(kinds[0], whole)
    return node


def _model_of(model: type[BaseModel], alias: str) -> type[BaseModel] | None:
    """The model that a field of that wire name holds, if it holds one."""
    for name, field in model.model_fields.items():
        if alias == (field.alias or name):
            parts = [field.annotation, *getattr(field.annotation, "__args__", ())]
            return next((part for part in parts if inspect.isclass(part) and issubclass(part, BaseModel)), None)
    return None


def _texts_of(model: type[BaseModel]) -> dict[str, str]:
    """The texts that stand below fields in the model's source, by wire name."""
    (body,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        match before, after:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                alias = model.model_fields[name].alias or name if name in model.model_fields else name
                found[alias] = " ".join(inspect.cleandoc(text).replace("``", "`").split()).replace("|", "\\|")
    return found


def _kind(field: Schema, whole: Schema) -> str:
    node = _resolved(field, whole)
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{each}`" for each in node["enum"])
    if "anyOf" in node:
        return ", or ".join(_kind(each, whole) for each in node["anyOf"])
    match node.get("type"):
        case "array":
            return f"list of {_kind(node['items'], whole)}{_range(node, 'minItems', 'maxItems', ' of them')}"
        case "integer" | "number" as kind:
            return ("whole number" if kind == "integer" else "number") + _range(node, "minimum", "maximum")
        case "boolean":
            return "`true` or `false`"
        case "object":
            return "object"
    form = {"email": "mail address", "uri": "web address", "date": "date"}.get(node.get("format", ""))
    if form is None and "ISO-8601" in node.get("description", ""):
        form = "date and time"
    return form or "text" + (_range(node, "minLength", "maxLength", " characters") if "pattern" not in node else "")


def _range(node: Schema, low: str, high: str, unit: str = "") -> str:
    least, most = node.get(low), node.get(high)
    if most is None:
        return f", at least {least:,}{unit}" if least else ""
    return f", {least:,} to {most:,}{unit}" if least is not None else f", up to {most:,}{unit}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def page_with(fields: str, page: str) -> str:
    """``page`` with the table between its marks."""
    before, found, rest = page.partition(START)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise LocalStackError(f"{PAGE} needs the marks {START.strip()} and {END}")
    return f"{before}{START}{fields}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_with(table(), PAGE.read_text("utf-8")), "utf-8")
