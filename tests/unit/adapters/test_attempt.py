"""What is made inside a step knows until when it may take."""

from lambdas.adapters.step import step
from lambdas.adapters.table.attempt import current_deadline
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import StatusResult, StepEvent
from lambdas.settings import Settings
from tests.support.events import raw_event
from tests.support.world import World


def test_what_a_step_makes_learns_when_the_invocation_ends() -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 30_000

    seen: list[float | None] = []

    @step("SaveCampaign", StepEvent, Settings, None)
    def handler(_event: StepEvent, _settings: Settings) -> Model:
        deadline = current_deadline()
        seen.append(deadline.left() if deadline else None)
        return StatusResult(status=CampaignStatus.PLANNING)

    handler(raw_event(World(), "SaveCampaign"), Context())
    handler(raw_event(World(), "SaveCampaign"), None)
    assert seen[0] is not None
    assert 25 < seen[0] <= 30
    assert seen[1] is None
    assert current_deadline() is None
