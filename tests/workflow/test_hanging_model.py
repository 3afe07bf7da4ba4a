"""A model that does not answer for one post: its neighbours are stored, and nobody pays for them twice."""

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from tests.support.bedrock import Bedrock
from tests.support.driver import Driver

pytestmark = pytest.mark.stack

FUNCTION, SECONDS = "generate-posts", 30
"""The function's time, instead of two minutes, so that a call may take five seconds."""
TRIES = 2
"""Of a call, by the SDK."""


@pytest.fixture
def bedrock(acme: Driver) -> Iterator[Bedrock]:
    lambdas = acme.stack.client("lambda")
    before = lambdas.get_function_configuration(FunctionName=FUNCTION)["Timeout"]
    with HTTPServer(threaded=True) as server:
        model = Bedrock(server, hangs=TRIES)
        lambdas.update_function_configuration(FunctionName=FUNCTION, Timeout=SECONDS)
        with acme.changed(FUNCTION, **model.environment):
            try:
                yield model
            finally:
                model.released.set()
                lambdas.update_function_configuration(FunctionName=FUNCTION, Timeout=before)


def test_one_hanging_call_is_tried_again_and_no_neighbour_is_written_twice(acme: Driver, bedrock: Bedrock) -> None:
    campaign = acme.start(postCount=10, generation={"maxConcurrency": 10, "batchSize": 10})
    counts = acme.wait_for_posts(campaign, lambda found: found["completed"] == 9, seconds=60)
    assert counts["failed"] == 0
    assert not bedrock.released.is_set()
    assert (counts["total"], counts["generating"]) == (10, 1), "nine are stored while the tenth still hangs"
    ended = acme.wait(campaign, "awaiting_approval", seconds=120)["counts"]
    assert (ended["completed"], ended["failed"]) == (10, 0)
    assert bedrock.drafts.pop(bedrock.hung or "") == TRIES + 1
    assert set(bedrock.drafts.values()) == {1}
