"""A campaign's change of status, the mark of it on the step's checkpoint, and what goes with it, in one transaction.

Actions on the table: ``dynamodb:UpdateItem``, and ``PutItem`` for items beside.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import translate_errors
from lambdas.adapters.table.items import to_attribute, to_item, to_key
from lambdas.adapters.table.keys import ItemKey
from lambdas.adapters.table.table import Same, Table, set_expression, status_condition, transaction_error

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


@translate_errors()
def move(
    table: Table,
    campaign: ItemKey,
    expected: Sequence[str],
    changes: Mapping[str, Any],
    checkpoint: ItemKey | None,
    same: Same,
    beside: Sequence[tuple[ItemKey, Mapping[str, Any]]] = (),
) -> None:
    """Set ``changes`` if the campaign's status is one of ``expected`` and it has ``same``; mark it on the checkpoint,
    if there is one, and put the items ``beside``. All or nothing.

    Raises ``ConditionFailedError``.
    """
    expression, names, values = set_expression(changes)
    condition, its_names, its_values = status_condition(expected, same)
    writes: list[TransactWriteItemTypeDef] = [
        {
            "Update": {
                "TableName": table.name,
                "Key": to_key(campaign),
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": names | its_names,
                "ExpressionAttributeValues": values | its_values,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]
    if checkpoint:
        mark: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": table.name,
                "Key": to_key(checkpoint),
                "UpdateExpression": "SET effect = :status",
                "ConditionExpression": "attribute_exists(PK)",
                "ExpressionAttributeValues": {":status": to_attribute(changes["status"])},
            }
        }
        writes.append(mark)
    writes += [{"Put": {"TableName": table.name, "Item": to_item(key, fields)}} for key, fields in beside]
    try:
        table.client.transact_write_items(TransactItems=writes)
    except ClientError as error:
        raise transaction_error(error) from error
