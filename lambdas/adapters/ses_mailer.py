"""Mail through SES. Action on the sender's identity: ``ses:SendEmail``."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws import translate_errors
from lambdas.core.models.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SesMailer:
    """``sender`` is a verified address, alone or as ``Name <address>``."""

    def __init__(self, client: "SESV2Client", sender: str) -> None:
        self._client = client
        self._sender = sender

    @translate_errors()
    def send(self, mail: Mail) -> None:
        """A refusal for good (an address SES suppresses, a sender not verified) is botocore's ``ClientError``."""
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
