"""The picture in the architecture page is the synthesised definition's."""

from local.diagram import PAGE, definition, mermaid, page_with
from local.synth import assembly


def test_the_picture_in_the_docs_is_the_deployed_workflow() -> None:
    page = PAGE.read_text()
    assert page_with(mermaid(definition(assembly())), page) == page, "run `make diagram`"
