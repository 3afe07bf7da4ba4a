"""One campaign from a brief to an approved plan, with a scripted reviewer.

``Demo.run`` walks the steps a person would; ``demo_view`` shows them. Nothing here reaches behind the API except
to mint the manager's token and to read the inbox and the execution's history, as the console does.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import jwt

from local import history
from local.forms import forms
from local.http import Http, Reply
from local.process import ROOT
from local.stack import Stack

EXAMPLES = ROOT / "examples"
TENANT, ROLE = "acme", "manager"
_POLL_SECONDS = 0.3
_PLAN_SECONDS = 300.0
_MAIL_SECONDS = 30.0
_DECISION_SECONDS = 60.0
_DEAD_ENDS = ("failed", "rejected", "expired", "stopped")


class DemoError(RuntimeError):
    """What was expected did not happen."""


class View(Protocol):
    """What the demo tells while it goes on."""

    def step(self, title: str) -> Any:
        """A context manager around one step."""
        ...

    def progress(self, progress: dict[str, Any]) -> None: ...


class Demo:
    """The walk; what it found is left in its attributes for the view to show at the end."""

    def __init__(self, view: View, example: Path) -> None:
        self._view = view
        self.example = example
        self.brief: dict[str, Any] = json.loads((example / "campaign.json").read_text())
        self.correlation_id: str | None = None
        self.campaign_id = ""
        self.campaign: dict[str, Any] = {}
        self.posts: list[dict[str, Any]] = []
        self.visits: list[history.StateVisit] = []
        self.link = ""
        self.reviewer = ""

    def run(self, stack: Stack) -> None:
        """Raises ``DemoError``, ``UnexpectedReplyError`` or what the network raises."""
        api = Http(stack.token(TENANT, ROLE))
        with self._view.step(f"Post the brief “{self.brief['name']}” as a manager of {TENANT}"):
            url = self.post_brief(api, stack.api_url)
        with self._view.step("Plan and write the posts"):
            self.wait(api, url, "awaiting_approval")
        with self._view.step("Find the reviewer's mail in the inbox"):
            self.find_mail(stack)
        with self._view.step("Open the mailed link; looking must not decide"):
            page = self.open_link(api, url)
        with self._view.step("Approve with the page's form"):
            self.approve(page)
        with self._view.step("Wait until the campaign is approved"):
            self.wait(api, url, "approved", _DECISION_SECONDS)
        with self._view.step("Read what came of it"):
            self.read_result(api, url, stack)

    def post_brief(self, api: Http, api_url: str) -> str:
        """The campaign's URL."""
        reply = api.post(f"{api_url}/campaigns", self.brief, expect=202)
        self.correlation_id = reply.correlation_id
        if not reply.headers.get("location"):
            raise DemoError("the answer 202 has no Location")
        self.campaign_id = str(reply.json()["campaignId"])
        return f"{api_url}/campaigns/{self.campaign_id}"

    def wait(self, api: Http, url: str, status: str, limit: float = _PLAN_SECONDS) -> None:
        """Until the campaign is in ``status``; raises ``DemoError`` after ``limit`` seconds or when it cannot be."""
        deadline = time.monotonic() + limit
        while True:
            progress = api.get(f"{url}/progress").json()
            self._view.progress(progress)
            if progress["status"] == status:
                return
            if progress["status"] in _DEAD_ENDS:
                raise DemoError(f"the campaign is {progress['status']}{self._why(api, url)}")
            if time.monotonic() > deadline:
                where = f"{progress['status']} at {progress['currentStep']}"
                raise DemoError(f"the campaign is not {status} after {limit:.0f} s: it is {where}")
            time.sleep(_POLL_SECONDS)

    def _why(self, api: Http, url: str) -> str:
        error = api.get(url).json().get("error")
        return f": {error.get('step') or 'unknown step'}: {error['code']}: {error['message']}" if error else ""

    def find_mail(self, stack: Stack) -> None:
        """The newest mail with an approval link of this campaign."""
        reviewers = {address.lower() for address in self.brief["approval"]["reviewers"]}
        deadline = time.monotonic() + _MAIL_SECONDS
        while time.monotonic() < deadline:
            for mail in Http().get(f"{stack.info['inboxUrl']}.json").json()["items"]:
                to = {address.lower() for address in mail["to"]}
                for link in mail["links"]:
                    if to & reviewers and _campaign_of(link) == self.campaign_id:
                        self.link, self.reviewer = link, mail["to"][0]
                        return
            time.sleep(_POLL_SECONDS)
        raise DemoError(f"no mail with an approval link reached {', '.join(sorted(reviewers))}")

    def open_link(self, api: Http, url: str) -> Reply:
        """The reviewer's page."""
        page = Http().get(self.link)
        status = api.get(url).json()["status"]
        if status != "awaiting_approval":
            raise DemoError(f"opening the link changed the campaign to {status}")
        return page

    def approve(self, page: Reply) -> None:
        """Fill in the page's form and send it."""
        offered = [form for form in forms(page.text) if form.method == "post"]
        if not offered:
            raise DemoError("the approval page has no form")
        fields = offered[0].filled(decision="approved", comments="Approved by the demo's reviewer.")
        Http().submit(page, offered[0].action, fields)

    def read_result(self, api: Http, url: str, stack: Stack) -> None:
        """The campaign, its posts and the states of its execution."""
        self.campaign = api.get(url).json()
        self.posts = _all(lambda **query: api.get(f"{url}/posts", **query).json())
        states = stack.client("stepfunctions")
        self.visits = history.visits(history.events(states, self.campaign["executionArn"]))


def _all(page: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        answer = page(**query)
        items += answer["items"]
        if not answer.get("nextCursor"):
            return items
        query["cursor"] = answer["nextCursor"]


def _campaign_of(link: str) -> str | None:
    """The campaign an approval link belongs to. Only to tell mails apart: the signature is the API's business."""
    tokens = parse_qs(urlsplit(link).query).get("token")
    if not tokens:
        return None
    try:
        return str(jwt.decode(tokens[0], options={"verify_signature": False}).get("campaignId"))
    except jwt.InvalidTokenError:
        return None


def examples() -> list[str]:
    """Names of the briefs that can be posted as they stand."""
    return sorted(path.parent.name for path in EXAMPLES.glob("*/campaign.json"))
