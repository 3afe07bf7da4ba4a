"""Whatever path the documents name is there, and the walk through one campaign stays short."""

import re
from pathlib import Path

from local.process import ROOT

PAGES = [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
OURS = r"lambdas|stacks|statemachine|local|bench|tests|docs|requirements|examples"
NAMED = re.compile(rf"`((?:{OURS})/[\w./-]+)`")
LINKED = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MOST_FILES = 45
EXAMPLES = {"lambdas/build/review_plan.py", "tests/unit/build/test_review_plan.py"}
"""Made by whoever follows CONTRIBUTING.md, as ``tests/infra/test_contributing.py`` does."""


def missing(page: Path) -> set[str]:
    text = page.read_text()
    links = {link for link in LINKED.findall(text) if "://" not in link and not link.startswith("mailto:")}
    return {link for link in links if not (page.parent / link).exists()} | {
        path for path in NAMED.findall(text) if path not in EXAMPLES and not (ROOT / path).exists()
    }


def test_every_path_that_a_page_names_exists() -> None:
    assert {str(page.relative_to(ROOT)): gone for page in PAGES if (gone := missing(page))} == {}


def test_a_path_that_is_gone_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`lambdas/core/ids.py`, [there](page.md#here), [gone](gone.md), [out](https://example.com)")
    assert missing(page) == {"lambdas/core/ids.py", "gone.md"}


def test_one_campaign_can_be_followed_in_few_files() -> None:
    section = (
        (ROOT / "docs" / "architecture.md").read_text().split("## One campaign, file by file")[1].split("\n## ")[0]
    )
    files = LINKED.findall(section)
    assert len(set(files)) == len(files)
    assert 30 < len(files) <= MOST_FILES
