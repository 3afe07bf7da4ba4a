"""The whole review in a browser, at a desk and on a phone, with and without JavaScript, with the keyboard alone: open,
filter, mark, edit, move, drop, mend what is wrong where it is wrong, confirm, decide."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.post import Post, PostContent, PostError, PostStatus, Provenance, RuleResult
from lambdas.domain.models.workflow import Decision
from lambdas.domain.platforms import Platform
from tests.support.api import REVIEWERS, World
from tests.support.page_server import Reader, contrast, link_to, served
from tests.support.waiting import plain_post, waiting_campaign

pytestmark = pytest.mark.browser

PLATFORMS = (Platform.LINKEDIN, Platform.X, Platform.SMS, Platform.EMAIL)
LONG_SMS = "The kettle that boils in a minute is here, and your discount is waiting. " * 3
SCREENS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


def post(world: World, index: int) -> Post:
    """Of each platform in turn; the fifth fails, and the sixth does not meet a rule."""
    made = plain_post(world, index)
    platform = PLATFORMS[index % 4]
    moment = datetime(2026, 3, 3, 8, tzinfo=UTC) + timedelta(hours=index)
    text = LONG_SMS if platform is Platform.SMS else f"Post number {index + 1}: a kettle boils a minute earlier."
    subject = {"subject": "A minute for you", "preview": "Tea is ready"} if platform is Platform.EMAIL else {}
    content = PostContent(text=text, generated_at=world.clock.now(), **subject)
    rules = (RuleResult(rule="limits.length", passed=index != 5, detail="45 of at most 40 characters"),)
    provenance = Provenance(
        provider="offline",
        model_id="m",
        prompt_version="v",
        prompt_hash="h",
        brand_version=1,
        persona_version=1,
        rules=rules,
    )
    wrote: dict[str, Any] = {"content": content, "provenance": provenance}
    if index == 4:
        wrote = {"content": None, "status": PostStatus.FAILED, "error": PostError(code="X", message="no")}
    return made.model_copy(update={"platform": platform, "scheduled_at": moment, **wrote})


Opened = Callable[..., Reader]


@pytest.fixture(params=list(SCREENS))
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["without-javascript", "with-javascript"])
def opened(chromium: Any, screen: str, artifacts: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    with ExitStack() as stack:
        # Chromium answers the questions of tests (``evaluate``) without a page's own JavaScript as well.
        context = chromium.new_context(viewport=SCREENS[screen], java_script_enabled=request.param)
        stack.callback(context.close)

        def reader(posts: int = 8, **changes: Any) -> Reader:
            waiting = waiting_campaign(World(), posts=posts, made=post, **{"platforms": list(PLATFORMS), **changes})
            link = link_to(stack.enter_context(served(waiting)), waiting)
            name = f"{screen}-{'js' if request.param else 'plain'}"
            return Reader(context.new_page(), waiting, link, artifacts, name).open()

        yield reader


def test_a_review_from_the_first_look_to_the_yes_with_the_keyboard_alone(opened: Opened) -> None:
    reader = opened()
    page, keys = reader.page, reader.page.keyboard
    reader.says("First post: Tuesday, 3 March 2026, 09:00 (Europe/Berlin)")
    reader.says("Sent and billed as 2 messages")
    reader.shot("1-open", full=True)
    keys.press("Tab")
    assert page.locator(".skip").evaluate("e => e === document.activeElement")

    # Edit a text: the fields open in their place, with the focus in them.
    reader.press("Edit, move or drop post 1")
    page.locator("#text-1").wait_for()
    assert page.locator("#text-1").evaluate("e => e === document.activeElement")
    keys.press("Control+A")
    keys.type("A kettle that is quicker than you are. " + "x" * 3_000)
    reader.shot("2-edit")
    reader.press("Save post 1")
    reader.says("There is a problem.")
    assert page.locator("#problems").evaluate("e => e === document.activeElement")
    described = page.locator("#text-1").get_attribute("aria-describedby") or ""
    assert "3,039 of at most 3,000" in page.locator(f"#{described.split()[0]}").inner_text()
    reader.shot("3-error-at-the-field")
    keys.press("Tab")
    keys.press("Enter")  # the link in the summary leads to the field
    assert page.locator("#text-1").evaluate("e => e === document.activeElement")
    keys.press("Control+A")
    keys.type("A kettle that is quicker than you are.")
    reader.press("Save post 1")
    reader.says("Post 1 is saved.")
    assert reader.post(1).content.text == "A kettle that is quicker than you are."
    assert reader.post(1).edit.by == REVIEWERS[0]
    reader.says("Changed by you")
    reader.shot("4-saved")

    # Move: out of the campaign's time, and into it.
    reader.press("Edit, move or drop post 2")
    page.locator("#time-2").fill("2026-04-03T10:00")
    reader.press("Save post 2")
    reader.says("Post 2: the campaign runs from Monday, 2 March 2026")
    reader.shot("5-wrong-time")
    page.locator("#time-2").fill("2026-03-02T10:00")
    page.locator("#time-2").press("Enter")
    reader.says("Post 2 is saved.")
    reader.says("First post: Monday, 2 March 2026, 10:00 (Europe/Berlin)")
    assert reader.post(2).scheduled_at == datetime(2026, 3, 2, 9, tzinfo=UTC)

    # Drop, put back, drop.
    for button, said in (("Drop post 3", "dropped"), ("Put post 3 back", "back"), ("Drop post 3", "dropped")):
        if button.startswith("Drop"):
            reader.press("Edit, move or drop post 3")
            page.locator("#edit-3").wait_for()
        reader.press(button)
        reader.says(f"Post 3 is {said}.")
        assert reader.post(3).dropped is (said == "dropped")
    reader.shot("6-dropped")

    # Approve, which counts for what is there now.
    reader.tab_to(page.locator("input[name=decision]").first)
    keys.press("Space")
    reader.press("Send decision")
    reader.says("The posts are settled as they were shown.")
    reader.shot("7-decided")
    decided = reader.waiting.stored()
    assert (decided.status, decided.decision.decision) == (ApprovalStatus.DECIDED, Decision.APPROVED)


def test_what_is_wrong_is_said_at_its_post_and_nothing_that_was_filled_in_is_lost(opened: Opened) -> None:
    reader = opened()
    page = reader.page
    page.locator("input[name=verdict-1][value=reject]").check()
    page.locator("input[name=verdict-2][value=change]").check()
    page.locator("textarea[name=comments]").fill("Nearly there")
    page.locator("input[name=decision][value=approved]").check()
    reader.button("Send decision").click()
    reader.says("There are 3 problems.")
    reader.shot("8-contradiction")
    assert "Post 1 is marked to go back" in page.locator("#post-1 .error").inner_text()
    assert "Approve only when all posts" in page.locator("#decision .error").inner_text()
    assert page.locator("#post-1 fieldset").first.get_attribute("aria-describedby") == "error-verdict-1"
    assert page.locator("input[name=decision][value=approved]").is_checked()
    assert page.locator("input[name=verdict-1][value=reject]").is_checked()
    assert page.locator("textarea[name=comments]").input_value() == "Nearly there"
    page.locator("input[name=decision][value=needs_revision]").check()
    reader.button("Send decision").click()
    reader.says("Post 2 is marked to be changed: say what should change.")
    reader.page.locator("#post-2").screenshot(path=str(reader._shots / f"review-{reader._name}-9-say-what.png"))
    page.locator("#comment-2").fill("Shorter")
    reader.button("Send decision").click()
    reader.says("2 posts are being written again")


def test_marks_stay_while_posts_are_filtered_and_edited(opened: Opened) -> None:
    reader = opened()
    page = reader.page
    page.locator("input[name=verdict-1][value=change]").check()
    page.locator("#comment-1").fill("Warmer")
    page.locator("#platform").select_option(label="X")
    reader.button("Show").click()
    reader.says("2 of 8 posts match the filter")
    assert page.locator(".post").count() == 2
    page.locator("#platform").select_option(label="All platforms")
    page.get_by_label("Only posts that need attention").check()
    reader.button("Show").click()
    reader.says("2 of 8 posts match the filter")
    reader.says("This post could not be written and does not go out.")
    reader.shot("10-attention", full=True)
    reader.button("Edit, move or drop post 6").click()
    page.locator("#text-6").fill("Short.")
    page.locator("input[name=decision][value=needs_revision]").check()
    reader.button("Send decision").click()
    reader.says("Your edit of post 6 is not saved yet")
    reader.button("Save post 6").click()
    reader.says("Post 6 is saved.")
    reader.button("Send decision").click()
    reader.says("1 post is being written again")
    (back,) = reader.waiting.stored().decision.posts
    assert back.comment == "Warmer"


def test_an_approval_of_posts_that_were_not_opened_asks_once(opened: Opened) -> None:
    reader = opened(posts=120)
    page = reader.page
    reader.says("You have opened 50 of 120 posts.")
    page.locator("input[name=decision][value=approved]").check()
    reader.button("Send decision").click()
    reader.says("70 posts were not opened")
    reader.says("Posts 51 to 120")
    reader.shot("11-confirm")
    assert reader.waiting.stored() == reader.waiting.approval
    reader.button("Show me the posts I have not opened").click()
    reader.says("Posts 51 to 100 of 120")
    reader.says("You have opened 100 of 120 posts.")
    reader.shot("12-second-page")
    reader.button("Send decision").click()
    reader.says("20 posts were not opened")
    reader.press("Approve all 120 posts")
    reader.says("The posts are settled as they were shown.")
    assert reader.waiting.stored().votes[0].unopened == 20


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "de-AT",
            ["zu Ihrer Freigabe", "Erster Beitrag: Dienstag, 3. März 2026", "Entscheidung senden", "Neu schreiben"],
        ),
        ("fr", ["à valider", "Première publication", "Envoyer la décision", "mardi 3 mars 2026"]),
        ("es", ["para su aprobación", "Primera publicación: martes, 3 de marzo de 2026", "Enviar la decisión"]),
        ("ja", ["for your approval", "First post: Tuesday, 3 March 2026"]),
    ],
)
def test_the_page_is_in_the_campaigns_language(opened: Opened, language: str, words: list[str]) -> None:
    reader = opened(posts=4, language=language)
    for text in words:
        reader.says(text)
    reader.shot(f"13-{language}", full=True)


def test_everything_can_be_read_and_has_a_name(opened: Opened) -> None:
    reader = opened()
    page = reader.page
    reader.button("Edit, move or drop post 3").click()
    reader.button("Drop post 3").click()
    reader.button("Edit, move or drop post 4").click()
    page.locator("#text-4").fill("")
    reader.button("Save post 4").click()
    reader.says("Post 4 needs a text.")
    texts = (
        ".meta",
        ".hint",
        ".badge",
        ".error p",
        ".problems a",
        ".rules li",
        ".missing",
        "button.quiet",
        "button.bad",
    )
    low = {
        css: ratio for css in (*texts, ".lead", ".first", ".out .text", ".note") if (ratio := contrast(page, css)) < 4.5
    }
    assert low == {}
    unnamed = page.locator("input:not([type=hidden]), textarea, select").evaluate_all(
        "all => all.filter(e => !e.labels.length && !e.ariaLabel).map(e => e.name)"
    )
    assert unnamed == []
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
    assert levels[0] in (1, 2)
    assert all(after <= before + 1 for before, after in pairwise(levels))
    targets = page.locator("button:visible:not(.default), select").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().height < 24).map(e => e.textContent)"
    )
    assert targets == []
