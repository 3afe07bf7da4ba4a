"""List and replay refused events: the dead-letter queue of the direct invocation.

Works on the local stack and, with ``--aws``, on the account of your credentials. A message is Lambda's report of the
failed invocation (an on-failure destination); its ``requestPayload`` is what was sent.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from local.deploy import LIVE

QUEUE = "campaign-workflow-BuildCampaignDeadLetters"
"""Beginning of the queue's name, which CloudFormation completes; without the stage's prefix."""
FUNCTION = f"build-campaign:{LIVE}"
_IN_HAND_SECONDS = 300
"""How long a received message is hidden if its reader dies before returning it."""
_PAGE = 10
_BACK = frozenset({"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue"})


class DeadLetter(NamedTuple):
    handle: str
    payload: Any
    error: str
    message: str
    key: str
    """Idempotency key: the id of the invocation that failed, or of the message if it does not contain one."""

    @property
    def name(self) -> str:
        """Name of its campaign, if it has one."""
        campaign = self.payload.get("campaign") if isinstance(self.payload, dict) else None
        return str(campaign.get("name", "?")) if isinstance(campaign, dict) else "?"

    @property
    def tenant(self) -> str | None:
        """Its tenant, if it names one."""
        return str(self.payload["tenantId"]) if isinstance(self.payload, dict) and "tenantId" in self.payload else None


class Letters:
    """The messages of a stage's queue. ``prefix`` is the stage's."""

    def __init__(self, sqs: Any, functions: Any, prefix: str = "") -> None:
        self._sqs, self._functions, self._prefix = sqs, functions, prefix
        self._url = self._find(f"{prefix}{QUEUE}")
        self._gone: set[str] = set()

    def _find(self, begins: str) -> str:
        """Raises ``LookupError`` when there is no such queue."""
        urls = self._sqs.list_queues(QueueNamePrefix=begins).get("QueueUrls", [])
        if len(urls) != 1:
            raise LookupError(f"{len(urls) or 'no'} queue{'s begin' if urls else ' begins'} with {begins}")
        return str(urls[0])

    @contextmanager
    def in_hand(self, limit: int) -> Iterator[list[DeadLetter]]:
        """Up to ``limit`` messages, hidden from other readers meanwhile. Those that are not removed become visible
        again at the end."""
        held: list[DeadLetter] = []
        try:
            while len(held) < limit:
                messages = self._receive(min(_PAGE, limit - len(held)))
                if not messages:
                    break
                held += [_letter(message) for message in messages]
            yield held
        finally:
            for letter in held:
                if letter.handle not in self._gone:
                    self._give_back(letter)

    def _receive(self, count: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=count, WaitTimeSeconds=1, VisibilityTimeout=_IN_HAND_SECONDS
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def _give_back(self, letter: DeadLetter) -> None:
        """Make it visible at once."""
        try:
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0)
        except ClientError as error:
            # It was held for so long that it has become visible by itself.
            if error.response["Error"]["Code"] not in _BACK:
                raise

    def replay(self, letter: DeadLetter) -> str | None:
        """Send it again and wait; removes it from the queue if it is accepted, returns the error if it is not.

        After a crash between the two it is still in the queue. Its next replay returns the same campaign, because the
        event is sent with the id of its failed invocation as its idempotency key, unless it has one of its own.
        """
        answer = self._functions.invoke(
            FunctionName=f"{self._prefix}{FUNCTION}", Payload=json.dumps(_once(letter)).encode()
        )
        result = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            return f"{result.get('errorType')}: {result.get('errorMessage')}"
        self.discard(letter)
        return None

    def discard(self, letter: DeadLetter) -> None:
        """Remove it from the queue for good."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)
        self._gone.add(letter.handle)


def _once(letter: DeadLetter) -> Any:
    if not isinstance(letter.payload, dict):
        return letter.payload
    return {"idempotencyKey": letter.key, **letter.payload}


def _letter(message: dict[str, Any]) -> DeadLetter:
    body = json.loads(message["Body"])
    response = body.get("responsePayload") or {}
    invocation = body.get("requestContext", {}).get("requestId")
    return DeadLetter(
        handle=message["ReceiptHandle"],
        payload=body.get("requestPayload", body),
        error=str(response.get("errorType", "unknown")),
        message=str(response.get("errorMessage", "")),
        key=f"invocation:{invocation}" if invocation else f"letter:{message['MessageId']}",
    )
