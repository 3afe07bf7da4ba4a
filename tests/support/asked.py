"""RequestApproval in one call, as often as the engine would; and a campaign whose reviewers were asked by it."""

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lambdas.build.request_approval import request_approval
from lambdas.domain.due_entry import SHARDS
from lambdas.domain.errors import GoneError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.approval import Approval, MadeDecision
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.workflow import Decision, StatusResult
from lambdas.ops.sweep_approvals import Report, tend_due
from lambdas.ports.bundle import Deadline, Ports
from lambdas.ports.services import Mailer
from lambdas.services.approval_links import OpenLink, open_link
from tests.fakes import MemoryCipher
from tests.support import samples
from tests.support.events import approval_event, planned
from tests.support.faults import FaultPlan, faulty, replaced
from tests.support.world import World

BASE_URL = "https://campaigns.example/prod"
REVIEWERS = ("ada@example.com", "grace@example.com", "joan@example.com")
FIRST, SECOND = TaskToken("task-token-of-the-first-attempt"), TaskToken("task-token-of-the-second-attempt")


def ready_to_ask(world: World, counts: PostCounts | None = None, **policy: Any) -> World:
    """A campaign whose posts are counted; ``policy`` are fields of the brief's ``approval``."""
    brief = samples.brief()
    planned(world, brief | {"approval": brief["approval"] | policy})
    counts = counts or PostCounts(total=4, completed=3, failed=1)
    world.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], counts=counts, at=world.clock.now())
    return world


def request(
    world: World,
    token: TaskToken = FIRST,
    *,
    retry: int = 0,
    mail_faults: FaultPlan | None = None,
    waiting: bool = True,
    mailer: Mailer | None = None,
    deadline: Deadline | None = None,
) -> StatusResult:
    """``waiting``: the engine waits for this token, and for no earlier one any more."""
    if waiting and token not in world.tokens:
        for over in world.tokens[-1:]:
            with suppress(GoneError):
                world.engine.fail(over, "Lambda.Unknown", "")
        world.tokens.append(token)
        world.engine.wait_for(token)
    mailer = mailer or faulty(world.mailer, mail_faults or FaultPlan())
    ports = replaced(world, mailer=mailer, deadline=deadline, base_url=f"{BASE_URL}/")
    return request_approval(approval_event(world, token, retry=retry), ports)


def only_approval(world: World) -> Approval:
    (approval,) = world.approvals.all(samples.KEY)
    return approval


def decided(world: World, decision: Decision, *, expired: bool = False) -> Approval:
    made = MadeDecision(
        decision=decision, comments="", decided_by="ada@example.com", decided_at=world.clock.now(), expired=expired
    )
    return world.approvals.decide(samples.KEY, only_approval(world).callback_id, made)


class Asked:
    """One request, sealed as in production; ``policy`` are fields of the brief's ``approval``."""

    def __init__(self, world: World, **policy: Any) -> None:
        self.world = world
        world.cipher = MemoryCipher()
        ready_to_ask(world, PostCounts(total=4, completed=4), **policy)
        request_approval(approval_event(world, world.new_token()), world)

    @property
    def approval(self) -> Approval:
        return only_approval(self.world)

    def links(self) -> dict[str, str]:
        """The newest that each was mailed."""
        return {
            str(mail.to): next(line for line in mail.text.splitlines() if line.startswith("https://"))
            for mail in self.world.mailer.sent
        }

    def open(self, link: str) -> OpenLink:
        query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        callback_id = urlsplit(link).path.rsplit("/", 1)[-1]
        return open_link(query["token"], query["nonce"], callback_id, self.world)

    def tend(self, ports: Ports | None = None, *, everything: bool = True) -> Report:
        """One tick: of what is due, or of all requests."""
        self.failed: list[Exception] = []
        return tend_due(range(SHARDS), self.world.tick(self.failed, everything=everything), ports or self.world)
