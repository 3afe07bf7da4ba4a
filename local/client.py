"""A client of a running stack, for the demo, the measurements and the tests: on this machine or in an AWS account.

``Client`` acts as a manager of one tenant, who submits briefs, waits and reads. It can also read what only an operator
of the stack may read (executions, Lambdas, the table), with the credentials of ``Target``. Unexpected answers raise
``StackError`` with what was answered; all waiting has a time limit.
"""

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer

from local.aws import events
from local.dead_letters import Letters
from local.http import Form, Http, Reply, StackError, forms
from local.reviewers import Inbox, Links, OperatorLinks
from local.target import Target

DEAD_ENDS = frozenset({"failed", "rejected", "expired", "stopped", "deleting"})
PAGE = 100
T = TypeVar("T")


class CampaignEndedError(StackError):
    """The campaign ended with another status than the expected one; ``status`` is that status."""

    def __init__(self, campaign: dict[str, Any]) -> None:
        error = campaign.get("error")
        why = f": {error.get('step') or 'unknown step'}: {error['code']}: {error['message']}" if error else ""
        super().__init__(f"campaign {campaign['campaignId']} is {campaign['status']}{why}")
        self.status = str(campaign["status"])


class TooLateError(StackError):
    """The expected event did not happen in time."""


class InvocationError(StackError):
    """A Lambda raised an error; ``error_type`` is its class name."""

    def __init__(self, function: str, answer: dict[str, Any]) -> None:
        self.error_type, self.message = str(answer.get("errorType")), str(answer.get("errorMessage"))
        super().__init__(f"{function} raised {self.error_type}: {self.message}")


