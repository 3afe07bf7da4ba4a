"""A user of the local stack: posts briefs, waits, opens mailed links, and looks into what happened."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from local.forms import forms
from local.history import events
from local.http import Http, Reply
from local.release import changed_environment
from local.stack import Stack

BRAND, PERSONA = "test-brand", "test-persona"
DEAD_ENDS = frozenset({"failed", "rejected", "expired", "stopped"})


def brief(**changes: Any) -> dict[str, Any]:
    """A brief that is valid for any tenant after ``Driver.set_up_catalog``."""
    return {
        "name": "Spring launch",
        "product": {"name": "Relay", "description": "Incident reviews that write themselves."},
        "goal": "500 trials by the end of April",
        "audience": "SRE leads in companies of 200 people and more",
        "keyMessages": ["Cut review time in half", "No more blank page", "Works with your chat"],
        "callToAction": "Start a free trial",
        "brandId": BRAND,
        "personaIds": [PERSONA],
        "platforms": ["linkedin", "x", "email"],
        "postCount": 12,
        "schedule": {"start": "2027-03-01T09:00:00", "end": "2027-06-30T18:00:00", "timeZone": "Europe/Berlin"},
        "approval": {"reviewers": ["rita@example.com"]},
        **changes,
    }


class Driver:
    """One manager of one tenant."""

    def __init__(self, stack: Stack, tenant: str) -> None:
        self.stack = stack
        self.tenant = tenant
        self.http = Http(stack.token(tenant, "manager"))

    def url(self, path: str) -> str:
        return self.stack.api_url + path

    def set_up_catalog(self) -> None:
        brand = {"name": "Northwind", "tone": ["warm", "plain-spoken"], "voice": "We say hard things plainly."}
        persona = {
            "name": "Maya",
            "role": "Head of customer success",
            "style": "Short sentences. Practical, and a little dry.",
            "examples": ["We fixed the thing nobody liked. Here is how it went."],
        }
        for path, body in ((f"/brands/{BRAND}", brand), (f"/personas/{PERSONA}", persona)):
            reply = self.send("PUT", path, body)
            assert reply.status == 200, reply.text

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        content = None if body is None else json.dumps(body).encode()
        return self.http.send(method, self.url(path), content, {"Content-Type": "application/json", **(headers or {})})

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(self.url(path), **query).json()

    def start(self, **changes: Any) -> str:
        """Post a brief; answers the campaign's id."""
        reply = self.send("POST", "/campaigns", brief(**changes))
        assert reply.status == 202, reply.text
        return str(reply.json()["campaignId"])

    def wait(self, campaign_id: str, *statuses: str, seconds: float = 120) -> dict[str, Any]:
        """The campaign once it is in one of ``statuses``; fails at once when it ends elsewhere."""
        deadline = time.monotonic() + seconds
        while True:
            campaign: dict[str, Any] = self.get(f"/campaigns/{campaign_id}")
            if campaign["status"] in statuses:
                return campaign
            assert campaign["status"] not in DEAD_ENDS, campaign
            assert time.monotonic() < deadline, f"still {campaign['status']} after {seconds} s"
            time.sleep(0.2)

    def wait_for_posts(
        self, campaign_id: str, reached: Callable[[dict[str, int]], bool], seconds: float = 60
    ) -> dict[str, int]:
        """The counts of posts once they are as wanted."""
        deadline = time.monotonic() + seconds
        while True:
            counts: dict[str, int] = self.get(f"/campaigns/{campaign_id}/progress")["posts"]
            if reached(counts):
                return counts
            assert time.monotonic() < deadline, f"the posts are at {counts} after {seconds} s"
            time.sleep(0.1)

    def posts(self, campaign_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": 100}
        while True:
            page = self.get(f"/campaigns/{campaign_id}/posts", **query)
            found += page["items"]
            if not page.get("nextCursor"):
                return found
            query["cursor"] = page["nextCursor"]

    def link(self, campaign_id: str, seconds: float = 60) -> str:
        """The newest approval link that was mailed for the campaign."""
        deadline = time.monotonic() + seconds
        while True:
            asked = {item["SK"].removeprefix("APPROVAL#") for item in self.items(campaign_id, "APPROVAL#")}
            links = [link for mail in self.mails() for link in mail["links"] if _callback_of(link) in asked]
            if links:
                return str(links[0])
            assert time.monotonic() < deadline, f"no link for {campaign_id} was mailed"
            time.sleep(0.2)

    def mails(self) -> list[dict[str, Any]]:
        """The inbox, newest first."""
        items: list[dict[str, Any]] = Http().get(f"{self.stack.info['inboxUrl']}.json").json()["items"]
        return sorted(items, key=lambda mail: str(mail["sentAt"]), reverse=True)

    def decide(self, campaign_id: str, decision: str, comments: str = "") -> Reply:
        """Open the mailed link and submit the page's form, as a browser without JavaScript would."""
        page = Http().get(self.link(campaign_id))
        form = next(form for form in forms(page.text) if form.method == "post")
        return Http().submit(page, form.action, form.filled(decision=decision, comments=comments))

    def stored_posts(self, campaign_id: str) -> list[dict[str, Any]]:
        """The posts in plan order, each with the last claim of its batch."""
        claims = {batch["batchId"]: batch.get("claim") for batch in self.items(campaign_id, "BATCH#")}
        return [post | {"claim": claims[post["batchId"]]} for post in self.items(campaign_id, "POST#")]

    def tend(self) -> None:
        """What the rule does once a minute to open requests for approval, here to all of them."""
        everything = json.dumps({"everything": True}).encode()
        reply = self.stack.client("lambda").invoke(FunctionName="tend-approvals", Payload=everything)
        assert "FunctionError" not in reply, reply["Payload"].read()

    def logged(self) -> str:
        """Every event of every log group: the functions', the workflow's, the API's access log. Metrics are in it."""
        logs = self.stack.client("logs")
        messages: list[str] = []
        for groups in logs.get_paginator("describe_log_groups").paginate():
            for group in groups["logGroups"]:
                for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                    messages += [event["message"] for event in page["events"]]
        return "\n".join(messages)

    def items(self, campaign_id: str, prefix: str = "") -> list[dict[str, Any]]:
        """The campaign's items as they are in the table, numbers as numbers."""
        from boto3.dynamodb.types import TypeDeserializer

        deserialize = TypeDeserializer().deserialize
        pages = (
            self.stack.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.stack.info["table"],
                KeyConditionExpression="PK = :pk AND begins_with(SK, :sk)" if prefix else "PK = :pk",
                ExpressionAttributeValues={
                    ":pk": {"S": f"TENANT#{self.tenant}#CAMPAIGN#{campaign_id}"},
                    **({":sk": {"S": prefix}} if prefix else {}),
                },
                ConsistentRead=True,
            )
        )
        return [{name: deserialize(value) for name, value in item.items()} for page in pages for item in page["Items"]]

    def execution_arn(self, campaign_id: str) -> str:
        machine: str = self.stack.info["stateMachines"]["build"]
        return machine.replace(":stateMachine:", ":execution:") + f":{campaign_id}"

    def execution(self, campaign_id: str, seconds: float = 60) -> dict[str, Any]:
        """The execution once it has ended."""
        states = self.stack.client("stepfunctions")
        deadline = time.monotonic() + seconds
        while True:
            execution: dict[str, Any] = states.describe_execution(executionArn=self.execution_arn(campaign_id))
            if execution["status"] != "RUNNING":
                return execution
            assert time.monotonic() < deadline, f"the execution of {campaign_id} still runs"
            time.sleep(0.2)

    def changed(self, function: str, **variables: str) -> AbstractContextManager[None]:
        """Campaigns started meanwhile meet the Lambda with these environment variables."""
        return changed_environment(self.stack.client, self.stack.info["stateMachines"]["build"], function, **variables)

    def state_inputs(self, campaign_id: str) -> Iterator[tuple[str, str]]:
        """``(state, input)`` of every state entered, in the parent and in the map's children."""
        states = self.stack.client("stepfunctions")
        arn = self.execution_arn(campaign_id)
        arns = [arn, *(child["executionArn"] for child in self._children(arn))]
        for execution_arn in arns:
            yield execution_arn, states.describe_execution(executionArn=execution_arn)["input"]
        for event in events(states, arn):
            if "stateEnteredEventDetails" in event:
                details = event["stateEnteredEventDetails"]
                yield details["name"], details["input"]

    def _children(self, execution_arn: str) -> Iterable[dict[str, Any]]:
        states = self.stack.client("stepfunctions")
        for run in states.list_map_runs(executionArn=execution_arn)["mapRuns"]:
            for page in states.get_paginator("list_executions").paginate(mapRunArn=run["mapRunArn"]):
                yield from page["executions"]


def _callback_of(link: str) -> str:
    return urlsplit(link).path.rsplit("/", 1)[-1]


def most_in_flight(posts: Iterable[dict[str, Any]]) -> int:
    """The largest number of posts that were claimed and not finished at one moment, by their recorded times."""
    moments = [(post["claim"]["claimedAt"], 1) for post in posts] + [(post["completedAt"], -1) for post in posts]
    # At equal times an end comes first: the slot it frees is the one the next claim takes.
    flying = most = 0
    for _, change in sorted(moments, key=lambda moment: (moment[0], moment[1])):
        flying += change
        most = max(most, flying)
    return most
