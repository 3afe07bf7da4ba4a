"""Mail through SES. Action on the sender's identity and on the configuration set: ``ses:SendEmail``."""

import re
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws import error_code, translate_errors
from lambdas.adapters.inline_css import inlined
from lambdas.core.errors import MailRefusedError
from lambdas.core.models.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


_REFUSED = frozenset(
    {
        "AccountSuspendedException",
        "BadRequestException",
        "MailFromDomainNotVerifiedException",
        "MessageRejected",
        "NotFoundException",
        "SendingPausedException",
    }
)
"""Of SendEmail's errors those that sending again does not change (docs.aws.amazon.com/ses/latest/APIReference-V2)."""


_ADDRESS = re.compile(r"[^\s<>,;:\"'()]+@[\w.-]+\w")


class SesMailer:
    """``sender`` is a verified address, alone or as ``Name <address>``: who mails come from that name no sender.

    ``configuration_set`` is where SES reports bounces and complaints to; without it nobody hears of them.
    """

    def __init__(self, client: "SESV2Client", sender: str, configuration_set: str = "") -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    @translate_errors()
    def send(self, mail: Mail) -> None:
        """Raises ``MailRefusedError`` when SES refuses for good: an address it suppresses, a sender not verified."""
        request = self._request(mail)
        try:
            self._client.send_email(**request)
        except ClientError as error:
            if error_code(error) not in _REFUSED:
                raise
            message = _without_addresses(error.response["Error"].get("Message", ""), request["FromEmailAddress"])
            raise MailRefusedError(f"{error_code(error)}: {message}") from None

    def _request(self, mail: Mail) -> dict[str, Any]:
        sender, reply_to = self._sender, None
        if mail.sender:
            sender, reply_to = formataddr((mail.sender.name or "", mail.sender.address)), mail.sender.reply_to
        request: dict[str, Any] = {
            "FromEmailAddress": sender,
            "Destination": {"ToAddresses": [mail.to]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": mail.text, "Charset": "UTF-8"},
                        "Html": {"Data": inlined(mail.html), "Charset": "UTF-8"},
                    },
                }
            },
            "EmailTags": [{"Name": name, "Value": value} for name, value in mail.tags.items()],
        }
        if reply_to:
            request["ReplyToAddresses"] = [reply_to]
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request


def _without_addresses(message: str, sender: str) -> str:
    """SES quotes addresses in its errors, and errors are logged."""
    return _ADDRESS.sub("[address]", message.replace(parseaddr(sender)[1], "the sender"))
