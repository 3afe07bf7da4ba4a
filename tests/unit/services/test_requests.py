"""How many requests to AWS one campaign makes, from POST to approved, and how many of DynamoDB's units it takes."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from lambdas.adapters.aws.s3_recent_texts import RememberedTexts
from lambdas.adapters.table.promise_store import TablePromises
from lambdas.api.rest.app import Api
from lambdas.build import generate_posts
from lambdas.domain.ids import CampaignId, CampaignKey
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import BuildInput
from tests.support import api
from tests.support.faults import replaced
from tests.support.metered import Meter, MeteredTable
from tests.support.pipeline import Execution
from tests.support.steps import quietly, steps
from tests.support.world import stores_on

_SHOWN = re.compile(r'name="contentHash" value="([0-9a-f]+)"')
ASKED_FOR = {
    "POST /campaigns": 5,
    "ValidateCampaign": 3,
    "SaveCampaign": 3,
    "PlanPosts": 10,
    "GeneratePosts": 9,
    "AggregateResults": 5,
    "RequestApproval": 11,
    "GET /approve": 3,
    "POST /approve": 9,
    "CompleteCampaign": 5,
}
"""Requests of 20 posts in two batches. They only get fewer."""
READ_UNITS, WRITE_UNITS = 38, 96
"""Of 10 posts. They only get fewer."""


class Metered:
    """A campaign on a metered world: every Lambda's own code in warm processes, agents offline, one reviewer."""

    def __init__(self) -> None:
        self.meter, self.world = Meter(), api.World()
        table = MeteredTable(self.meter, self.world.table)
        stores = stores_on(table, self.world.clock) | {"promises": TablePromises(table)}
        metered = ("manifests", "recent_texts", "engine", "cipher", "mailer")
        beside = {name: self.meter.port(name, getattr(self.world, name)) for name in metered}
        beside["remembered_texts"] = RememberedTexts(beside["recent_texts"])
        self.ports = replaced(self.world, **stores, **beside, base_url="https://campaigns.example/prod")
        self.world.api = Api(self.ports)
        self.tasks = {module.replace("_", "-"): step.over(self.ports) for module, step in steps().items()}
        # The tenant's item of promises is made once in its life.
        self.world.promises.make(CampaignKey(api.ACME, CampaignId("01KJQ00000000000000000000A")), 1, self.world.limits)

    def run(self, posts: int) -> Meter:
        """From POST to approved."""
        generation = {"maxConcurrency": 20, "batchSize": 10}
        brief = api.brief(postCount=posts, generation=generation, approval={"reviewers": ["ada@example.com"]})
        self.meter.at = "POST /campaigns"
        accepted = self.world.call("POST", "/campaigns", brief).json
        key = CampaignKey(api.ACME, CampaignId(accepted["campaignId"]))
        correlation = self.world.campaigns.get(key).correlation_id
        started = BuildInput(tenant_id=key.tenant_id, campaign_id=key.campaign_id, correlation_id=correlation)
        execution = Execution(self.world, started, key.campaign_id)
        self._go_on(execution)
        self._approve()
        self._go_on(execution)
        assert execution.over
        assert self.world.campaigns.get(key).status is CampaignStatus.APPROVED
        return self.meter

    def _go_on(self, execution: Execution) -> None:
        while not execution.over and (delivery := execution.due()):
            task = self.tasks[delivery.function]
            self.meter.at = task.name
            execution.done(quietly(task, delivery.event))

    def _approve(self) -> None:
        (mail,) = self.world.mailer.sent
        found = re.search(r"https://\S+/approve/\S+", mail.text)
        assert found
        link = urlsplit(found[0])
        path, query = link.path.removeprefix("/prod"), {name: each[0] for name, each in parse_qs(link.query).items()}
        self.meter.at = "GET /approve"
        shown = _SHOWN.search(self.world.call("GET", path, tenant=None, query=query).text)
        assert shown
        self.meter.at = "POST /approve"
        form = urlencode({"decision": "approved", "comments": "", "contentHash": shown[1]})
        assert self.world.call("POST", path, form, tenant=None, query=query).status == 200


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine too all posts of a batch are written before they are stored, by one request."""
    monkeypatch.setattr(generate_posts, "TOGETHER_SECONDS", 60.0)


def test_requests_of_a_campaign_of_twenty_posts() -> None:
    meter = Metered().run(20)
    asked = {name: meter.of(name) for name in ASKED_FOR}
    assert sum(asked.values()) == meter.requests.total()
    assert asked == ASKED_FOR, meter.requests


def test_units_of_a_campaign_of_ten_posts() -> None:
    meter = Metered().run(10)
    assert meter.read_units <= READ_UNITS
    assert meter.write_units <= WRITE_UNITS


def test_an_attempt_leaves_one_checkpoint_with_its_end_and_its_effect() -> None:
    metered = Metered()
    metered.run(10)
    (campaign,) = metered.world.campaigns.page(api.ACME, 10).items
    left = {c.step_name: (c.outcome.value, c.effect) for c in metered.world.checkpoints.all(campaign.key)}
    assert left == {
        "ValidateCampaign": ("succeeded", None),
        "SaveCampaign": ("succeeded", CampaignStatus.PLANNING),
        "PlanPosts": ("succeeded", CampaignStatus.GENERATING),
        "AggregateResults": ("succeeded", None),
        "RequestApproval": ("succeeded", CampaignStatus.AWAITING_APPROVAL),
        "CompleteCampaign": ("succeeded", CampaignStatus.APPROVED),
    }
