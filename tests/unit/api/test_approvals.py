"""Approval: a GET looks, one POST decides, and a link opens what it was made for and nothing else."""

import base64
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html.parser import HTMLParser
from itertools import cycle, islice
from typing import Any

import jwt
import pytest

from lambdas.adapters.memory import MemoryKeys
from lambdas.api.approvals.decisions import RESUME_GRACE, Choice, decide
from lambdas.api.approvals.links import open_link
from lambdas.core.errors import CampaignError, ConflictError, DependencyUnavailableError, UnauthenticatedError
from lambdas.core.links import approval_link
from lambdas.core.models.approval import ApprovalStatus, Decision, MadeDecision
from lambdas.core.models.campaign import CampaignStatus
from lambdas.core.tokens import ApprovalClaims, Caller, Role, sign_api_token, sign_approval_token

TASK_TOKEN = "task-token-that-must-never-leave"
OTHER_ULID = "01JZ0000000000000000000009"


class Form(HTMLParser):
    """What a browser would send: the form's fields, and whether it has them all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.choices: list[str] = []
        self.areas: list[str] = []
        self.forms: list[dict[str, str | None]] = []
        self.labelled: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.forms.append(values)
        if tag == "input" and values.get("type") == "hidden":
            self.hidden[str(values["name"])] = str(values["value"])
        if tag == "input" and values.get("type") == "radio":
            self.choices.append(str(values["value"]))
        if tag == "textarea":
            self.areas.append(str(values["name"]))
        if tag == "label" and values.get("for"):
            self.labelled.add(str(values["for"]))


def _nothing_happened(waiting: Any) -> None:
    assert waiting.stored() == waiting.approval
    assert waiting.world.engine.resumed == []
    assert waiting.world.engine.failed == []


def test_the_page_shows_what_is_decided_on(waiting):
    reply = waiting.open()

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for shown in ("Spring launch", "Post number 1", "Post number 3", "Mara", "LinkedIn", "#northwind", "Europe/Berlin"):
        assert shown in reply.text
    assert "Mon 05 Jan 2026, 10:00" in reply.text  # nine o'clock UTC in Berlin
    assert "of 3,000 characters" in reply.text
    assert "&lt;b&gt;with markup&lt;/b&gt; &amp; an ampersand" in reply.text
    form = Form(reply.text)
    assert form.forms == [{"method": "post", "class": "wrap main"}]
    assert form.choices == ["approve", "change", "reject"] * 3 + ["approved", "needs_revision", "rejected"]
    assert form.hidden == {"contentHash": waiting.approval.content_hash}
    assert set(form.areas) == {"comments", "comment-1", "comment-2", "comment-3"} == form.labelled


def test_the_page_is_nobody_elses(waiting):
    headers = waiting.open().headers
    policy = headers["Content-Security-Policy"]

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'", "sha256-"):
        assert part in policy
    assert "unsafe" not in policy
    style = re.search(r"<style>(.*?)</style>", waiting.open().text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


def test_no_page_and_no_log_tells_the_task_token_or_an_address(waiting):
    texts = [waiting.open().text, waiting.send({"decision": "approved"}).text, waiting.open().text]
    texts.append(repr(waiting.world.log.events + waiting.world.log.served_requests))

    for text in texts:
        assert TASK_TOKEN not in text
        assert "@example.com" not in text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_a_thousand_times_decides_nothing(waiting, method):
    for _ in range(1_000):
        assert waiting.open(method).status == 200
    assert waiting.open(method, decision="approved").status == 200
    _nothing_happened(waiting)


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_is_recorded_and_resumes_the_workflow_once(waiting, decision):
    form = {"decision": decision.value, "comments": "Well <done>", "contentHash": waiting.approval.content_hash}
    reply = waiting.send(form)

    assert reply.status == 200
    assert "you" in reply.text
    assert "Well &lt;done&gt;" in reply.text
    stored = waiting.stored()
    assert stored.status is ApprovalStatus.DECIDED
    assert stored.decision == MadeDecision(
        decision=decision,
        comments="Well <done>",
        decided_by="ada@example.com",
        decided_at=waiting.world.clock.now(),
    )
    assert stored.resumed_at == waiting.world.clock.now()
    outcome = {"callbackId": waiting.approval.callback_id, "decision": decision.value}
    assert waiting.world.engine.resumed == [(TASK_TOKEN, outcome)]


def test_a_second_decision_is_told_what_the_first_was(waiting):
    waiting.send({"decision": "rejected", "comments": "Off brand"})
    again = waiting.send({"decision": "approved"}, reviewer="grace@example.com")

    assert again.status == 409
    for shown in ("already decided", "Rejected", "another reviewer", "Off brand"):
        assert shown in again.text
    assert len(waiting.world.engine.resumed) == 1


def test_opening_a_used_link_shows_what_was_decided(waiting):
    waiting.send({"decision": "needs_revision", "comments": "Shorter"})
    waiting.world.campaigns.update(
        waiting.key,
        expected=[CampaignStatus.AWAITING_APPROVAL],
        at=waiting.world.clock.now(),
        status=CampaignStatus.NEEDS_REVISION,
    )
    reply = waiting.open()

    assert reply.status == 200
    assert "Sent back for revision" in reply.text
    assert Form(reply.text).forms == []


def test_fifty_decisions_at_once_leave_one(waiting):
    world, query = waiting.world, waiting.query()
    link = open_link(query["token"], query["nonce"], waiting.approval.callback_id, world.link_ports)
    choices = [Choice(decision, f"comment {n}", None) for n, decision in enumerate(islice(cycle(Decision), 50))]

    def attempt(choice: Choice) -> str:
        try:
            decide(link, choice, world.decision_ports)
        except ConflictError as error:
            return error.message
        return "won"

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(attempt, choices))

    made = waiting.stored().decision
    assert answers.count("won") == 1
    assert made.comments == choices[answers.index("won")].comments
    assert [a for a in answers if a != "won"] == [
        f"this was decided at 2026-01-05T09:00:00.000Z: {made.decision.value}"
    ] * 49
    assert len(world.engine.resumed) == 1


class Dying:
    """An engine that takes the process with it, once."""

    def __init__(self, engine: Any) -> None:
        self._engine, self._alive = engine, False

    def resume(self, token: Any, output: dict[str, object]) -> None:
        if not self._alive:
            self._alive = True
            raise DependencyUnavailableError("connection lost")
        self._engine.resume(token, output)


def test_a_crash_between_decision_and_resume_is_mended_by_the_same_decision(waiting):
    world, query = waiting.world, waiting.query()
    ports = world.decision_ports._replace(engine=Dying(world.engine))
    link = open_link(query["token"], query["nonce"], waiting.approval.callback_id, world.link_ports)
    choice = Choice(Decision.APPROVED, "Fine,\nreally", None)
    with pytest.raises(DependencyUnavailableError):
        decide(link, choice, ports)
    assert (waiting.stored().status, waiting.stored().resumed_at) == (ApprovalStatus.DECIDED, None)

    # At once, it may be another request's that is still on its way.
    assert waiting.send({"decision": "approved", "comments": "Fine,\r\nreally"}).status == 409
    world.clock.advance(RESUME_GRACE)
    assert waiting.send({"decision": "rejected", "comments": "Fine,\r\nreally"}).status == 409
    assert world.engine.resumed == []
    page = waiting.open()
    assert Form(page.text).hidden == {"decision": "approved", "comments": "Fine,\nreally"}
    assert waiting.send({"decision": "approved", "comments": "Fine,\r\nreally"}).status == 200

    assert len(world.engine.resumed) == 1
    assert waiting.stored().resumed_at == world.clock.now()
    assert Form(waiting.open().text).forms == []


def test_a_decision_nobody_waits_for_is_over(waiting):
    waiting.world.engine.fail(waiting.approval.task_token, "Stopped", "by hand")
    reply = waiting.send({"decision": "approved"})

    assert reply.status == 410
    assert "closed" in reply.text


@pytest.mark.parametrize("status", [CampaignStatus.FAILED, CampaignStatus.STOPPED, CampaignStatus.EXPIRED])
def test_after_the_workflow_ended_nothing_can_be_decided(waiting, status):
    waiting.world.campaigns.update(
        waiting.key, expected=[CampaignStatus.AWAITING_APPROVAL], at=waiting.world.clock.now(), status=status
    )

    assert waiting.open().status == 410
    assert waiting.send({"decision": "approved"}).status == 410
    _nothing_happened(waiting)


def test_a_closed_request_is_over(waiting):
    waiting.world.approvals.close(waiting.key, waiting.approval.callback_id)

    assert (waiting.open().status, waiting.send({"decision": "approved"}).status) == (410, 410)
    assert waiting.world.engine.resumed == []


def test_an_expired_link_says_so(waiting):
    waiting.world.clock.advance(timedelta(days=7))
    reply = waiting.open()

    assert reply.status == 401
    assert "expired" in reply.text
    assert "Ask the person" in reply.text
    assert waiting.send({"decision": "approved"}).status == 401
    _nothing_happened(waiting)


def test_a_decision_on_other_content_is_refused(waiting):
    reply = waiting.send({"decision": "approved", "contentHash": "0" * 64})

    assert reply.status == 409
    assert "The posts have changed" in reply.text
    _nothing_happened(waiting)


@pytest.mark.parametrize(
    "form",
    [{}, {"decision": ""}, {"decision": "maybe"}, {"decision": "approved", "comments": "x" * 5_001}],
)
def test_an_incomplete_form_decides_nothing(waiting, form):
    reply = waiting.send(form)

    assert reply.status == 422
    assert "Go back" in reply.text
    _nothing_happened(waiting)


def test_a_form_that_is_too_large_decides_nothing(waiting):
    assert waiting.send({"decision": "approved", "x": "y" * 270_000}).status == 413
    _nothing_happened(waiting)


def test_the_form_cannot_name_another_request(waiting):
    reply = waiting.send({"decision": "approved", "callbackId": OTHER_ULID, "tenantId": "globex"})

    assert reply.status == 200
    assert waiting.stored().status is ApprovalStatus.DECIDED


@pytest.mark.parametrize(("page", "numbers"), [("1", (1, 50)), ("2", (51, 100)), ("3", (101, 120))])
def test_many_posts_come_in_pages(make_waiting, page, numbers):
    reply = make_waiting(120).open(page=page)

    assert f"Posts {numbers[0]} to {numbers[1]} of 120" in reply.text
    assert f"Post number {numbers[0]} " in reply.text
    assert f"Post number {numbers[1]} " in reply.text
    assert f"Post number {numbers[1] + 1} " not in reply.text
    assert 'aria-current="page"' in reply.text


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "²", "9" * 5_000])
def test_a_page_that_is_none_shows_the_nearest(make_waiting, page):
    assert make_waiting(120).open(page=page).status == 200


# The API's twin


def _post(waiting: Any, token: str | None, campaign_id: str | None = None, **changes: Any) -> Any:
    body = {"decision": "approved", "comments": "Fine", "callbackId": waiting.approval.callback_id} | changes
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    path = f"/campaigns/{campaign_id or waiting.key.campaign_id}/approve"
    return waiting.world.call("POST", path, body, tenant=None, headers=headers)


def test_a_program_decides_with_the_token(waiting):
    reply = _post(waiting, waiting.query()["token"], contentHash=waiting.approval.content_hash)

    assert (reply.status, reply.json) == (
        200,
        {
            "campaignId": waiting.key.campaign_id,
            "callbackId": waiting.approval.callback_id,
            "decision": "approved",
            "comments": "Fine",
            "decidedAt": "2026-01-05T09:00:00.000Z",
            "status": "DECIDED",
        },
    )
    again = _post(waiting, waiting.query()["token"], decision="rejected")
    assert again.status == 409
    assert "2026-01-05T09:00:00.000Z: approved" in again.json["detail"]
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
    reply = _post(waiting, waiting.query()["token"], **changes)

    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    _nothing_happened(waiting)


def test_an_api_token_is_no_approval_token(waiting):
    now = waiting.world.clock.now()
    caller = Caller(tenant_id="acme", role=Role.MANAGER, subject="robin")
    token = sign_api_token(waiting.world.keys.api(), caller, now=now, expires=now + timedelta(hours=1))

    assert _post(waiting, token).status == 401
    assert _post(waiting, None).status == 401
    _nothing_happened(waiting)


# Forgeries


def _segment(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def _forgeries(waiting: Any) -> dict[str, tuple[str, str, str]]:
    """Name to (token, nonce, callback id): each is the real link with one thing wrong."""
    world, query = waiting.world, waiting.query()
    token, nonce, callback = query["token"], query["nonce"], waiting.approval.callback_id
    header, payload, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    keys = world.keys.approval()
    now, later = world.clock.now(), world.clock.now() + timedelta(hours=1)
    key = keys.keys["k1"].get_secret_value()

    def signed(claims: dict[str, Any], key: str = key, algorithm: str = "HS256", **head: Any) -> str:
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k1", **head})

    def approval(**changes: Any) -> str:
        mine = {
            "tenant_id": "acme",
            "campaign_id": waiting.key.campaign_id,
            "callback_id": callback,
            "jti": claims["jti"],
        }
        return sign_approval_token(keys, ApprovalClaims(**(mine | changes)), now=now, expires=later)

    nones = [f"{_segment({'alg': alg, 'kid': 'k1'})}.{payload}." for alg in ("none", "None", "NONE", "nOnE")]
    made = {f"alg none {n}": (t, nonce, callback) for n, t in enumerate(nones)}
    tokens = {
        "empty": "",
        "truncated signature": token[:-4],
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.x",
        "swapped payload": f"{header}.{_segment(claims | {'campaignId': OTHER_ULID})}.{signature}",
        "another algorithm of ours": signed(claims, algorithm="HS512", key=key * 2),
        "another algorithm": f"{_segment({'alg': 'RS256', 'kid': 'k1'})}.{payload}.{signature}",
        "unknown kid": signed(claims, kid="k9"),
        "kid is a path": signed(claims, kid="../../dev/null"),
        "kid of the api keys": signed(claims, key=world.keys.api().keys["k1"].get_secret_value()),
        "foreign key": signed(claims, key="x" * 40),
        "no kid": jwt.encode(claims, key, algorithm="HS256"),
        "other type": signed(claims | {"type": "api"}),
        "other audience": signed(claims | {"aud": "campaign-orchestration/api"}),
        "list of audiences": signed(claims | {"aud": []}),
        "other issuer": signed(claims | {"iss": "somebody"}),
        "expired": signed(claims | {"exp": int(now.timestamp())}),
        "exp is text": signed(claims | {"exp": "never"}),
        "exp is infinite": signed(claims | {"exp": 1e300}),
        "not yet valid": signed(claims | {"iat": int(later.timestamp())}),
        "nbf in the future": signed(claims | {"nbf": int(later.timestamp())}),
        "other tenant": approval(tenant_id="globex"),
        "other campaign": approval(campaign_id=OTHER_ULID),
        "other callback": approval(callback_id=OTHER_ULID),
        "nobody's jti": approval(jti="0" * 64),
        "oversized": token + "A" * 2_048,
        "nested": "eyJ" + "W1tb" * 500 + "..",
        "unicode digits": token.replace("1", "１"),
        "zero width space": token[:10] + "\u200b" + token[10:],
        "lone surrogate": "\ud800" + token,
        "null byte": token + "\x00",
        "cyrillic homoglyph": token.replace("e", "е", 1),
        "spaces": f" {token}",
    }
    tokens |= {f"without {name}": signed({k: v for k, v in claims.items() if k != name}) for name in claims}
    tokens |= {f"{name} is null": signed(claims | {name: None}) for name in claims if name not in ("exp", "iat", "iss")}
    made |= {name: (forged, nonce, callback) for name, forged in tokens.items()}
    made |= {f"cut after {n}": (token[:n], nonce, callback) for n in range(0, len(token), 4)}
    for index in range(len(token)):
        other = chr(ord(token[index]) ^ 1)
        made[f"character {index}"] = (token[:index] + other + token[index + 1 :], nonce, callback)
    grace = waiting.query("grace@example.com")
    nonces = {"empty": "", "upper": nonce.upper(), "short": nonce[:-1], "long": f"{nonce}0", "other": grace["nonce"]}
    nonces |= {"surrogate": "\ud800", "unicode": "１" * 32, "null": "\x00"}
    made |= {f"nonce {name}": (token, forged, callback) for name, forged in nonces.items()}
    made |= {f"callback {name!r}": (token, nonce, name) for name in (OTHER_ULID, "x", "..", "ü", callback.lower())}
    return made


def test_no_forgery_opens_or_decides_anything(waiting):
    forgeries = _forgeries(waiting)
    assert len(forgeries) >= 300
    for name, (token, nonce, callback) in forgeries.items():
        for method, body in (("GET", None), ("HEAD", None), ("POST", "decision=approved")):
            query = {"token": token, "nonce": nonce}
            reply = waiting.world.call(method, f"/approve/{callback}", body, tenant=None, query=query)
            assert reply.status in (401, 404), (name, method, reply.status)
            assert "Spring launch" not in reply.text, name
    _nothing_happened(waiting)
    assert waiting.world.log.errors == []
    refused = [fields for event, fields in waiting.world.log.events if event == "approval_link_refused"]
    assert len(refused) > 800
    secrets = (waiting.query()["token"], waiting.query()["nonce"])
    assert not any(secret in value for fields in refused for value in fields.values() for secret in secrets)


def test_no_forgery_gets_through_the_api(waiting):
    for name, (token, _, callback) in _forgeries(waiting).items():
        if name.startswith("nonce") or not token.isprintable() or " " in token:
            continue
        reply = _post(waiting, token, callbackId=callback)
        assert reply.status in (401, 404, 422), (name, reply.status)
    _nothing_happened(waiting)


def test_a_link_of_before_a_rotation_holds_until_its_key_is_gone(waiting):
    old = waiting.world.keys.approval()
    fresh = old.keys["k1"].get_secret_value()[::-1]
    rotated = old.model_validate({"active": "k2", "keys": {"k1": old.keys["k1"].get_secret_value(), "k2": fresh}})
    gone = old.model_validate({"active": "k2", "keys": {"k2": fresh}})
    query, ports = waiting.query(), waiting.world.link_ports

    both = ports._replace(keys=MemoryKeys(approval=rotated))
    assert open_link(query["token"], query["nonce"], waiting.approval.callback_id, both).approval == waiting.approval
    only = ports._replace(keys=MemoryKeys(approval=gone))
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
        open_link(token, nonce, OTHER_ULID, waiting.world.link_ports)
    assert refusal.value.status == 404
