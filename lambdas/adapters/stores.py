"""The stores of a function that works with the table: one client, shared by all of them."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws.clients import client
from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.adapters.table.checkpoint_store import TableCheckpoints
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.adapters.table.effect_store import TableEffects
from lambdas.adapters.table.post_store import TablePosts
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.settings import Settings

if TYPE_CHECKING:
    from lambdas.services.quota import Quota


class TableSettings(Settings):
    """``TABLE_NAME``: the one table."""

    table_name: str


def table(settings: TableSettings) -> DynamoTable:
    return DynamoTable(client("dynamodb"), settings.table_name)


def campaigns(settings: TableSettings) -> TableCampaigns:
    return TableCampaigns(table(settings))


def posts(settings: TableSettings) -> TablePosts:
    return TablePosts(table(settings))


def catalog(settings: TableSettings) -> TableCatalog:
    return TableCatalog(table(settings))


def approvals(settings: TableSettings) -> TableApprovals:
    return TableApprovals(table(settings))


def effects(settings: TableSettings) -> TableEffects:
    return TableEffects(table(settings))


class QuotaSettings(TableSettings):
    """What a tenant may use at once; ``stacks.options`` has the defaults of a deployment."""

    tenant_campaigns: int = 200
    tenant_model_calls: int = 4_000


def quota(settings: QuotaSettings) -> "Quota":
    # Imported by those who take campaigns in, and not by every step.
    from lambdas.adapters.table.promise_store import TablePromises
    from lambdas.ports.stores import Limits
    from lambdas.services.quota import Quota

    limits = Limits(settings.tenant_campaigns, settings.tenant_model_calls)
    promises = TablePromises(table(settings))
    return Quota(promises, limits, lambda key: campaigns(settings).get(key).status)


def checkpoints(settings: TableSettings) -> TableCheckpoints:
    return TableCheckpoints(table(settings))
