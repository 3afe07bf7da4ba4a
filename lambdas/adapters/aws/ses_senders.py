"""The identities that SES has verified. Action on them: ``ses:GetEmailIdentity``.

All tenants share one SES account, so an identity says whose it is by its tag ``tenantId``: nobody can send in the name
of another tenant. ``aws sesv2 create-email-identity --email-identity acme.example --tags Key=tenantId,Value=acme``
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.domain.ids import TenantId

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import GetEmailIdentityResponseTypeDef

OWNER_TAG = "tenantId"


class SesSenders:
    def __init__(self, client: "SESV2Client") -> None:
        self._client = client

    @translate_errors()
    def refusal(self, tenant_id: TenantId, address: str) -> str | None:
        """The identity of the address decides, or else the one of its domain."""
        identity = self._identity(address) or self._identity(address.rpartition("@")[2])
        tags = {tag["Key"]: tag["Value"] for tag in identity.get("Tags", [])} if identity else {}
        if identity is None or tags.get(OWNER_TAG) != tenant_id:
            # The same words for both: whose an address is does not concern anybody else.
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
