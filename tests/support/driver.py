"""What tests do with a running stack beyond ``local.client``: briefs of their own, and a look into what happened."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from local.client import Client, until
from local.deploy import release
from local.stack import Stack
from local.target import Target

BRAND, PERSONA = "test-brand", "test-persona"
BRAND_BODY = {"name": "Northwind", "tone": ["warm", "plain-spoken"], "voice": "We say hard things plainly."}
PERSONA_BODY = {
    "name": "Maya",
    "role": "Head of customer success",
    "style": "Short sentences. Practical, and a little dry.",
    "examples": ["We fixed the thing nobody liked. Here is how it went."],
}


def brief(**changes: Any) -> dict[str, Any]:
    """A brief that is valid for any tenant after ``Author.set_up_catalog``."""
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


class Author(Client):
    """A client with a brand, a persona and a brief of its own; works on any stack."""

    def __init__(self, target: Target, tenant: str, *, patience: float = 1, **usual: Any) -> None:
        super().__init__(target, tenant, patience=patience)
        self.usual = usual

    def brief(self, **changes: Any) -> dict[str, Any]:
        """The tests' brief, with what is usual for this author and with ``changes``."""
        return brief(**(self.usual | changes))

    def set_up_catalog(self) -> None:
        for path, body in ((f"/brands/{BRAND}", BRAND_BODY), (f"/personas/{PERSONA}", PERSONA_BODY)):
            reply = self.send("PUT", path, body)
            assert reply.status == 200, reply.text

    def start(self, **changes: Any) -> str:
        """Post a brief; answers the campaign's id."""
        return str(self.submit(self.brief(**changes)).json()["campaignId"])


class Driver(Author):
    """One manager of one tenant of the tests' local stack."""

    def __init__(self, stack: Stack, tenant: str) -> None:
        super().__init__(stack, tenant)
        self.stack = stack

    def wait_for_posts(
        self, campaign_id: str, reached: Callable[[dict[str, int]], bool], seconds: float = 60
    ) -> dict[str, int]:
        """The counts of posts once they are as wanted."""

        def counts() -> dict[str, int] | None:
            found: dict[str, int] = self.get(f"/campaigns/{campaign_id}/progress")["posts"]
            return found if reached(found) else None

        return until(counts, f"the posts of {campaign_id} are not as wanted", seconds, every=0.1)

    def newer_link(self, campaign_id: str, old: str, seconds: float = 60) -> str:
        """The newest link that was mailed, once it is another than ``old``."""

        def newer() -> str | None:
            link = self.link(campaign_id)
            return link if link != old else None

        return until(newer, "nobody was asked anew", seconds)

    def stored_posts(self, campaign_id: str) -> list[dict[str, Any]]:
        """The posts in plan order, each with the last claim of its batch."""
        claims = {batch["batchId"]: batch.get("claim") for batch in self.items(campaign_id, "BATCH#")}
        return [post | {"claim": claims[post["batchId"]]} for post in self.items(campaign_id, "POST#")]

    def record(self, campaign_id: str) -> dict[str, Any]:
        """The campaign's own item, without those beside it."""
        return next(item for item in self.items(campaign_id, "CAMPAIGN") if item["SK"] == "CAMPAIGN")

    def tend(self) -> None:
        """What the rule does once a minute to open requests for approval, here to all of them."""
        self.invoke("sweep-approvals", {"everything": True})

    def logged(self) -> str:
        """Every event of every log group: the functions', the workflow's, the API's access log. Metrics are in it."""
        logs = self.stack.client("logs")
        messages: list[str] = []
        for groups in logs.get_paginator("describe_log_groups").paginate():
            for group in groups["logGroups"]:
                for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                    messages += [event["message"] for event in page["events"]]
        return "\n".join(messages)

    @contextmanager
    def changed(self, function: str, **variables: str) -> Iterator[None]:
        """Campaigns started meanwhile meet the Lambda with these environment variables."""
        lambdas, machine = self.stack.client("lambda"), self.stack.info["stateMachines"]["build"]
        before = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": before | variables})
        release(self.stack.client, machine, [function])
        try:
            yield
        finally:
            lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": before})
            release(self.stack.client, machine, [function])

    def state_inputs(self, campaign_id: str) -> Iterator[tuple[str, str]]:
        """``(state, input)`` of every state entered, in the parent and in the map's children."""
        states = self.stack.client("stepfunctions")
        arn = self.execution_arn(campaign_id)
        arns = [arn, *(child["executionArn"] for child in self._children(arn))]
        for execution_arn in arns:
            yield execution_arn, states.describe_execution(executionArn=execution_arn)["input"]
        for event in self.events(arn):
            if "stateEnteredEventDetails" in event:
                details = event["stateEnteredEventDetails"]
                yield details["name"], details["input"]

    def _children(self, execution_arn: str) -> Iterable[dict[str, Any]]:
        states = self.stack.client("stepfunctions")
        for run in states.list_map_runs(executionArn=execution_arn)["mapRuns"]:
            for page in states.get_paginator("list_executions").paginate(mapRunArn=run["mapRunArn"]):
                yield from page["executions"]


def most_in_flight(posts: Iterable[dict[str, Any]]) -> int:
    """The largest number of posts that were claimed and not finished at one moment, by their recorded times."""
    moments = [(post["claim"]["claimedAt"], 1) for post in posts] + [(post["completedAt"], -1) for post in posts]
    # At equal times an end comes first: the slot it frees is the one the next claim takes.
    flying = most = 0
    for _, change in sorted(moments, key=lambda moment: (moment[0], moment[1])):
        flying += change
        most = max(most, flying)
    return most
