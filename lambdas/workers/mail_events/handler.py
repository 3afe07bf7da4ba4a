"""Lambda ``mail-events``: what SES reports of mails that did not arrive, by way of an SNS topic."""

from typing import Any

from lambdas.adapters import stores
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.adapters.telemetry import count, logger
from lambdas.domain.errors import InvalidInputError
from lambdas.settings import settings
from lambdas.workers.mail_events.event import message_in, undelivered
from lambdas.workers.mail_events.logic import Outcome, note


class MailEventsSettings(TableSettings):
    """The table is all it works with."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """SNS delivers at least once, and one record at a time. What cannot be read ends in the dead-letter queue."""
    logger().clear_state()
    approvals = stores.approvals(settings(MailEventsSettings))
    records = event.get("Records")
    if not isinstance(records, list):
        logger().error("mail event refused", reason="there are no records in it")
        raise InvalidInputError("this is not an event of SNS")
    outcomes = []
    for record in records:
        try:
            lost = undelivered(message_in(record))
        except InvalidInputError as error:
            # Not the event itself: there are addresses in it.
            fields = [field.field for field in error.errors]
            logger().error("mail event refused", reason=error.code, fields=fields)
            raise
        outcome, key = note(lost, approvals, SystemClock().now()) if lost else (Outcome.OTHER, None)
        count("MailEvents", Outcome=outcome.value)
        if key:
            logger().append_keys(tenant_id=key.tenant_id, campaign_id=key.campaign_id)
        logger().info("mail event", outcome=outcome.value)
        outcomes.append(outcome.value)
    return {"outcomes": outcomes}
