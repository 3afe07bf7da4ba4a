"""From an asynchronous invocation that is refused for good to a campaign."""

from typing import Any

import pytest
from ulid import ULID

from local.client import until
from local.dead_letters import DeadLetter
from tests.support.driver import BRAND_BODY, Author
from tests.verify.notebook import Notebook

pytestmark = pytest.mark.stack

ARRIVES_SECONDS = 600
"""Lambda tries a refused event again after one minute and after two more
(docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html)."""


def send(one: Author, **changes: Any) -> str:
    """Asynchronously, as an internal service does; answers the campaign's name."""
    name = f"letter-{ULID()}"
    one.invoke("build-campaign", {"tenantId": one.tenant, "campaign": one.brief(name=name, **changes)}, wait=False)
    return name


def ours(one: Author, *names: str) -> dict[str, DeadLetter] | None:
    """The letters of these names once all are there; nothing is taken away by looking."""
    with one.letters().in_hand(1_000) as held:
        found = {letter.name: letter for letter in held if letter.name in names}
    return found if set(found) == set(names) else None


def test_what_was_refused_is_listed_mended_and_started(one: Author, seen: Notebook, timed: Any) -> None:
    brand = f"late-{ULID()}".lower()
    mendable, hopeless = send(one, brandId=brand), send(one, postCount=0)
    with timed("invocation to dead letter"):
        found = until(
            lambda: ours(one, mendable, hopeless), "the letters are in no queue", ARRIVES_SECONDS, one.patience
        )
    assert {letter.error for letter in found.values()} == {"InvalidInputError"}
    assert found[mendable].message.startswith("brandId: ")
    assert found[hopeless].message.startswith("postCount: ")
    assert one.send("PUT", f"/brands/{brand}", BRAND_BODY).status == 200
    letters = one.letters()
    with letters.in_hand(1_000) as held:
        told = {letter.name: letters.replay(letter) for letter in held if letter.name in (mendable, hopeless)}
    assert told[mendable] is None
    assert (told[hopeless] or "").startswith("InvalidInputError: postCount: ")
    assert ours(one, hopeless)
    assert ours(one, mendable) is None
    (started,) = [item for item in one.pages("/campaigns") if item["name"] == mendable]
    one.wait(started["campaignId"], "awaiting_approval")
    seen.fact("hopeless", found[hopeless].message)
    seen.fact("mendable", found[mendable].message.replace(brand, "<brand>"))
