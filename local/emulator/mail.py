"""What SES does with a mail after accepting it: keeps its tags, reports bounces; mails also survive a restart."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from local.emulator.iam import SEND_EMAIL
from local.emulator.patch import Emulator, patch

_SEND = "docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html"

DOMAIN = "simulator.amazonses.com"
"""SES's mailbox simulator (docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html).

A mail to ``bounce@`` bounces, one to ``complaint@`` is complained about, and one to ``suppressionlist@`` was never
tried; a label (``bounce+ada@``) makes addresses distinct.
"""
_BOUNCES = {"bounce": "General", "suppressionlist": "Suppressed"}
_KEPT = "_sent_emails"

Publish = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Sent:
    """A mail that was accepted."""

    message_id: str
    sender: str
    to: list[str]
    tags: dict[str, str]
    configuration_set: str


@patch("services.ses_v2", "handle_request", "cab40239", aws=_SEND)
def sent_mails(original: Any, emulator: Emulator) -> Any:
    """A mail keeps its tags and reply addresses; its configuration set must exist and gets its delivery events.

    ministack drops all three.
    """
    ses, ses_v2 = emulator.module("services.ses"), emulator.module("services.ses_v2")
    simulate = emulator.shared(Simulator, lambda: simulator(ses_v2, emulator.module("services.sns")))

    @functools.wraps(original)
    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        if method != "POST" or path.rstrip("/") != SEND_EMAIL:
            return await original(method, path, headers, body, query_params)
        request = json.loads(body or b"{}")
        name = request.get("ConfigurationSetName")
        if name and name not in ses_v2._config_sets:
            return ses_v2._missing_config_set(name)
        answer = await original(method, path, headers, body, query_params)
        if answer[0] == 200:
            record = ses._sent_emails_list()[-1]
            record["ReplyTo"] = request.get("ReplyToAddresses", [])
            record["Tags"] = {tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])}
            simulate(Sent(record["MessageId"], record["Source"], record["To"], record["Tags"], name or ""))
        return answer

    return handle_request


class Simulator:
    """``topics`` returns the topics that subscribe to an event type of a configuration set."""

    def __init__(self, topics: Callable[[str, str], list[str]], publish: Publish) -> None:
        self._topics = topics
        self._publish = publish

    def __call__(self, sent: Sent) -> None:
        for address in sent.to:
            mailbox, _, domain = parseaddr(address)[1].rpartition("@")
            event = _event(sent, address, mailbox.partition("+")[0].lower()) if domain.lower() == DOMAIN else None
            if event is None:
                continue
            for topic in self._topics(sent.configuration_set, event["eventType"].upper()):
                self._publish(topic, event)


def _event(sent: Sent, address: str, mailbox: str) -> dict[str, Any] | None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    mail = {
        "timestamp": now,
        "messageId": sent.message_id.partition("@")[0],
        "source": sent.sender,
        "sendingAccountId": "000000000000",
        "destination": sent.to,
        "headersTruncated": False,
        "tags": {"ses:configuration-set": [sent.configuration_set], **{k: [v] for k, v in sent.tags.items()}},
    }
    feedback = {"timestamp": now, "feedbackId": f"feedback-{sent.message_id}"}
    if mailbox in _BOUNCES:
        recipient = {"emailAddress": address, "action": "failed", "status": "5.1.1"}
        recipient["diagnosticCode"] = "smtp; 550 5.1.1 user unknown"
        kind = {"bounceType": "Permanent", "bounceSubType": _BOUNCES[mailbox], "bouncedRecipients": [recipient]}
        return {"eventType": "Bounce", "bounce": kind | feedback, "mail": mail}
    if mailbox == "complaint":
        complaint = {"complainedRecipients": [{"emailAddress": address}], "complaintFeedbackType": "abuse"}
        return {"eventType": "Complaint", "complaint": complaint | feedback, "mail": mail}
    return None


def simulator(ses_v2: Any, sns: Any) -> Simulator:
    """This emulator's simulator: reports go to the SNS topics of the configuration set, if their policies allow SES."""

    def topics(name: str, event_type: str) -> list[str]:
        source = ses_v2._resource_arn("configuration-set", name)
        destinations = (ses_v2._config_sets.get(name) or {}).get("EventDestinations") or {}
        arns = [
            destination["SnsDestination"]["TopicArn"]
            for destination in destinations.values()
            if destination["Enabled"]
            and event_type in destination["MatchingEventTypes"]
            and "SnsDestination" in destination
        ]
        account = source.split(":")[4]
        return [arn for arn in arns if sns.topic_policy_allows(arn, "ses.amazonaws.com", source, account)]

    def publish(topic: str, event: dict[str, Any]) -> None:
        sns.publish_internal(topic, event, "Amazon SES Email Event Notification")

    return Simulator(topics, publish)


def kept(ses: Any) -> list[dict[str, Any]]:
    """The mails of every account, in no particular order."""
    return [record for key, records in ses._sent_emails.all_items() if key[-1] == "entries" for record in records]


@patch("services.ses", "get_state", "69fba426")
def mails_in_the_state(original: Any, emulator: Emulator) -> Any:
    """Mails survive a restart: one may contain a reviewer's link to a campaign that is kept."""
    ses = emulator.module("services.ses")

    @functools.wraps(original)
    def get_state() -> dict[str, Any]:
        return {**original(), _KEPT: getattr(ses, _KEPT)}

    return get_state


@patch("services.ses", "load_persisted_state", "6f58d9dc")
def mails_from_the_state(original: Any, emulator: Emulator) -> Any:
    """Reads what ``mails_in_the_state`` wrote."""
    ses = emulator.module("services.ses")

    @functools.wraps(original)
    def load_persisted_state(data: dict[str, Any]) -> None:
        original(data)
        if _KEPT in data:
            getattr(ses, _KEPT).update(data[_KEPT])

    return load_persisted_state
