"""Alerts as messages of an SNS topic. Action on the topic: ``sns:Publish``."""

import json
from typing import TYPE_CHECKING

from lambdas.adapters.aws.clients import translate_errors
from lambdas.adapters.telemetry import scrub
from lambdas.domain.models.mail import Alert

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_SUBJECT_CHARS = 100
"""Publish (2026-06, docs.aws.amazon.com/sns/latest/api/API_Publish.html): printable ASCII, no line breaks."""


class SnsAlerts:
    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic = topic_arn

    @translate_errors()
    def send(self, alert: Alert) -> None:
        subject = f"Campaign {alert.campaign_id} {alert.status}: {alert.failure.code}"
        self._client.publish(
            TopicArn=self._topic,
            Subject=subject.encode("ascii", "replace").decode()[:_SUBJECT_CHARS],
            Message=json.dumps(scrub(alert.to_wire()), ensure_ascii=False, indent=2),
            MessageAttributes={"code": {"DataType": "String", "StringValue": alert.failure.code}},
        )
