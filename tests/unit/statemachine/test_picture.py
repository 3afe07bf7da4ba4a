"""From a definition to a picture: what Graphviz is told, and what becomes of what it draws."""

import copy
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from lambdas.domain.graph.definition import parse
from lambdas.domain.graph.model import NodeKind, NodeStatus
from statemachine.picture import FRAME, dot, framed
from tests.support.pictures import DRAWING, SMALL, SVG, marked, texts

WORKFLOW = parse(SMALL)
PICTURE = framed(DRAWING.read_text(), WORKFLOW, "BUILD", "abc")


def line(start: str) -> str:
    (found,) = [text for text in dot(WORKFLOW).splitlines() if text.startswith(start)]
    return found


def test_the_trunk_is_one_group() -> None:
    grouped = re.findall(r'"([^"]+)" \[id="state-[^\]]*group=trunk', dot(WORKFLOW))
    assert grouped == ["Plan", "Batch", "Ask", "Decide", "Done"]


def test_states_that_only_an_unexpected_error_leads_to_stand_apart() -> None:
    grouped = re.findall(r'"([^"]+)" \[id="state-[^\]]*group=errors', dot(WORKFLOW))
    assert grouped == ["Undo", "Broken & <lost>"]
    assert '{ rank=same "Plan" -> "Undo" [style=invis weight=50 minlen=2] }' in dot(WORKFLOW)


def test_what_is_hidden_does_not_shape_the_layout() -> None:
    assert "weight=0 constraint=false" in line('"Plan" -> "Undo"')
    assert "constraint" not in line('"Ask" -> "Done"')


def test_an_arrow_to_a_map_ends_at_its_frame() -> None:
    assert 'lhead="cluster_Write"' in line('"Plan" -> "Batch"')
    assert 'ltail="cluster_Write"' in line('"Batch" -> "Ask"')


def test_names_and_labels_are_quoted() -> None:
    assert 'label="  say \\"again\\"  "' in line('"Decide" -> "Batch"')
    odd = {"StartAt": 'a"\\', "States": {'a"\\': {"Type": "Succeed"}}}
    assert '"a\\"\\\\" [id="state-a\\"\\\\"' in dot(parse(odd))


def test_deployments_of_the_same_shape_are_drawn_alike() -> None:
    other: dict[str, Any] = copy.deepcopy(SMALL)
    other["States"]["Plan"] |= {"Resource": "arn:other:2", "Comment": "new", "TimeoutSeconds": 5}
    assert dot(parse(other)) == dot(WORKFLOW)


def test_every_state_and_every_way_is_there_and_nothing_is_inside_another() -> None:
    root = ET.fromstring(PICTURE)
    groups = [group for group in root.iter(f"{SVG}g") if group.get("id", "").startswith(("state-", "way-"))]
    ids = [group.attrib["id"] for group in groups]
    assert sorted(i for i in ids if i.startswith("state-")) == sorted(f"state-{name}" for name in marked(WORKFLOW))
    assert len(ids) - len(marked(WORKFLOW)) == len(WORKFLOW.transitions) + 1  # and the arrow from the start
    assert not [inner for group in groups for inner in group if inner.tag == f"{SVG}g"]
    hidden = [group.attrib["id"] for group in groups if group.get("display") == "none"]
    assert hidden == ["way-Plan--Undo--caught", "way-Undo--Broken & <lost>--caught"]


def test_before_anything_ran_it_says_what_the_states_are() -> None:
    shown = texts(PICTURE)
    assert {"once for each item", "waits for an answer", "decides how to go on", "end, as a failure"} <= set(shown)
    assert {'say "again"', "otherwise", "States.Timeout", "when a step fails for good"} <= set(shown)
    assert "any error" not in shown


def test_it_is_an_image_with_a_name_and_a_description() -> None:
    root = ET.fromstring(PICTURE)
    assert (root.get("role"), root.get("aria-labelledby"), root.get("aria-describedby")) == (
        "img",
        "wf-title",
        "wf-desc",
    )
    assert [(root[at].tag, root[at].get("id")) for at in (0, 1)] == [
        (f"{SVG}title", "wf-title"),
        (f"{SVG}desc", "wf-desc"),
    ]


def test_nothing_is_loaded_and_nothing_runs() -> None:
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(PICTURE).iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "style",
        "defs",
        "symbol",
        "use",
        "rect",
        "path",
        "polygon",
        "g",
        "text",
        "circle",
    }
    assert not re.search(r'href="[^#]|url\(|@import|@font-face|\son\w+=', PICTURE)
    assert PICTURE.count("http") == 1  # the namespace


def test_without_the_style_sheet_it_is_still_seen() -> None:
    """A Content-Security-Policy may forbid the sheet: shapes carry the light colours as attributes."""
    for element in ET.fromstring(PICTURE).iter():
        if element.tag.removeprefix(SVG) in ("rect", "polygon", "use"):
            assert "fill" in element.attrib, element.attrib


def test_colour_is_never_the_only_cue() -> None:
    icons = {s.attrib["id"]: s[0].attrib["d"] for s in ET.fromstring(PICTURE).iter(f"{SVG}symbol")}
    assert set(icons) == {*NodeStatus, *(kind.lower() for kind in NodeKind), "person"}
    assert len(set(icons.values())) == len(icons)


STYLE = FRAME.read_text().split("<style>")[1].split("</style>")[0]
LIGHT, DARK = STYLE.split("@media (prefers-color-scheme: dark)")


def colours(scheme: str, look: str = "") -> dict[str, str]:
    """The custom properties of ``.wf`` or of ``.wf .look``."""
    (body,) = re.findall(rf"\.wf{f' .{look}' if look else ''} {{ (--(?:page|ground)[^}}]*)}}", scheme)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", body))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("look", [*NodeStatus, "defined"])
def test_contrast_reaches_aa(look: str, scheme: str) -> None:
    page, tone = colours(scheme), colours(scheme, look)
    for text in (tone["text"], page["ink"], page["soft"]):
        assert contrast(text, tone["ground"]) >= 4.5
    assert contrast(page["soft"], page["page"]) >= 4.5
    for shape, ground in [
        (tone["line"], tone["ground"]),
        (tone["line"], page["page"]),
        (page["on-icon"], tone["line"]),
    ]:
        assert contrast(shape, ground) >= 3
    for way in ("idle", "taken", "thrown"):
        assert contrast(page[way], page["page"]) >= 3
    for part in ("done", "busy", "broken"):
        assert contrast(page[part], page["track"]) >= 3
