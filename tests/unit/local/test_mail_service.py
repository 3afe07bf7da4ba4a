"""What the local SES does beyond keeping a mail: tags, the mailbox simulator, limits."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ministack.services import ses, ses_v2

from local.emulator import limits, mail
from local.emulator.config import EmulatorConfig
from local.emulator.mail import Sent, Simulator
from local.emulator.patch import Emulator

SENT = Sent(
    message_id="0100@email.amazonses.com",
    sender="Größe <campaigns@acme.example>",
    to=["ann@example.com"],
    tags={"campaignId": "01C"},
    configuration_set="mails",
)


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
    from lambdas.workers.mail_events.event import undelivered

    published: list[tuple[str, dict[str, Any]]] = []
    asked: list[tuple[str, str]] = []

    def topics(name: str, event_type: str) -> list[str]:
        asked.append((name, event_type))
        return ["arn:topic"]

    simulate = Simulator(topics, lambda topic, event: published.append((topic, event)))
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
    simulate = Simulator(lambda *_: ["arn:topic"], lambda *_: pytest.fail("nothing happened"))
    simulate(Sent(**{**vars(SENT), "to": [to]}))


class Service:
    """SES with its corrections, and one verified sender."""

    def __init__(self) -> None:
        self.heard: list[Sent] = []
        here = Emulator(EmulatorConfig(home=Path("/nowhere"), port=1))
        here.shared(Simulator, lambda: self.heard.append)  # type: ignore[arg-type, return-value]  # one that only listens
        self._handle = limits.recipients_and_tags(mail.sent_mails(ses_v2.handle_request, here), here)

    def send(self, **more: Any) -> tuple[int, str]:
        body = {
            "FromEmailAddress": "c@example.com",
            "ReplyToAddresses": ["re@acme.example"],
            "Destination": {"ToAddresses": ["ann@example.com"]},
            "Content": {"Simple": {"Subject": {"Data": "S"}, "Body": {"Text": {"Data": "T"}, "Html": {"Data": "H"}}}},
            "EmailTags": [{"Name": "campaignId", "Value": "01C"}],
        }
        content = json.dumps(body | more).encode()
        request = self._handle("POST", "/v2/email/outbound-emails", {}, content, {})
        with ThreadPoolExecutor(1) as pool:  # the browser tests leave an event loop running in their thread
            status, headers, _ = pool.submit(asyncio.run, request).result()
        return status, headers.get("x-amzn-errortype", "")


@pytest.fixture
def service() -> Any:
    ses_v2._identities["c@example.com"] = {"VerifiedForSendingStatus": True}
    yield Service()
    ses.reset()
    ses_v2._identities.clear()


def test_the_service_keeps_what_it_used_to_drop(service: Service) -> None:
    assert service.send() == (200, "")
    assert service.heard[0].tags == {"campaignId": "01C"}
    (record,) = mail.kept(ses)
    assert (record["ReplyTo"], record["Tags"]) == (["re@acme.example"], {"campaignId": "01C"})
    assert service.send(ConfigurationSetName="not-there")[0] == 404
    assert len(service.heard) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"Destination": {"ToAddresses": ["ann@example.com"] * 30, "CcAddresses": ["bob@example.com"] * 21}},
        {"EmailTags": [{"Name": "campaignId", "Value": "a value"}]},
        {"EmailTags": [{"Name": "campaignId", "Value": "x" * 257}]},
        {"EmailTags": [{"Name": "reviewer", "Value": "ann@example.com"}]},
    ],
)
def test_a_mail_beyond_the_limits_is_refused(service: Service, more: dict[str, Any]) -> None:
    assert service.send(**more) == (400, "BadRequestException")
    assert service.heard == []
    assert service.send(Destination={"ToAddresses": ["ann@example.com"] * 50})[0] == 200
