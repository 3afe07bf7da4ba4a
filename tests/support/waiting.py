"""A campaign that waits for its reviewers, and the ways they have to answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from lambdas.domain.content_hash import content_hash
from lambdas.domain.ids import CallbackId, CampaignId, CampaignKey, CorrelationId, PersonaId, TaskToken, post_id_for
from lambdas.domain.models.approval import Approval, ApprovalStatus, CampaignSummary, Reviewer
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus, PostCounts
from lambdas.domain.models.post import Batch, Post, PostContent, PostStatus
from lambdas.domain.platforms import Platform
from lambdas.services.approval_links import approval_link, nonce_hash
from tests.support.api import ACME, REVIEWERS, Reply, World, brief

CAMPAIGN_ID = CampaignId("01JZ0000000000000000000CAM")
CALLBACK_ID = CallbackId("01JZ00000000000000000CA11B")
TASK_TOKEN = TaskToken("task-token-that-must-never-leave")
OTHER_ULID = "01JZ0000000000000000000009"
"""An id of nothing."""


@dataclass
class Waiting:
    """A campaign that waits for its reviewers, with a link for each."""

    world: World
    key: CampaignKey
    approval: Approval
    links: dict[str, str]

    def query(self, reviewer: str = REVIEWERS[0]) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.links[reviewer]).query).items()}

    @property
    def path(self) -> str:
        return f"/approve/{self.approval.callback_id}"

    def open(self, method: str = "GET", **changes: str) -> Reply:
        return self.world.call(method, self.path, tenant=None, query=self.query() | changes)

    def send(self, form: Mapping[str, str], reviewer: str = REVIEWERS[0]) -> Reply:
        """As the page's form: it names what was shown, unless ``form`` says something else."""
        form = {"contentHash": self.approval.content_hash} | dict(form)
        return self.world.call(
            "POST",
            self.path,
            urlencode(form),
            tenant=None,
            query=self.query(reviewer),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    def stored(self) -> Approval:
        return self.world.approvals.get(self.key, self.approval.callback_id)


def waiting_campaign(
    world: World, *, posts: int = 3, made: Callable[[World, int], Post] | None = None, **changes: Any
) -> Waiting:
    """``made``: other posts than the usual ones; ``changes`` are of the brief."""
    now = world.clock.now()
    key = CampaignKey(ACME, CAMPAIGN_ID)
    ends = [(made or plain_post)(world, index) for index in range(posts)]
    wrote = sum(post.status is PostStatus.COMPLETED for post in ends)
    planned_brief = CampaignBrief.from_wire(brief(**changes))
    unwritten = {"status": PostStatus.PLANNED, "completed_at": None, "content": None}
    planned = [post.model_copy(update=unwritten) for post in ends]
    world.posts.plan(key, planned, [Batch(batch_id=0, post_ids=tuple(post.post_id for post in planned))])
    written = world.posts.finish(key, 0, ends)
    world.campaigns.create(
        Campaign(
            tenant_id=ACME,
            campaign_id=CAMPAIGN_ID,
            status=CampaignStatus.AWAITING_APPROVAL,
            brief=planned_brief,
            correlation_id=CorrelationId("test"),
            created_at=now,
            updated_at=now,
            created_by="robin",
            counts=PostCounts(total=posts, completed=wrote, failed=posts - wrote),
        )
    )
    nonces = {email: world.ids.nonce() for email in REVIEWERS}
    approval = Approval(
        callback_id=CALLBACK_ID,
        tenant_id=ACME,
        campaign_id=CAMPAIGN_ID,
        execution_id="arn:aws:states:us-east-1:000000000000:execution:Build:x",
        status=ApprovalStatus.PENDING,
        task_token=TASK_TOKEN,
        reviewers=tuple(Reviewer(email=email, nonce_hash=nonce_hash(nonce)) for email, nonce in nonces.items()),
        summary=CampaignSummary(
            name="Spring launch",
            total_posts=posts,
            completed_posts=wrote,
            failed_posts=posts - wrote,
            platforms=planned_brief.platforms,
            personas=("Mara Lindqvist",),
        ),
        content_hash=content_hash(written),
        created_at=now,
        expires_at=now + timedelta(days=7),
        revisions_left=3,
        layout=1,
    )
    world.approvals.create(approval)
    world.engine.wait_for(TASK_TOKEN)
    links = {
        email: approval_link(
            "https://api.example.com/prod",
            world.keys.approval(),
            key,
            CALLBACK_ID,
            nonce,
            now=now,
            expires=approval.expires_at,
        )
        for email, nonce in nonces.items()
    }
    return Waiting(world, key, world.approvals.get(key, CALLBACK_ID), links)


def plain_post(world: World, index: int) -> Post:
    now = world.clock.now()
    return Post(
        post_id=post_id_for(CAMPAIGN_ID, index),
        persona_id=PersonaId("mara"),
        platform=Platform.X if index % 2 else Platform.LINKEDIN,
        scheduled_at=now + timedelta(hours=index),
        topic=f"Topic {index + 1}",
        intent="educate",
        index=index,
        batch_id=0,
        status=PostStatus.COMPLETED,
        completed_at=now,
        content=PostContent(
            text=f"Post number {index + 1} <b>with markup</b> & an ampersand.",
            hashtags=("#northwind",),
            link="https://example.com/planner",
            generated_at=now,
        ),
    )


class Form(HTMLParser):
    """What a browser would send: the form's fields, and whether it has them all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.choices: list[str] = []
        self.areas: list[str] = []
        self.forms: list[dict[str, str | None]] = []
        self.labelled: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.forms.append(values)
        if tag == "input" and values.get("type") == "hidden":
            self.hidden[str(values["name"])] = str(values["value"])
        if tag == "input" and values.get("type") == "radio":
            self.choices.append(str(values["value"]))
        if tag == "textarea":
            self.areas.append(str(values["name"]))
        if tag == "label" and values.get("for"):
            self.labelled.add(str(values["for"]))


def nothing_happened(waiting: Waiting) -> None:
    assert waiting.stored() == waiting.approval
    assert waiting.world.engine.resumed == []
    assert waiting.world.engine.failed == []


def by_program(waiting: Waiting, token: str | None, campaign_id: str | None = None, **changes: str | int) -> Reply:
    """Decide through the API's twin of the page."""
    body = {"decision": "approved", "comments": "Fine", "callbackId": waiting.approval.callback_id} | changes
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    path = f"/campaigns/{campaign_id or waiting.key.campaign_id}/approve"
    return waiting.world.call("POST", path, body, tenant=None, headers=headers)
