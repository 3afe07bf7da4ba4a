"""What SES v2 does with a mail beyond accepting it: whoever is interested hears of each one.

ministack drops the configuration set, the tags and the reply addresses of ``SendEmail``. Wraps
``ses_v2.handle_request``: a configuration set that is not there is refused, as on AWS; the rest is kept with the mail.
"""

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local.emulator.pinned import EmulatorChangedError
from local.emulator.senders import SEND


@dataclass(frozen=True)
class Sent:
    """A mail that was accepted."""

    message_id: str
    sender: str
    to: list[str]
    reply_to: list[str]
    subject: str
    text: str
    html: str
    tags: dict[str, str]
    configuration_set: str


Listener = Callable[[Sent], None]


def install(ses: Any, ses_v2: Any, listeners: Sequence[Listener]) -> None:
    for module, name in ((ses_v2, "handle_request"), (ses_v2, "_missing_config_set"), (ses, "_sent_emails_list")):
        if not callable(getattr(module, name, None)):
            raise EmulatorChangedError(f"{name} of SES is gone")
    handle = ses_v2.handle_request

    @functools.wraps(handle)
    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        if method != "POST" or path.rstrip("/") != SEND:
            return await handle(method, path, headers, body, query_params)
        request = json.loads(body or b"{}")
        name = request.get("ConfigurationSetName")
        if name and name not in ses_v2._config_sets:
            return ses_v2._missing_config_set(name)
        answer = await handle(method, path, headers, body, query_params)
        if answer[0] == 200:
            record = ses._sent_emails_list()[-1]
            record["ReplyTo"] = request.get("ReplyToAddresses", [])
            record["Tags"] = {tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])}
            sent = _sent(record, name or "")
            for listener in listeners:
                listener(sent)
        return answer

    ses_v2.handle_request = handle_request


def kept(ses: Any) -> list[dict[str, Any]]:
    """The mails of every account, in no order."""
    return [record for key, records in ses._sent_emails.all_items() if key[-1] == "entries" for record in records]


def _sent(record: dict[str, Any], configuration_set: str) -> Sent:
    return Sent(
        message_id=record["MessageId"],
        sender=record["Source"],
        to=record["To"],
        reply_to=record["ReplyTo"],
        subject=record["Subject"],
        text=record["BodyText"] or "",
        html=record["BodyHtml"] or "",
        tags=record["Tags"],
        configuration_set=configuration_set,
    )
