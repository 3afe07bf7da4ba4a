"""The request SES is sent."""

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.adapters.ses_mailer import SesMailer
from lambdas.core.errors import ThrottledError
from lambdas.core.models.mail import Mail


def test_sends_both_bodies_and_the_tags() -> None:
    client = boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    mailer = SesMailer(client, "Campaigns <c@example.com>")
    mail = Mail(to="ann@example.com", subject="Größe", text="text", html="<p>html</p>", tags={"campaignId": "01C"})
    expected = {
        "FromEmailAddress": "Campaigns <c@example.com>",
        "Destination": {"ToAddresses": ["ann@example.com"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Größe", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "text", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>html</p>", "Charset": "UTF-8"},
                },
            }
        },
        "EmailTags": [{"Name": "campaignId", "Value": "01C"}],
    }
    with Stubber(client) as stub:
        stub.add_response("send_email", {"MessageId": "1"}, expected)
        mailer.send(mail)
        stub.add_client_error("send_email", "TooManyRequestsException", http_status_code=429)
        with pytest.raises(ThrottledError):
            mailer.send(mail)
