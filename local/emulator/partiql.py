"""PartiQL statements are authorised by what each of them does, as on AWS.

There is no IAM action ``dynamodb:BatchExecuteStatement``: AWS checks ``PartiQLSelect``, ``PartiQLInsert``,
``PartiQLUpdate`` or ``PartiQLDelete`` on the table of each statement. ministack asks for the former, which no
policy for AWS grants. Wraps ``iam_actions.dynamodb_transaction_checks``, which answers the list of checks that
stand for a request's own action.
"""

import json
import re
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_OPERATIONS = ("dynamodb:ExecuteStatement", "dynamodb:BatchExecuteStatement", "dynamodb:ExecuteTransaction")
_STATEMENT = re.compile(
    r"""\s*(?:(?P<insert>INSERT\s+INTO)|(?P<update>UPDATE)|(?P<delete>DELETE\s+FROM)|(?P<select>SELECT\b.*?\bFROM))
        \s+"?(?P<table>[A-Za-z0-9_.-]+)"?(?:\."(?P<index>[^"]+)")?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

Check = tuple[str, str]


def install(iam_actions: Any) -> None:
    original = getattr(iam_actions, "dynamodb_transaction_checks", None)
    table_arn = getattr(iam_actions, "_dynamodb_table_arn", None)
    if not callable(original) or not callable(table_arn):
        raise EmulatorChangedError("iam_actions.dynamodb_transaction_checks is gone")

    def checks(iam_action: str, body: bytes, region: str, account_id: str) -> list[Check]:
        if iam_action not in _OPERATIONS:
            result: list[Check] = original(iam_action, body, region, account_id)
            return result
        return [
            (action, f"{table_arn(table, region, account_id)}{suffix}" if table else "*")
            for action, table, suffix in map(_authorised_as, _statements(body))
        ]

    iam_actions.dynamodb_transaction_checks = checks


def _statements(body: bytes) -> list[str]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    listed = request.get("Statements") or request.get("TransactStatements") or [request]
    return [str(entry.get("Statement", "")) for entry in listed]


def _authorised_as(statement: str) -> tuple[str, str, str]:
    """``(action, table, suffix of an index)``; what cannot be read is checked as a read of everything."""
    match = _STATEMENT.match(statement)
    if match is None:
        return "dynamodb:PartiQLSelect", "", ""
    kind = next(name for name in ("Insert", "Update", "Delete", "Select") if match[name.lower()])
    return f"dynamodb:PartiQL{kind}", match["table"], f"/index/{match['index']}" if match["index"] else ""
