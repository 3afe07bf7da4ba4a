"""A campaign whose reviewers were asked, with the links they were mailed."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from lambdas.build.request_approval import request_approval
from lambdas.domain.due_entry import SHARDS
from lambdas.domain.models.approval import Approval
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.ops.sweep_approvals import Report, tend_due
from lambdas.ports.bundle import Ports
from lambdas.services.approval_links import OpenLink, open_link
from lambdas.services.due import Tick
from tests.fakes import MemoryCipher
from tests.support import samples
from tests.support.events import approval_event, planned
from tests.support.world import World

BASE_URL = "https://campaigns.example/prod"
REVIEWERS = ("ada@example.com", "grace@example.com", "joan@example.com")


class Asked:
    """One request, sealed as in production; ``policy`` are fields of the brief's ``approval``."""

    def __init__(self, world: World, **policy: Any) -> None:
        self.world = world
        world.cipher = MemoryCipher()
        brief = samples.brief()
        planned(world, brief | {"approval": brief["approval"] | policy})
        counts = PostCounts(total=4, completed=4)
        world.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], counts=counts, at=world.clock.now())
        request_approval(approval_event(world, world.new_token()), world)

    @property
    def approval(self) -> Approval:
        (approval,) = self.world.approvals.all(samples.KEY)
        return approval

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
        clock, entries = self.world.clock, self.world.due
        tick = Tick(entries, clock, lambda: True, lambda _, error: self.failed.append(error), everything)
        return tend_due(range(SHARDS), tick, ports or self.world)