def until(found: Callable[[], T | None], what: str, seconds: float = 60, every: float = 0.2) -> T:
    """The result of ``found``, once it is true; raises ``TooLateError`` with the text ``what``."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise TooLateError(f"{what} after {seconds:.0f} s")
        time.sleep(every)
    return answer


class Client:
    """``patience`` multiplies every time limit: what takes milliseconds locally may take a cold start on AWS.

    ``aws`` returns boto3 clients by service; each is created once.
    """

    def __init__(self, target: Target, tenant: str, role: str = "manager", *, patience: float = 1) -> None:
        self.target, self.tenant, self.patience = target, tenant, patience
        self.aws = cache(target.client)
        self.http = Http(target.token(tenant, role))
        self.inbox = Inbox(target.info["inboxUrl"]) if "inboxUrl" in target.info else None
        self._links: Links = self.inbox or OperatorLinks(target, tenant)

    def url(self, path: str) -> str:
        return self.target.api_url + path

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Send any request to the API, accept any answer."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return self.http.send(method, self.url(path), content, {"Content-Type": "application/json", **(headers or {})})

    def get(self, path: str, **query: Any) -> Any:
        """The API's answer; raises ``UnexpectedReplyError``, as the next two do."""
        return self.http.get(self.url(path), **query).json()

    def pages(self, path: str, items: str = "items", **query: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list of the API; ``items`` is the field of the answer that contains them."""
        query = {"limit": PAGE, **query}
        while True:
            page = self.get(path, **query)
            yield from page[items]
            if not page.get("nextCursor"):
                return
            query["cursor"] = page["nextCursor"]

    def submit(self, brief: dict[str, Any], **headers: str) -> Reply:
        """``POST /campaigns``; the answer contains ``campaignId``."""
        return self.http.post(self.url("/campaigns"), brief, expect=202, headers=headers)

    def campaign(self, campaign_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/campaigns/{campaign_id}")
        return found

    def posts(self, campaign_id: str) -> list[dict[str, Any]]:
        """In plan order."""
        return list(self.pages(f"/campaigns/{campaign_id}/posts"))

    def approvals(self, campaign_id: str) -> list[dict[str, Any]]:
        """Its requests for approval, oldest first."""
        found: list[dict[str, Any]] = self.get(f"/campaigns/{campaign_id}/approvals")["items"]
        return found

    def wait(
        self,
        campaign_id: str,
        *statuses: str,
        seconds: float = 120,
        tell: Callable[[dict[str, Any]], None] | None = None,
        every: float = 0.2,
    ) -> dict[str, Any]:
        """The campaign once it has one of ``statuses``; ``tell`` is called with its progress meanwhile.

        Raises ``CampaignEndedError`` as soon as it ends with another status, and ``TooLateError``.
        """
        deadline = time.monotonic() + seconds * self.patience
        while True:
            progress = self.get(f"/campaigns/{campaign_id}/progress")
            if tell:
                tell(progress)
            if progress["status"] in statuses:
                return self.campaign(campaign_id)
            if progress["status"] in DEAD_ENDS:
                raise CampaignEndedError(self.campaign(campaign_id))
            if time.monotonic() > deadline:
                where = f"{progress['status']} at {progress['currentStep']}"
                wanted = " or ".join(statuses)
                raise TooLateError(f"campaign {campaign_id} is not {wanted} after {seconds:.0f} s: it is {where}")
            time.sleep(every)

    def mails(self) -> list[dict[str, Any]]:
        """The local inbox, newest first; ``StackError`` if the stack has none."""
        if self.inbox is None:
            raise StackError("the mails of this stack go to their recipients; only a local stack has an inbox")
        return self.inbox.mails()

    def link(self, campaign_id: str, seconds: float = 60, every: float = 0.2) -> str:
        """A reviewer's link to the campaign's newest request for approval."""
        what = f"no link for campaign {campaign_id} was mailed"
        return until(lambda: self._links.newest(campaign_id), what, seconds * self.patience, every)

    @staticmethod
    def form(page: Reply) -> Form:
        """The form on a reviewer's page."""
        offered = [form for form in forms(page.text) if form.method == "post"]
        if not offered:
            raise StackError("the approval page has no form")
        return offered[0]

    def answer(self, link: str, decision: str, comments: str = "", page: Reply | None = None) -> Reply:
        """Send the form of the linked page, as a browser without JavaScript would; opens it unless it is given.

        Where the page asks whether posts that were not opened are approved as well, they are.
        """
        page = page or Http().get(link)
        form = self.form(page)
        reply = Http().submit(page, form.action, form.filled(decision=decision, comments=comments))
        asked = [form for form in forms(reply.text) if "confirmed" in form.choices]
        return Http().submit(reply, asked[0].action, asked[0].filled(confirmed="yes")) if asked else reply

    def decide(self, campaign_id: str, decision: str, comments: str = "") -> Reply:
        """Answer the campaign's newest request."""
        return self.answer(self.link(campaign_id), decision, comments)

    # The following methods need permissions in the account, not a token.

    def execution_arn(self, campaign_id: str) -> str:
        """The ARN of the campaign's first execution, whose name is the campaign's id."""
        machine: str = self.target.info["stateMachines"]["build"]
        return machine.replace(":stateMachine:", ":execution:") + f":{campaign_id}"

    def execution(self, campaign_id: str, seconds: float = 60, every: float = 0.2) -> dict[str, Any]:
        """The first execution, as Step Functions describes it once it has ended."""
        states, arn = self.aws("stepfunctions"), self.execution_arn(campaign_id)

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = states.describe_execution(executionArn=arn)
            return None if described["status"] == "RUNNING" else described

        return until(ended, f"the execution of {campaign_id} still runs", seconds * self.patience, every)

    def events(self, execution_arn: str) -> list[dict[str, Any]]:
        """The execution's history, oldest first."""
        return events(self.aws("stepfunctions"), execution_arn)

    def function(self, name: str) -> str:
        """The ARN of the Lambda's alias ``live``."""
        return f"{self.target.info['functions'][name]}:live"

    def invoke(self, function: str, payload: Any = None, *, wait: bool = True) -> Any:
        """The Lambda's answer; nothing for an asynchronous invocation. Raises ``InvocationError``."""
        answer = self.aws("lambda").invoke(
            FunctionName=self.function(function),
            InvocationType="RequestResponse" if wait else "Event",
            Payload=json.dumps(payload or {}).encode(),
        )
        result = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise InvocationError(function, result)
        return result

    def letters(self) -> Letters:
        """Refused direct invocations."""
        return Letters(self.aws("sqs"), self.aws("lambda"), self.target.info["prefix"])

    def items(self, campaign_id: str, prefix: str = "") -> list[dict[str, Any]]:
        """The campaign's items from the table, with numbers as numbers."""
        deserialize = TypeDeserializer().deserialize
        values = {":pk": {"S": f"TENANT#{self.tenant}#CAMPAIGN#{campaign_id}"}}
        pages = (
            self.aws("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.target.info["table"],
                KeyConditionExpression="PK = :pk AND begins_with(SK, :sk)" if prefix else "PK = :pk",
                ExpressionAttributeValues={**values, **({":sk": {"S": prefix}} if prefix else {})},
                ConsistentRead=True,
            )
        )
        return [{name: deserialize(value) for name, value in item.items()} for page in pages for item in page["Items"]]
