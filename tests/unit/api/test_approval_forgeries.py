"""No token but the one that was mailed opens or decides anything."""

from collections import Counter
from datetime import timedelta

import pytest

from lambdas.domain.errors import CampaignError, UnauthenticatedError
from lambdas.domain.models.approval import ClosedBecause
from lambdas.services.approval_links import approval_link, open_link
from lambdas.services.open_requests import Place, Reassignment, reassign, revoke
from tests.fakes import MemoryKeys
from tests.support.faults import replaced
from tests.support.forgeries import Forger
from tests.support.waiting import OTHER_ULID, by_program, nothing_happened

CLASSES = {
    "alg none": 20,
    "algorithm confusion": 20,
    "kid": 15,
    "truncated": 50,
    "altered": 300,
    "claims": 40,
    "times": 15,
    "scope": 10,
    "jti": 5,
    "unicode": 15,
    "oversized": 8,
    "nonce": 15,
    "callback": 8,
}
"""How many there are at least of each. Without single altered characters they are more than 300."""


def test_the_corpus_has_every_class(waiting):
    forgeries = Forger(waiting).all()
    counts = Counter(forgery.kind for forgery in forgeries)
    assert {kind for kind, least in CLASSES.items() if counts[kind] < least} == set(), counts
    assert set(counts) == set(CLASSES)
    assert counts.total() - counts["altered"] >= 300
    links = {(forgery.token, forgery.nonce, forgery.callback_id) for forgery in forgeries}
    assert (waiting.query()["token"], waiting.query()["nonce"], waiting.approval.callback_id) not in links


def test_no_forgery_opens_or_decides_anything(waiting):
    decision = f"decision=approved&contentHash={waiting.approval.content_hash}"
    forgeries = Forger(waiting).all()
    for forgery in forgeries:
        for method, body in (("GET", None), ("HEAD", None), ("POST", decision)):
            query = {"token": forgery.token, "nonce": forgery.nonce}
            reply = waiting.world.call(method, f"/approve/{forgery.callback_id}", body, tenant=None, query=query)
            assert reply.status in (401, 404), (forgery.kind, forgery.name, method, reply.status)
            assert reply.headers["Content-Type"].startswith("text/html"), (forgery.kind, forgery.name)
            assert "Spring launch" not in reply.text, forgery.name
    nothing_happened(waiting)
    assert waiting.world.log.errors == []
    refused = [fields for event, fields in waiting.world.log.events if event == "approval_link_refused"]
    assert len(refused) == 3 * len(forgeries)
    secrets = (waiting.query()["token"], waiting.query()["nonce"])
    assert not any(secret in value for fields in refused for value in fields.values() for secret in secrets)


def test_no_forgery_gets_through_the_api(waiting):
    tried = 0
    for forgery in Forger(waiting).all():
        if forgery.kind == "nonce" or forgery.name == "another reviewer's token":
            continue  # a bearer has no nonce, and the other reviewer may decide
        if forgery.token.strip() == waiting.query()["token"]:
            continue  # HTTP takes spaces around a header's value away
        reply = by_program(waiting, forgery.token, callbackId=forgery.callback_id)
        assert reply.status in (401, 404, 422), (forgery.kind, forgery.name, reply.status)
        assert reply.headers["Content-Type"] == "application/problem+json"
        tried += 1
    assert tried > 600
    nothing_happened(waiting)


@pytest.mark.parametrize("how", ["revoked", "reassigned", "superseded", "ended"])
def test_a_link_that_was_good_once_is_gone(waiting, how):
    """Replayed after it was taken back, given to somebody else, replaced by a newer round, or outlived."""
    approvals, place = waiting.world.approvals, Place(waiting.key, waiting.approval.callback_id)
    if how == "revoked":
        revoke(place, "ada@example.com", approvals, waiting.world.clock.now())
    elif how == "reassigned":
        change = Reassignment.from_wire({"from": "ada@example.com", "to": "new@example.com"})
        reassign(place, change, approvals, waiting.world.clock.now())
    else:
        approvals.close(*place, ClosedBecause(how))
    before = waiting.stored()
    statuses = [waiting.open(method).status for method in ("GET", "HEAD")]
    statuses.append(waiting.send({"decision": "approved"}).status)
    statuses.append(by_program(waiting, waiting.query()["token"]).status)
    assert statuses == [410] * 4
    assert waiting.stored() == before
    assert waiting.world.engine.resumed == []


def test_a_token_swapped_between_two_live_kids_does_not_verify(waiting):
    """Each key verifies what it signed and nothing else, whatever the header says."""
    own = waiting.world.keys.approval().keys["k1"].get_secret_value()
    both = {"active": "k2", "keys": {"k1": own, "k2": own[::-1]}}
    keys = type(waiting.world.keys.approval()).model_validate(both)
    ports = replaced(waiting.world, keys=MemoryKeys(approval=keys))
    forger = Forger(waiting)
    swapped = {
        "k2 over k1's signature": forger.with_header(alg="HS256", kid="k2", signature=forger.signature),
        "signed by k1, says k2": forger.signed(forger.claims, kid="k2"),
        "signed by k2, says k1": forger.signed(forger.claims, key=own[::-1], kid="k1"),
    }
    for name, token in swapped.items():
        with pytest.raises(UnauthenticatedError):
            open_link(token, forger.nonce, forger.callback, ports)
        assert name
    assert open_link(forger.token, forger.nonce, forger.callback, ports)
    assert open_link(forger.signed(forger.claims, key=own[::-1], kid="k2"), forger.nonce, forger.callback, ports)


def test_a_link_of_before_a_rotation_holds_until_its_key_is_gone(waiting):
    old = waiting.world.keys.approval()
    fresh = old.keys["k1"].get_secret_value()[::-1]
    rotated = old.model_validate({"active": "k2", "keys": {"k1": old.keys["k1"].get_secret_value(), "k2": fresh}})
    gone = old.model_validate({"active": "k2", "keys": {"k2": fresh}})
    query, ports = waiting.query(), waiting.world

    both = replaced(ports, keys=MemoryKeys(approval=rotated))
    assert open_link(query["token"], query["nonce"], waiting.approval.callback_id, both).approval == waiting.approval
    only = replaced(ports, keys=MemoryKeys(approval=gone))
    with pytest.raises(UnauthenticatedError):
        open_link(query["token"], query["nonce"], waiting.approval.callback_id, only)


def test_a_link_from_a_request_that_is_not_there_is_a_404(waiting):
    now = waiting.world.clock.now()
    nonce = "ab" * 16
    link = approval_link(
        "https://x",
        waiting.world.keys.approval(),
        waiting.key,
        type(waiting.approval.callback_id)(OTHER_ULID),
        nonce,
        now=now,
        expires=now + timedelta(hours=1),
    )
    token = link.split("token=")[1].split("&")[0]
    with pytest.raises(CampaignError) as refusal:
        open_link(token, nonce, OTHER_ULID, waiting.world)
    assert refusal.value.status == 404
