"""The layout of the one table."""

from datetime import UTC, datetime

from lambdas.adapters.table import keys
from lambdas.domain.ids import BrandId, CallbackId, CampaignId, CampaignKey, PersonaId, PostId, TenantId
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome

ACME = TenantId("acme")
KEY = CampaignKey(ACME, CampaignId("01C"))
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_everything_of_a_campaign_is_one_partition() -> None:
    partition = "TENANT#acme#CAMPAIGN#01C"
    assert keys.campaign(KEY) == (partition, "CAMPAIGN")
    assert keys.post(KEY, PostId("01P")) == (partition, "POST#01P")
    assert keys.batch(KEY, 37) == (partition, "BATCH#00037")
    assert keys.approval(KEY, CallbackId("01A")) == (partition, "APPROVAL#01A")
    assert keys.campaign_partition(KEY) == partition


def test_everything_else_of_a_tenant_is_another() -> None:
    assert keys.listed(ACME, CampaignId("01C")) == ("TENANT#acme", "CAMPAIGN#01C")
    assert keys.brand(ACME, BrandId("b")) == ("TENANT#acme", "BRAND#b")
    assert keys.persona(ACME, PersonaId("p")) == ("TENANT#acme", "PERSONA#p")


def test_an_idempotency_key_is_hashed_whatever_it_holds() -> None:
    place = keys.idempotency(ACME, "x" * 5_000 + "#ß")
    assert place.pk == "TENANT#acme"
    assert place.sk.removeprefix("IDEMPOTENCY#").isalnum()
    assert len(place.sk) == len("IDEMPOTENCY#") + 64
    assert place != keys.idempotency(ACME, "x")
    assert place == keys.idempotency(ACME, "x" * 5_000 + "#ß")


def test_batches_sort_by_number() -> None:
    sort_keys = [keys.batch(KEY, number).sk for number in (0, 9, 10, 999, 9_999)]
    assert sort_keys == sorted(sort_keys)


def test_a_checkpoints_key_is_the_attempt_whenever_it_began() -> None:
    def place(arn: str, attempt: int = 0, started_at: datetime = NOW) -> str:
        entry = Checkpoint(
            step_name="PlanPosts",
            attempt=attempt,
            outcome=StepOutcome.SUCCEEDED,
            execution_arn=arn,
            correlation_id="c",
            started_at=started_at,
            ended_at=NOW,
            duration_ms=1,
        )
        return keys.checkpoint(KEY, entry).sk

    parent = "arn:aws:states:us-east-1:000000000000:execution:Build:01C"
    child = "arn:aws:states:us-east-1:000000000000:execution:Build/Batches:0123-abc"
    assert place(parent) == "CHECKPOINT#01C#PlanPosts#000"
    assert place(parent, started_at=NOW.replace(year=2027)) == place(parent)
    assert place(child, 2) == "CHECKPOINT#0123-abc#PlanPosts#002"
