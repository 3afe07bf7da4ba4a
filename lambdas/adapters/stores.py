"""The stores of a function that works with the table: one client, shared by all of them."""

from lambdas.adapters.attempt import current_checkpoint, current_deadline
from lambdas.adapters.aws import client
from lambdas.adapters.dynamodb_approvals import DynamoApprovals
from lambdas.adapters.dynamodb_campaigns import DynamoCampaigns
from lambdas.adapters.dynamodb_catalog import DynamoCatalog
from lambdas.adapters.dynamodb_checkpoints import DynamoCheckpoints
from lambdas.adapters.dynamodb_effects import DynamoEffects
from lambdas.adapters.dynamodb_posts import DynamoPosts
from lambdas.core.settings import Settings


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


def checkpoints(settings: TableSettings) -> DynamoCheckpoints:
    return DynamoCheckpoints(client("dynamodb"), settings.table_name)
