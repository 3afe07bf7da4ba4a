"""Mail through SES. Action on the sender's identity and on the configuration set: ``ses:SendEmail``."""

import re
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, meaning, translate_errors
from lambdas.adapters.inline_css import inlined
from lambdas.domain.errors import MailRefusedError, ThrottledError
from lambdas.domain.models.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


_NOT_NOW = frozenset({"LimitExceededException"})
"""Of SendEmail's errors one that the shared list of throttling does not have
(docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html)."""


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
        """One attempt. Raises ``ThrottledError`` when SES says "not now", and ``MailRefusedError`` when it refuses for
        good: an address it suppresses, a sender not verified, a right that is missing. After any other error nobody
        knows whether the mail goes out.
        """
        request = self._request(mail)
        try:
            self._client.send_email(**request)
        except ClientError as error:
            if error_code(error) in _NOT_NOW:
                raise ThrottledError(error_code(error)) from None
            if meaning(error):
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
