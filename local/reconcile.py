"""Campaigns whose execution ended with the emulator go on when it starts again: by the reconciler, which is
asked at once for all of them, whenever they are due.

On AWS executions outlive everything; here one that was running when the emulator stopped comes back as failed.
"""

import json

from local import aws
from local.process import LocalStackError
from local.release import LIVE

FUNCTION = "reconcile"
_NOTHING_TO_DO = frozenset({"fine", "over"})
"""A campaign that is ``writing`` is brought back when its posts are."""


def reconcile(endpoint_url: str) -> int:
    """Run it once, and answer how many campaigns it brought back; raises ``LocalStackError`` when it failed."""
    answer = aws.client("lambda", endpoint_url).invoke(
        FunctionName=FUNCTION, Qualifier=LIVE, Payload=b'{"everything": true}'
    )
    report = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalStackError(f"the reconciler failed: {report.get('errorType')}: {report.get('errorMessage')}")
    return sum(number for finding, number in report["findings"].items() if finding not in _NOTHING_TO_DO)
