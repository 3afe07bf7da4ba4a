"""The request SES is sent, and what its refusals say."""

from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.adapters.aws.ses_mailer import SesMailer
from lambdas.domain.errors import DependencyUnavailableError, MailRefusedError, ThrottledError
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.tenant import Sender


def ses() -> Any:
    return boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def mail(**changes: Any) -> Mail:
    fields: dict[str, Any] = {"to": "ann@example.com", "subject": "Größe", "text": "text", "html": "<p>html</p>"}
    return Mail(**(fields | {"tags": {"campaignId": "01C"}} | changes))


def request_for(sent: Mail, configuration_set: str = "") -> dict[str, Any]:
    client, seen = ses(), list[dict[str, Any]]()
    client.meta.events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: seen.append(params))
    with Stubber(client) as stub:
        stub.add_response("send_email", {"MessageId": "1"})
        SesMailer(client, "Campaigns <c@example.com>", configuration_set).send(sent)
    return seen[0]


def test_sends_both_bodies_and_the_tags() -> None:
    html = "<html><head></head><body><p>html</p></body></html>"
    assert request_for(mail(), "mails") == {
        "FromEmailAddress": "Campaigns <c@example.com>",
        "Destination": {"ToAddresses": ["ann@example.com"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Größe", "Charset": "UTF-8"},
                "Body": {"Text": {"Data": "text", "Charset": "UTF-8"}, "Html": {"Data": html, "Charset": "UTF-8"}},
            }
        },
        "EmailTags": [{"Name": "campaignId", "Value": "01C"}],
        "ConfigurationSetName": "mails",
    }


def test_the_style_sheet_is_on_the_elements_it_is_for() -> None:
    page = "<html><head><style>p { color: red } .x { margin: 0 }</style></head><body><p class='x'>a</p></body></html>"
    html = request_for(mail(html=page))["Content"]["Simple"]["Body"]["Html"]["Data"]
    assert "<style" not in html
    assert 'style="color: red;margin: 0"' in html.replace("; ", ";").replace(';"', '"')


@pytest.mark.parametrize(
    "name",
    [
        "Northwind",
        "Café Müller & Söhne",
        'Smith, "Jones" <evil@other.example>',
        "Bäckerei am Rathausplatz mit einem ganz besonders langen Namen",
        "日本語のとても長いブランド名" * 3,
    ],
)
def test_a_mail_in_a_brands_name_keeps_the_verified_address(name: str) -> None:
    sender = request_for(mail(in_name_of=name))["FromEmailAddress"]
    assert sender.isascii()
    assert len(sender) < 320
    assert all(len(word) <= 75 for word in sender.split(" ") if word.startswith("=?"))
    shown, address = parseaddr(sender)
    assert address == "c@example.com"
    assert str(make_header(decode_header(shown))) == name


def test_no_name_brings_another_header() -> None:
    sender = request_for(mail(in_name_of="Acme\r\nBcc: eve@example.com\x00"))["FromEmailAddress"]
    assert sender == '"Acme Bcc: eve@example.com" <c@example.com>'
    own = Sender.from_wire({"address": "hi@acme.example", "name": "Acme Campaigns"})
    assert request_for(mail(sender=own, in_name_of="Acme"))["FromEmailAddress"] == "Acme <hi@acme.example>"


def test_a_tenants_sender_goes_before_the_deployments() -> None:
    own = Sender.from_wire({"address": "hi@acme.example", "name": "Ärzte & Söhne", "replyTo": "re@acme.example"})
    request = request_for(mail(sender=own))
    assert request["FromEmailAddress"] == "=?utf-8?b?w4RyenRlICYgU8O2aG5l?= <hi@acme.example>"
    assert request["ReplyToAddresses"] == ["re@acme.example"]
    plain = request_for(mail(sender=Sender.from_wire({"address": "hi@acme.example"})))
    assert plain["FromEmailAddress"] == "hi@acme.example"
    assert "ReplyToAddresses" not in plain


def test_a_refusal_is_permanent_and_names_no_address() -> None:
    client = ses()
    said = "Email address is not verified: hi@acme.example, ann@example.com"
    with Stubber(client) as stub:
        stub.add_client_error("send_email", "MessageRejected", said, http_status_code=400)
        with pytest.raises(MailRefusedError) as refused:
            SesMailer(client, "c@example.com").send(mail(sender=Sender.from_wire({"address": "hi@acme.example"})))
        assert refused.value.message == "MessageRejected: Email address is not verified: the sender, [address]"
        assert refused.value.__cause__ is None
        stub.add_client_error("send_email", "TooManyRequestsException", http_status_code=429)
        with pytest.raises(ThrottledError):
            SesMailer(client, "c@example.com").send(mail())


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("LimitExceededException", 400, ThrottledError),
        ("ThrottlingException", 400, ThrottledError),
        ("AccessDeniedException", 403, MailRefusedError),
        ("NotFoundException", 404, MailRefusedError),
        ("InternalServerError", 500, DependencyUnavailableError),
        ("ServiceUnavailable", 503, DependencyUnavailableError),
    ],
)
def test_not_now_no_and_nobody_knows_are_told_apart(code: str, status: int, raised: type[Exception]) -> None:
    client = ses()
    with Stubber(client) as stub:
        stub.add_client_error("send_email", code, http_status_code=status)
        with pytest.raises(raised):
            SesMailer(client, "c@example.com").send(mail())
