"""The mailbox simulator of SES (docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html).

A mail to ``bounce@simulator.amazonses.com`` bounces, one to ``complaint@`` is complained about, and one to
``suppressionlist@`` was never tried; a label (``bounce+ada@``) makes addresses distinct. What SES would report
goes to the SNS topics of the mail's configuration set, if their policies let SES in. ministack records destinations
and reports nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from local.emulator.sending import Sent

DOMAIN = "simulator.amazonses.com"
_BOUNCES = {"bounce": "General", "suppressionlist": "Suppressed"}
Publish = Callable[[str, dict[str, Any]], None]


class Simulator:
    """``topics`` answers the topics that hear of an event type of a configuration set."""

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
    """Of this emulator."""

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
