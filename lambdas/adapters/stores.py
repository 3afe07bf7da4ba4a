"""The stores of a function that works with the table: one client, shared by all of them."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws.clients import client
from lambdas.adapters.table.attempt import current_checkpoint, current_deadline
from lambdas.adapters.table.campaign_store import DynamoCampaigns
from lambdas.adapters.table.catalog_store import DynamoCatalog
from lambdas.adapters.table.checkpoint_store import DynamoCheckpoints
from lambdas.adapters.table.effect_store import DynamoEffects
from lambdas.adapters.table.post_store import DynamoPosts
from lambdas.adapters.table.request_store import DynamoApprovals
from lambdas.settings import Settings

if TYPE_CHECKING:
    from lambdas.services.quota import Quota


class TableSettings(Settings):
    """``TABLE_NAME``: the one table."""

    table_name: str


def campaigns(settings: TableSettings) -> DynamoCampaigns:
    """Inside a step, every move of a campaign is marked on the step's checkpoint."""
    return DynamoCampaigns(client("dynamodb"), settings.table_name, mark=current_checkpoint())


def posts(settings: TableSettings) -> DynamoPosts:
    """Inside a step, refused writes are repeated for as long as the invocation lasts."""
    return DynamoPosts(client("dynamodb"), settings.table_name, current_deadline())


def catalog(settings: TableSettings) -> DynamoCatalog:
    return DynamoCatalog(client("dynamodb"), settings.table_name)


def approvals(settings: TableSettings) -> DynamoApprovals:
    return DynamoApprovals(client("dynamodb"), settings.table_name)


def effects(settings: TableSettings) -> DynamoEffects:
    return DynamoEffects(client("dynamodb"), settings.table_name)


class QuotaSettings(TableSettings):
    """What a tenant may use at once; ``stacks.options`` has the defaults of a deployment."""

    tenant_campaigns: int = 200
    tenant_model_calls: int = 4_000


def quota(settings: QuotaSettings) -> "Quota":
    # Imported by those who take campaigns in, and not by every step.
    from lambdas.adapters.table.promise_store import DynamoPromises
    from lambdas.ports.stores import Limits
    from lambdas.services.quota import Quota

    limits = Limits(settings.tenant_campaigns, settings.tenant_model_calls)
    promises = DynamoPromises(client("dynamodb"), settings.table_name)
    return Quota(promises, limits, lambda key: campaigns(settings).get(key).status)


def checkpoints(settings: TableSettings) -> DynamoCheckpoints:
    return DynamoCheckpoints(client("dynamodb"), settings.table_name)
