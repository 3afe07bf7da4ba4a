"""RequestApproval in one call, as often as the engine would."""

from contextlib import suppress

from lambdas.build.request_approval import request_approval
from lambdas.domain.errors import GoneError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.approval import Approval, MadeDecision
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.workflow import Decision, StatusResult
from lambdas.ports.bundle import Deadline
from lambdas.ports.services import Mailer
from tests.support import samples
from tests.support.events import approval_event, planned
from tests.support.faults import FaultPlan, faulty, replaced
from tests.support.world import World

FIRST, SECOND = TaskToken("task-token-of-the-first-attempt"), TaskToken("task-token-of-the-second-attempt")
BASE_URL = "https://campaigns.example/prod/"


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
    ports = replaced(world, mailer=mailer, deadline=deadline, base_url=BASE_URL)
    return request_approval(approval_event(world, token, retry=retry), ports)


def ready_to_ask(world: World) -> World:
    """A campaign whose posts are counted."""
    planned(world)
    counts = PostCounts(total=4, completed=3, failed=1)
    world.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], counts=counts, at=world.clock.now())
    return world


def only_approval(world: World) -> Approval:
    (approval,) = world.approvals.all(samples.KEY)
    return approval


def decided(world: World, decision: Decision, *, expired: bool = False) -> Approval:
    made = MadeDecision(
        decision=decision, comments="", decided_by="ada@example.com", decided_at=world.clock.now(), expired=expired
    )
    return world.approvals.decide(samples.KEY, only_approval(world).callback_id, made)
