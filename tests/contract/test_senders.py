"""What ``Senders`` promises, of the fake and of SES. moto keeps an identity's tags elsewhere, so SES is stubbed."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.adapters.aws.ses_mailer import SesSenders
from lambdas.domain.errors import ThrottledError
from lambdas.ports.services import Senders
from tests.contract.samples import ACME, GLOBEX
from tests.fakes import MemorySenders

Build = Callable[[dict[str, str], set[str]], Senders]
"""From owners by identity, and those not verified."""


def in_memory(owners: dict[str, str], unverified: set[str]) -> Senders:
    senders = MemorySenders()
    senders.owners = {name: GLOBEX if owner == GLOBEX else ACME for name, owner in owners.items()}
    senders.unverified = unverified
    return senders


class Identities:
    """``GetEmailIdentity`` of a few identities, with SES's own errors."""

    def __init__(self, owners: dict[str, str], unverified: set[str]) -> None:
        self._owners, self._unverified = owners, unverified
        self._client = boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")

    def get_email_identity(self, EmailIdentity: str) -> Any:  # noqa: N803 - boto3's name
        with Stubber(self._client) as stub:
            if EmailIdentity not in self._owners:
                stub.add_client_error("get_email_identity", "NotFoundException", http_status_code=404)
            else:
                tags = [{"Key": "tenantId", "Value": self._owners[EmailIdentity]}]
                verified = EmailIdentity not in self._unverified
                stub.add_response("get_email_identity", {"Tags": tags, "VerifiedForSendingStatus": verified})
            return self._client.get_email_identity(EmailIdentity=EmailIdentity)


def in_ses(owners: dict[str, str], unverified: set[str]) -> Senders:
    client: Any = Identities(owners, unverified)
    return SesSenders(client)


@pytest.fixture(params=[in_memory, in_ses])
def build(request: pytest.FixtureRequest) -> Build:
    made: Build = request.param
    return made


def test_an_address_or_its_domain_belongs_to_a_tenant(build: Build) -> None:
    senders = build({"hi@acme.example": "acme", "acme.test": "acme"}, set())
    assert senders.refusal(ACME, "hi@acme.example") is None
    assert senders.refusal(ACME, "any@acme.test") is None
    for refused in ("hi@elsewhere.example", "hi@sub.acme.test", "HI@elsewhere.example"):
        assert "not an address of this tenant's" in str(senders.refusal(ACME, refused))


def test_another_tenants_address_is_like_one_that_is_not_there(build: Build) -> None:
    senders = build({"hi@acme.example": "acme"}, set())
    assert senders.refusal(GLOBEX, "hi@acme.example") == senders.refusal(GLOBEX, "nobody@nowhere.example")


def test_an_address_has_to_be_confirmed(build: Build) -> None:
    senders = build({"hi@acme.example": "acme"}, {"hi@acme.example"})
    assert "not verified yet" in str(senders.refusal(ACME, "hi@acme.example"))


def test_a_limit_of_ses_passes() -> None:
    client = boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        stub.add_client_error("get_email_identity", "TooManyRequestsException", http_status_code=429)
        with pytest.raises(ThrottledError):
            SesSenders(client).refusal(ACME, "hi@acme.example")
