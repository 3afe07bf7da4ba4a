"""One campaign from the brief to its approval, with a scripted reviewer.

``Demo.run`` does what a person would do, step by step; ``demo_view`` shows the steps. Everything goes through the API,
except that the manager's token is signed locally, and that the inbox and the execution's history are read directly.
"""

import json
from pathlib import Path
from typing import Any, Protocol

from local.aws import StateVisit, visits
from local.client import Client, until
from local.http import Http, Reply, StackError
from local.process import ROOT
from local.target import Target

EXAMPLES = ROOT / "examples"
TENANT, ROLE = "acme", "manager"
_POLL_SECONDS = 0.3
_PLAN_SECONDS = 300.0
_MAIL_SECONDS = 30.0
_DECISION_SECONDS = 60.0


class View(Protocol):
    """How the demo reports its progress."""

    def step(self, title: str) -> Any:
        """A context manager around one step."""
        ...

    def progress(self, progress: dict[str, Any]) -> None: ...


class Demo:
    """The steps of the demo; the results are kept in attributes, which the view shows at the end."""

    def __init__(self, view: View, example: Path) -> None:
        self._view = view
        self.example = example
        self.brief: dict[str, Any] = json.loads((example / "campaign.json").read_text())
        self.correlation_id: str | None = None
        self.campaign_id = ""
        self.campaign: dict[str, Any] = {}
        self.posts: list[dict[str, Any]] = []
        self.visits: list[StateVisit] = []
        self.link = ""
        self.reviewer = ""

    def run(self, target: Target) -> None:
        """Raises ``StackError`` or what the network raises."""
        client = Client(target, TENANT, ROLE)
        with self._view.step(f"Submit the brief “{self.brief['name']}” as a manager of {TENANT}"):
            self.post_brief(client)
        with self._view.step("Plan and write the posts"):
            self.wait(client, "awaiting_approval", _PLAN_SECONDS)
        with self._view.step("Find the reviewer's mail in the inbox"):
            self.find_mail(client)
        with self._view.step("Open the link in the mail, and check that opening it decides nothing"):
            page = self.open_link(client)
        with self._view.step("Approve the campaign with the form on the page"):
            client.answer(self.link, "approved", "Approved by the demo's reviewer.", page)
        with self._view.step("Wait until the campaign is approved"):
            self.wait(client, "approved", _DECISION_SECONDS)
        with self._view.step("Read the finished campaign"):
            self.read_result(client)

    def post_brief(self, client: Client) -> None:
        reply = client.submit(self.brief)
        self.correlation_id = reply.correlation_id
        if not reply.headers.get("location"):
            raise StackError("the answer to POST /campaigns has no Location header")
        self.campaign_id = str(reply.json()["campaignId"])

    def wait(self, client: Client, status: str, seconds: float) -> None:
        client.wait(self.campaign_id, status, seconds=seconds, tell=self._view.progress, every=_POLL_SECONDS)

    def find_mail(self, client: Client) -> None:
        """The newest mail with an approval link of this campaign."""
        reviewers = {address.lower() for address in self.brief["approval"]["reviewers"]}

        def mailed() -> tuple[str, str] | None:
            for mail in client.mails():
                ours = mail["tags"].get("campaignId") == self.campaign_id
                if ours and mail["links"] and reviewers & {address.lower() for address in mail["to"]}:
                    return str(mail["links"][0]), str(mail["to"][0])
            return None

        missing = f"no mail with an approval link reached {', '.join(sorted(reviewers))}"
        self.link, self.reviewer = until(mailed, missing, _MAIL_SECONDS, _POLL_SECONDS)

    def open_link(self, client: Client) -> Reply:
        """The reviewer's page."""
        page = Http().get(self.link)
        status = client.campaign(self.campaign_id)["status"]
        if status != "awaiting_approval":
            raise StackError(f"opening the link changed the campaign to {status}")
        return page

    def read_result(self, client: Client) -> None:
        """The campaign, its posts and the states of its execution."""
        self.campaign = client.campaign(self.campaign_id)
        self.posts = client.posts(self.campaign_id)
        self.visits = visits(client.events(self.campaign["executionArn"]))


def examples() -> list[str]:
    """Names of the briefs in ``examples`` that can be submitted as they are."""
    return sorted(path.parent.name for path in EXAMPLES.glob("*/campaign.json"))
