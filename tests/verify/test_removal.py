"""After a run nothing of it is left in the account, and asking twice does no harm."""

from typing import Any

import pytest

from local.client import until
from local.removal import Removal
from local.target import Target
from tests.support.driver import Author
from tests.verify.conftest import tenants
from tests.verify.notebook import Notebook
from tests.verify.test_dead_letters import ARRIVES_SECONDS, ours, send
from tests.verify.test_failure import subscribed

pytestmark = pytest.mark.stack


def mentions(target: Target, *words: str) -> list[dict[str, Any]]:
    """Every item of the table that has one of the words anywhere. A scan, so for a local stack's table only."""
    pages = target.client("dynamodb").get_paginator("scan").paginate(TableName=target.info["table"])
    return [item for page in pages for item in page["Items"] if any(word in str(item) for word in words)]


def test_everything_that_a_tenant_made_is_removed(authors: tuple[Author, Author], seen: Notebook) -> None:
    one = authors[0]
    passing = Author(one.target, tenants()[2], patience=one.patience, **one.usual)
    removal = Removal(one.target, passing.tenant)
    removal.run()  # of a run that died
    passing.set_up_catalog()
    key = {"Idempotency-Key": "as-good-as-any"}
    ids = [passing.start(), str(passing.submit(passing.brief(postCount=1), **key).json()["campaignId"])]
    for campaign_id in ids:
        passing.wait(campaign_id, "awaiting_approval")
    subscribed(passing)
    letter = send(passing, postCount=0)
    until(lambda: ours(passing, letter), "the letter is in no queue", ARRIVES_SECONDS, one.patience)

    removed = removal.run()

    seen.fact("removed", {what: number for what, number in removed.items() if what != "items"})
    assert removed["items"] > 20
    assert passing.get("/campaigns")["items"] == []
    assert passing.send("GET", "/brands/test-brand").status == 404
    for campaign_id in ids:
        assert passing.send("GET", f"/campaigns/{campaign_id}").status == 404
        assert passing.execution(campaign_id)["status"] == "ABORTED"
    if "endpointUrl" in one.target.info:
        assert mentions(one.target, passing.tenant, *ids) == []
    assert ours(passing, letter) is None
    again = removal.run()
    assert {what for what, number in again.items() if number} == set()
