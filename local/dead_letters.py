"""Bring back what was refused: list and replay the dead-letter queue of the direct invocation.

Works on the local stack and, with ``--aws``, on the account of your credentials. The message is Lambda's
account of the failed invocation (an on-failure destination): its ``requestPayload`` is what was sent.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

QUEUE = "BuildCampaignDeadLetters"
FUNCTION = "build-campaign"
_IN_HAND_SECONDS = 30
"""A message that is listed comes back to the queue after this long."""


class DeadLetter(NamedTuple):
    handle: str
    payload: Any
    error: str
    message: str


def queue_url(sqs: Any) -> str:
    """Raises ``LookupError`` when there is no such queue."""
    urls = [url for page in sqs.get_paginator("list_queues").paginate() for url in page.get("QueueUrls", [])]
    found = [url for url in urls if QUEUE in url]
    if not found:
        raise LookupError(f"there is no queue whose name has {QUEUE} in it")
    return str(found[0])


def letters(sqs: Any, url: str, limit: int = 100) -> Iterator[DeadLetter]:
    """Up to ``limit`` messages; each stays in the queue until it is replayed."""
    for _ in range(-(-limit // 10)):
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=_IN_HAND_SECONDS
        )
        if not answer.get("Messages"):
            return
        for message in answer["Messages"]:
            yield _letter(message)


def _letter(message: dict[str, Any]) -> DeadLetter:
    body = json.loads(message["Body"])
    response = body.get("responsePayload") or {}
    return DeadLetter(
        handle=message["ReceiptHandle"],
        payload=body.get("requestPayload", body),
        error=str(response.get("errorType", "unknown")),
        message=str(response.get("errorMessage", "")),
    )


def replay(sqs: Any, functions: Any, url: str, letter: DeadLetter) -> str | None:
    """Send it again and wait; removes it from the queue when it is accepted, answers the error when it is not.

    A campaign that was started meanwhile is not started twice where the payload names its ``campaignId``.
    """
    answer = functions.invoke(FunctionName=FUNCTION, Payload=json.dumps(letter.payload).encode())
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        return f"{result.get('errorType')}: {result.get('errorMessage')}"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=letter.handle)
    return None
