"""The API's twin of the approval page: a program decides with the link's token."""

from datetime import timedelta
from itertools import cycle

import pytest

from lambdas.domain.ids import post_id_for
from lambdas.domain.models.access import Caller, Role
from lambdas.services.tokens import sign_api_token
from tests.support.waiting import CAMPAIGN_ID, OTHER_ULID, Waiting, by_program, nothing_happened


def test_a_program_decides_with_the_token(waiting):
    reply = by_program(waiting, waiting.query()["token"], contentHash=waiting.approval.content_hash)

    assert (reply.status, reply.json) == (
        200,
        {
            "campaignId": waiting.key.campaign_id,
            "callbackId": waiting.approval.callback_id,
            "decision": "approved",
            "comments": "Fine",
            "decidedAt": "2026-01-05T09:00:00.123Z",
            "status": "DECIDED",
        },
    )
    again = by_program(waiting, waiting.query()["token"], decision="rejected")
    assert again.status == 409
    assert "2026-01-05T09:00:00.123Z: approved" in again.json["detail"]
    assert len(waiting.world.engine.resumed) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"decision": "maybe"}, 422),
        ({"contentHash": "other"}, 409),
        ({"callbackId": OTHER_ULID}, 401),
        ({"campaign_id": OTHER_ULID}, 401),
        ({"more": 1}, 422),
    ],
)
def test_a_program_that_errs_decides_nothing(waiting, changes, status):
    reply = by_program(waiting, waiting.query()["token"], **changes)

    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    nothing_happened(waiting)


def test_an_api_token_is_no_approval_token(waiting):
    now = waiting.world.clock.now()
    caller = Caller(tenant_id="acme", role=Role.MANAGER, subject="robin")
    token = sign_api_token(waiting.world.keys.api(), caller, now=now, expires=now + timedelta(hours=1))

    assert by_program(waiting, token).status == 401
    assert by_program(waiting, None).status == 401
    nothing_happened(waiting)


FIRST = post_id_for(CAMPAIGN_ID, 0)


@pytest.mark.parametrize(
    ("named", "field", "message"),
    [
        ([OTHER_ULID], "posts[0].postId", "the campaign has no such post"),
        (
            [FIRST, post_id_for(CAMPAIGN_ID, 3)],
            "posts[1].postId",
            "the campaign has no such post",
        ),
        ([FIRST] * 2, "posts[1].postId", "the post is named twice"),
    ],
)
def test_only_the_campaigns_own_posts_are_sent_back_and_each_once(
    waiting: Waiting, named: list[str], field: str, message: str
) -> None:
    """Another campaign's post used up a revision, and nothing was written again."""
    verdicts = cycle(("reject", "approve"))
    posts = [{"postId": post_id, "verdict": next(verdicts)} for post_id in named]
    reply = by_program(waiting, waiting.query()["token"], decision="needs_revision", posts=posts)
    assert (reply.status, reply.json["errors"]) == (422, [{"field": field, "message": message}])
    nothing_happened(waiting)
