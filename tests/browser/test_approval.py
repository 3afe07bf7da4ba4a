"""A reviewer's whole way: the mail, the link, comments on single posts, a second round with what changed, the yes."""

import re
from pathlib import Path
from typing import Any

import pytest

from local.http import Http
from tests.support.driver import Driver

pytestmark = [pytest.mark.stack, pytest.mark.browser]

WISH = 'Shorter please, and mention "free delivery until Friday"'


def says(phone: Any, text: str) -> None:
    """What is on the page, once it is there: a click comes back before the answer does."""
    phone.get_by_text(text).first.wait_for(timeout=60_000)


def test_from_the_mail_to_the_second_round_to_the_yes(acme: Driver, phone: Any, artifacts: Path) -> None:
    campaign_id = acme.start(postCount=3)
    acme.wait(campaign_id, "awaiting_approval")
    first = acme.link(campaign_id)
    before = {post["index"]: post["content"]["text"] for post in acme.posts(campaign_id)}

    phone.set_content(next(mail["html"] for mail in acme.mails() if first in mail["links"]))
    phone.screenshot(path=artifacts / "0-mail.png", full_page=True)
    phone.goto(first)
    phone.screenshot(path=artifacts / "1-first-round.png", full_page=True)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 412
    phone.locator("input[name=verdict-2][value=change]").check()
    phone.locator("textarea[name=comment-2]").fill(WISH)
    phone.locator("input[name=decision][value=needs_revision]").check()
    phone.get_by_role("button", name="What will happen to my comment on post 2?").click()
    says(phone, "If you send the posts back, this will happen")
    assert phone.locator("textarea[name=comment-2]").input_value() == WISH
    phone.screenshot(path=artifacts / "2-marked.png", full_page=True)
    phone.get_by_role("button", name="Send decision").click()
    says(phone, "Sent back for revision")
    says(phone, "1 post is being written again")
    phone.screenshot(path=artifacts / "3-sent-back.png", full_page=True)

    second = acme.newer_link(campaign_id, first)
    acme.wait(campaign_id, "awaiting_approval")
    after = {post["index"]: post["content"]["text"] for post in acme.posts(campaign_id)}
    assert [index for index in before if before[index] != after[index]] == [1]
    assert "ree delivery until Friday" in after[1]

    phone.goto(first)
    says(phone, "superseded")
    phone.screenshot(path=artifacts / "4-superseded.png", full_page=True)

    phone.goto(second)
    assert phone.locator("ins").count() > 0
    assert WISH in phone.locator(".diff").inner_text()
    says(phone, "What was done about the comments")
    assert phone.locator(".diff").count() == 1
    phone.screenshot(path=artifacts / "5-second-round.png", full_page=True)
    phone.locator("input[name=decision][value=approved]").check()
    phone.locator("textarea[name=comments]").fill("Lovely, ship it.")
    phone.get_by_role("button", name="Send decision").click()
    says(phone, "Approved")
    phone.screenshot(path=artifacts / "6-approved.png", full_page=True)

    acme.wait(campaign_id, "approved")
    record = acme.items(campaign_id, "CAMPAIGN")[0]
    decided = next(a for a in acme.items(campaign_id, "APPROVAL#") if a["round"] == 2)
    assert record["approvedContentHash"] == decided["contentHash"]

    phone.goto(second)
    says(phone, "Approved")
    phone.goto(re.sub(r"token=\w{20}", "token=", second))
    says(phone, "This link does not work")
    phone.screenshot(path=artifacts / "7-forged.png", full_page=True)


def test_marks_on_one_page_of_many_posts_are_sent_from_another(acme: Driver, phone: Any, artifacts: Path) -> None:
    campaign_id = acme.start(postCount=52)
    acme.wait(campaign_id, "awaiting_approval")
    phone.goto(acme.link(campaign_id))
    phone.locator("input[name=verdict-3][value=change]").check()
    phone.locator("textarea[name=comment-3]").fill("Warmer")
    phone.get_by_role("button", name="Page 2 of posts").click()
    says(phone, "Posts 51 to 52 of 52")
    phone.locator("input[name=verdict-52][value=reject]").check()
    phone.locator("input[name=decision][value=needs_revision]").check()
    phone.screenshot(path=artifacts / "10-second-page-of-posts.png", full_page=True)
    phone.get_by_role("button", name="Send decision").click()
    says(phone, "2 posts are being written again")
    (item,) = [a for a in acme.items(campaign_id, "APPROVAL#") if a["round"] == 1]
    assert [(post["verdict"], post["comment"]) for post in item["decision"]["posts"]] == [
        ("change", "Warmer"),
        ("reject", ""),
    ]


def test_an_edit_by_hand_meanwhile_is_shown_before_anything_is_decided(
    acme: Driver, phone: Any, artifacts: Path
) -> None:
    campaign_id = acme.start(postCount=2)
    acme.wait(campaign_id, "awaiting_approval")
    phone.goto(acme.link(campaign_id))
    post = acme.posts(campaign_id)[0]
    text = post["content"]["text"] + " Hand-made."
    edited = acme.send("PATCH", f"/campaigns/{campaign_id}/posts/{post['postId']}", {"text": text})
    assert edited.status == 200, edited.text

    phone.locator("input[name=decision][value=approved]").check()
    phone.get_by_role("button", name="Send decision").click()
    says(phone, "have changed since they were shown")
    assert "Hand-made" in phone.locator("ins").first.inner_text() + phone.locator("ins").last.inner_text()
    phone.screenshot(path=artifacts / "8-edited-meanwhile.png", full_page=True)
    phone.locator("input[name=decision][value=approved]").check()
    phone.get_by_role("button", name="Send decision").click()
    acme.wait(campaign_id, "approved")
    late = acme.send("PATCH", f"/campaigns/{campaign_id}/posts/{post['postId']}", {"text": "Too late"})
    assert late.status == 409


def test_links_that_were_taken_back_say_so_and_a_reminder_brings_a_new_one(
    acme: Driver, phone: Any, artifacts: Path
) -> None:
    campaign_id = acme.start(postCount=1)
    acme.wait(campaign_id, "awaiting_approval")
    link = acme.link(campaign_id)
    (request,) = acme.get(f"/campaigns/{campaign_id}/approvals")["items"]
    place = f"/campaigns/{campaign_id}/approvals/{request['callbackId']}"
    assert acme.send("POST", f"{place}/revoke", {}).status == 200
    phone.goto(link)
    says(phone, "taken back")
    phone.screenshot(path=artifacts / "9-revoked.png", full_page=True)

    assert acme.send("POST", f"{place}/reminders", {}).status == 200
    acme.tend()
    newest = acme.newer_link(campaign_id, link)
    assert Http().get(newest).status == 200
    assert Http().send("GET", link).status == 410
