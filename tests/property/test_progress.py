"""Progress never goes backward while a campaign is built, whatever is stored in which order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.checkpoint import BUILD_STEPS, StepOutcome
from lambdas.services.progress import Progress, progress_of
from tests.contract import samples

POSTS = 5
MOVES = {
    "SaveCampaign": CampaignStatus.PLANNING,
    "PlanPosts": CampaignStatus.GENERATING,
    "RequestApproval": CampaignStatus.AWAITING_APPROVAL,
    "CompleteCampaign": CampaignStatus.APPROVED,
}


class Progression(RuleBasedStateMachine):
    """A campaign on its way: steps begin, fail, succeed and are repeated, and posts are written in any order.

    **Feature: campaign-orchestration-durable, Property 11: For any workflow execution, the system should provide
    current execution status, emit CloudWatch metrics, log structured events with correlation IDs, and provide
    operational visibility**

    For any workflow execution, the system should provide current execution status: it is always whole, and never
    takes back what it said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.campaign = samples.campaign()
        self.checkpoints: dict[tuple[str, int], StepOutcome] = {}
        self.at = 0
        self.completed = self.failed = 0
        self.last: Progress | None = None

    @property
    def step(self) -> str | None:
        return BUILD_STEPS[self.at] if self.at < len(BUILD_STEPS) else None

    @rule(attempt=st.integers(0, 3), outcome=st.sampled_from([StepOutcome.STARTED, StepOutcome.FAILED]))
    def tries(self, attempt: int, outcome: StepOutcome) -> None:
        if self.step and self.step != "GeneratePosts":
            self.checkpoints.setdefault((self.step, attempt), outcome)

    @rule(attempt=st.integers(0, 3), dies_before_its_checkpoint=st.booleans())
    @precondition(lambda self: self.step and self.step != "GeneratePosts")
    def succeeds(self, attempt: int, dies_before_its_checkpoint: bool) -> None:
        step = str(self.step)
        if step in MOVES:
            self.campaign = self.campaign.model_copy(update={"status": MOVES[step]})
        elif dies_before_its_checkpoint:
            return
        if not dies_before_its_checkpoint:
            self.checkpoints[step, attempt] = StepOutcome.SUCCEEDED
        self.at += 1

    @rule(failed=st.booleans())
    @precondition(lambda self: self.step == "GeneratePosts")
    def writes_a_post(self, failed: bool) -> None:
        self.completed, self.failed = self.completed + (not failed), self.failed + failed
        self.at += self.completed + self.failed == POSTS

    @rule(step=st.sampled_from(BUILD_STEPS), attempt=st.integers(0, 3))
    def is_delivered_again(self, step: str, attempt: int) -> None:
        if BUILD_STEPS.index(step) < self.at and step != "GeneratePosts":
            self.checkpoints[step, attempt] = StepOutcome.SUCCEEDED

    @invariant()
    def whole_and_never_backward(self) -> None:
        planned = self.at > BUILD_STEPS.index("PlanPosts")
        counts = PostCounts(
            total=POSTS if planned else 0,
            planned=POSTS - self.completed - self.failed if planned else 0,
            completed=self.completed,
            failed=self.failed,
        )
        checkpoints = [
            samples.checkpoint(stepName=step, attempt=attempt, outcome=outcome)
            for (step, attempt), outcome in self.checkpoints.items()
        ]
        now = progress_of(self.campaign, checkpoints, counts, now=samples.NOW)
        assert now.completed_steps + now.remaining_steps == BUILD_STEPS
        if self.last:
            assert now.completed_steps[: len(self.last.completed_steps)] == self.last.completed_steps
            assert now.progress_percentage >= self.last.progress_percentage
        self.last = now


TestProgression = Progression.TestCase
TestProgression.settings = settings(max_examples=100, deadline=None, stateful_step_count=40)
