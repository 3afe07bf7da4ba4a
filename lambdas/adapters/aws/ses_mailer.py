"""Mail through SES, and the identities that SES has verified.

Actions: ``ses:SendEmail`` on the sender's identity and on the configuration set, ``ses:GetEmailIdentity``.

All tenants share one SES account, so the tag ``tenantId`` of an identity says whose it is: no tenant can send in the
name of another. ``aws sesv2 create-email-identity --email-identity acme.example --tags Key=tenantId,Value=acme``
"""

import re
from email.header import Header
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, meaning, translate_errors
from lambdas.domain.errors import MailRefusedError, ThrottledError
from lambdas.domain.ids import TenantId
from lambdas.domain.models.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import GetEmailIdentityResponseTypeDef


_NOT_NOW = frozenset({"LimitExceededException"})
"""A temporary error of SendEmail that is not in the shared list of throttling errors
(docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html)."""


MAX_NAME = 64
"""Characters of a sender's name: more than mail programs show."""
MAX_WORD = 75
"""Characters of an encoded word."""
MAX_ENCODED = 240
"""Characters of the same as encoded words: three or four of them."""

_ADDRESS = re.compile(r"[^\s<>,;:\"'()]+@[\w.-]+\w")


class SesMailer:
    """``sender`` is a verified address, alone or as ``Name <address>``; it is used for mails that name no sender.

    SES reports bounces and complaints to the destinations of ``configuration_set``; without it they are not reported.
    """

    def __init__(self, client: "SESV2Client", sender: str, configuration_set: str = "") -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    @translate_errors()
    def send(self, mail: Mail) -> None:
        """One attempt. Raises ``ThrottledError`` if SES is too busy, and ``MailRefusedError`` if it refuses for good: a
        suppressed address, an unverified sender, a missing permission. After any other error it is unknown whether
        the mail was sent."""
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
        name, address = parseaddr(self._sender)
        if mail.sender:
            name, address = mail.sender.name or "", mail.sender.address
        reply_to = mail.sender.reply_to if mail.sender else None
        request: dict[str, Any] = {
            "FromEmailAddress": _from(mail.in_name_of or name, address),
            "Destination": {"ToAddresses": [mail.to]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": mail.text, "Charset": "UTF-8"},
                        "Html": {"Data": _inlined(mail.html), "Charset": "UTF-8"},
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


def _from(name: str, address: str) -> str:
    """``Name <address>``, whatever the name: in one line, quoted where it has to be, and in encoded words where it is
    not ASCII, which SES demands (docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html).

    An encoded word has no more than ``MAX_WORD`` (RFC 2047, section 2), so a long name takes several.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:MAX_NAME]
    if plain.isascii():
        return formataddr((plain, address))
    while (
        len(encoded := Header(plain, "utf-8", maxlinelen=MAX_WORD).encode(linesep="").replace("\t", " ")) > MAX_ENCODED
    ):
        plain = plain[:-1]
    return f"{encoded} <{address}>"


def _without_addresses(message: str, sender: str) -> str:
    """SES quotes addresses in its error messages, and errors are logged."""
    return _ADDRESS.sub("[address]", message.replace(parseaddr(sender)[1], "the sender"))


def _inlined(html: str) -> str:
    """``html`` with the rules of its ``<style>`` elements moved to the elements, because many mail programs ignore
    style sheets."""
    # Imported here, because it takes 40 ms: only functions that mail need it.
    from css_inline import inline

    return inline(html, load_remote_stylesheets=False)


OWNER_TAG = "tenantId"


class SesSenders:
    def __init__(self, client: "SESV2Client") -> None:
        self._client = client

    @translate_errors()
    def refusal(self, tenant_id: TenantId, address: str) -> str | None:
        """The identity of the address decides, or otherwise the one of its domain."""
        identity = self._identity(address) or self._identity(address.rpartition("@")[2])
        tags = {tag["Key"]: tag["Value"] for tag in identity.get("Tags", [])} if identity else {}
        if identity is None or tags.get(OWNER_TAG) != tenant_id:
            # The same message in both cases, so that a tenant cannot find out whose an address is.
            return "is not an address of this tenant's; whoever runs the deployment registers it with the mail service"
        if not identity.get("VerifiedForSendingStatus"):
            return "is not verified yet; follow the link in the mail service's message to it"
        return None

    def _identity(self, name: str) -> "GetEmailIdentityResponseTypeDef | None":
        try:
            return self._client.get_email_identity(EmailIdentity=name)
        except ClientError as error:
            if error_code(error) != "NotFoundException":
                raise
            return None
