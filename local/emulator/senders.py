"""``ses:SendEmail`` is authorised on the sender's identity, as on AWS.

ministack checks it on ``*``, so a policy that allows one sender allows none.
Wraps ``iam_actions._ses_v2_resource_arn``.
"""

import functools
import json
from email.utils import parseaddr
from typing import Any

from local.emulator.pinned import EmulatorChangedError

SEND = "/v2/email/outbound-emails"


def install(iam_actions: Any) -> None:
    resource_of = getattr(iam_actions, "_ses_v2_resource_arn", None)
    if not callable(resource_of):
        raise EmulatorChangedError("iam_actions._ses_v2_resource_arn is gone")

    @functools.wraps(resource_of)
    def ses_v2_resource_arn(method: str, path: str, body: bytes, region: str, account_id: str) -> str:
        if method == "POST" and path.rstrip("/") == SEND:
            sender = parseaddr(str(json.loads(body or b"{}").get("FromEmailAddress", "")))[1]
            return f"arn:aws:ses:{region}:{account_id}:identity/{sender}"
        return str(resource_of(method, path, body, region, account_id))

    iam_actions._ses_v2_resource_arn = ses_v2_resource_arn
