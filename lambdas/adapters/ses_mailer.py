"""Mail through SES. Action on the sender's identity: ``ses:SendEmail``."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.aws import error_code, translate_errors
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


class SesMailer:
    """``sender`` is a verified address, alone or as ``Name <address>``."""

    def __init__(self, client: "SESV2Client", sender: str) -> None:
        self._client = client
        self._sender = sender

    @translate_errors()
    def send(self, mail: Mail) -> None:
        """Raises ``MailRefusedError`` when SES refuses for good: an address it suppresses, a sender not verified."""
        try:
            self._send(mail)
        except ClientError as error:
            if error_code(error) not in _REFUSED:
                raise
            raise MailRefusedError(f"{error_code(error)}: {error.response['Error'].get('Message', '')}") from error

    def _send(self, mail: Mail) -> None:
        self._client.send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [mail.to]},
            Content={
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": mail.text, "Charset": "UTF-8"},
                        "Html": {"Data": mail.html, "Charset": "UTF-8"},
                    },
                }
            },
            EmailTags=[{"Name": name, "Value": value} for name, value in mail.tags.items()],
        )
