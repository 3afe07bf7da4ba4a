"""What the local SES does beyond keeping a mail: tags, the mailbox simulator, the relay."""

import asyncio
import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.services import lambda_svc, ses, ses_v2, sns

from local import aws
from local.emulator import bounces, notifications, relay, sending
from local.emulator.config import EmulatorConfig
from local.emulator.pinned import EmulatorChangedError
from local.emulator.sending import Sent
from local.process import EmulatorProcess, LocalStackError, free_port

SENT = Sent(
    message_id="0100@email.amazonses.com",
    sender="Größe <campaigns@acme.example>",
    to=["ann@example.com"],
    reply_to=["re@acme.example"],
    subject="Bitte prüfen",
    text="Hallo, Ann\n.\n",
    html="<p>Hallo</p>",
    tags={"campaignId": "01C"},
    configuration_set="mails",
)


class Smtp(socketserver.ThreadingTCPServer):
    """As much of RFC 5321 as a client needs: what it said, and the mails it left."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.refuses = refuses
        self.said: list[str] = []
        self.mails: list[EmailMessage] = []
        self.came = threading.Event()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Smtp

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline().decode().strip():
            self.server.said.append(line)
            verb = line.split(":")[0].split(" ")[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                self._take()
            elif verb == "RCPT" and self.server.refuses:
                self._say("550 nobody here")
            else:
                self._say("221 bye" if verb == "QUIT" else "250 fine")
            if verb == "QUIT":
                self.server.came.set()
                return

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.server.mails.append(mail)
        self._say("250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with Smtp() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_mail_is_relayed_as_it_was_sent(smtp: Smtp) -> None:
    relay.Relay(relay.parse(smtp.url))(SENT)
    assert smtp.came.wait(10)
    (mail,) = smtp.mails
    assert "mail FROM:<campaigns@acme.example>" in " ".join(smtp.said)
    assert "rcpt TO:<ann@example.com>" in smtp.said
    headers = {name: str(mail[name]) for name in ("From", "To", "Reply-To", "Subject", "Message-ID")}
    assert headers == {
        "From": "Größe <campaigns@acme.example>",
        "To": "ann@example.com",
        "Reply-To": "re@acme.example",
        "Subject": "Bitte prüfen",
        "Message-ID": "<0100@email.amazonses.com>",
    }
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == "Hallo, Ann\n.\n"
    assert html.get_content().strip() == "<p>Hallo</p>"


def test_a_relay_that_refuses_is_a_line_in_the_log_and_the_next_mail_goes_out(
    smtp: Smtp, caplog: pytest.LogCaptureFixture
) -> None:
    smtp.refuses = True
    going_on = relay.Relay(relay.parse(smtp.url))
    going_on(SENT)
    assert smtp.came.wait(10)
    smtp.refuses = False
    smtp.came.clear()
    going_on(SENT)
    assert smtp.came.wait(10)
    assert len(smtp.mails) == 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_password_is_not_sent_in_the_clear(smtp: Smtp, caplog: pytest.LogCaptureFixture) -> None:
    server = relay.parse(smtp.url)._replace(user="me", password="canary-password")
    going_on = relay.Relay(server)
    going_on(SENT)
    going_on._pool.shutdown()
    assert smtp.mails == []
    assert not any("AUTH" in line.upper() for line in smtp.said)
    assert "STARTTLS" in caplog.text
    assert "canary" not in caplog.text


def test_the_running_emulator_relays_what_ses_accepts(smtp: Smtp, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SMTP_URL", smtp.url)
    process = EmulatorProcess(tmp_path)
    port = free_port(42_000)
    process.start(port)
    try:
        client = aws.client("sesv2", f"http://127.0.0.1:{port}")
        client.create_email_identity(EmailIdentity="c@example.com")
        body = {"Text": {"Data": "Hallo"}, "Html": {"Data": "<p>Hallo</p>"}}
        client.send_email(
            FromEmailAddress="c@example.com",
            Destination={"ToAddresses": ["ann@example.com"]},
            Content={"Simple": {"Subject": {"Data": "Größe"}, "Body": body}},
        )
        assert smtp.came.wait(20)
    finally:
        process.stop(kill=True)
    assert [str(mail["Subject"]) for mail in smtp.mails] == ["Größe"]


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", relay.Server("mail.example", 25, False, "", "")),
        ("smtp://mail.example:587", relay.Server("mail.example", 587, False, "", "")),
        ("smtps://a%40b:p%2Fw@mail.example", relay.Server("mail.example", 465, True, "a@b", "p/w")),
    ],
)
def test_the_address_of_a_server(url: str, server: relay.Server) -> None:
    assert relay.parse(url) == server


@pytest.mark.parametrize(
    "url", ["mail.example:25", "http://x", "smtp://", "smtp://x:y", "smtp://u:canary@x:y/z", "smtp://x/y"]
)
def test_what_is_no_address_is_refused_before_anything_starts(url: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SMTP_URL", url)
    with pytest.raises(LocalStackError, match="SMTP_URL is not of the form") as refused:
        EmulatorProcess(tmp_path).start(1)
    assert "canary" not in str(refused.value)


def test_without_a_server_nothing_is_relayed_and_nothing_said(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    from local.emulator.__main__ import _relays

    assert _relays(EmulatorConfig(home=tmp_path, port=1)) == []
    assert caplog.text == ""
    assert len(_relays(EmulatorConfig(home=tmp_path, port=1, smtp_url="smtp://x"))) == 1
    environment = EmulatorConfig(home=tmp_path, port=1, smtp_url="smtp://x").environment()
    assert EmulatorConfig.from_environment(environment).smtp_url == "smtp://x"


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ("bounce@simulator.amazonses.com", "Bounce"),
        ("Ann <bounce+ann@simulator.amazonses.com>", "Bounce"),
        ("suppressionlist@simulator.amazonses.com", "Bounce"),
        ("complaint@simulator.amazonses.com", "Complaint"),
    ],
)
def test_the_simulators_addresses_are_reported(to: str, kind: str) -> None:
    from lambdas.ops.mail_events.event import undelivered

    published: list[tuple[str, dict[str, Any]]] = []
    asked: list[tuple[str, str]] = []

    def topics(name: str, event_type: str) -> list[str]:
        asked.append((name, event_type))
        return ["arn:topic"]

    simulate = bounces.Simulator(topics, lambda topic, event: published.append((topic, event)))
    simulate(Sent(**{**vars(SENT), "to": [to]}))
    assert asked == [("mails", kind.upper())]
    ((topic, event),) = published
    assert (topic, event["eventType"]) == ("arn:topic", kind)
    lost = undelivered(json.dumps(event))
    assert lost is not None
    assert list(lost.reasons) == [to.lower()]
    assert lost.tags["campaignId"] == "01C"


@pytest.mark.parametrize("to", ["ann@example.com", "success@simulator.amazonses.com", "bounce@example.com"])
def test_other_addresses_are_not(to: str) -> None:
    simulate = bounces.Simulator(lambda *_: ["arn:topic"], lambda *_: pytest.fail("nothing happened"))
    simulate(Sent(**{**vars(SENT), "to": [to]}))


def double(module: Any) -> Any:
    return SimpleNamespace(**vars(module))


def test_the_service_keeps_what_it_used_to_drop() -> None:
    corrected, heard = double(ses_v2), list[Sent]()
    sending.install(ses, corrected, [heard.append])
    body = {
        "FromEmailAddress": "c@example.com",
        "ReplyToAddresses": ["re@acme.example"],
        "Destination": {"ToAddresses": ["ann@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "S"}, "Body": {"Text": {"Data": "T"}, "Html": {"Data": "H"}}}},
        "EmailTags": [{"Name": "campaignId", "Value": "01C"}],
    }

    def send(**more: Any) -> int:
        content = json.dumps(body | more).encode()
        request = corrected.handle_request("POST", "/v2/email/outbound-emails", {}, content, {})
        with ThreadPoolExecutor(1) as pool:  # the browser tests leave an event loop running in their thread
            return int(pool.submit(asyncio.run, request).result()[0])

    ses_v2._identities["c@example.com"] = {"VerifiedForSendingStatus": True}
    try:
        assert send() == 200
        assert (heard[0].reply_to, heard[0].tags, heard[0].text) == (["re@acme.example"], {"campaignId": "01C"}, "T")
        assert send(ConfigurationSetName="not-there") == 404
        assert len(heard) == 1
    finally:
        ses.reset()
        ses_v2._identities.clear()


def test_the_names_that_are_replaced_are_there() -> None:
    notifications.install(double(sns), lambda_svc)
    assert bounces.simulator(ses_v2, sns)
    with pytest.raises(EmulatorChangedError):
        sending.install(ses, SimpleNamespace(), [])
