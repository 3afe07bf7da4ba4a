"""SNS invokes a Lambda asynchronously, as on AWS: tried again, and kept when it fails for good.

ministack runs the function once and logs the failure. Replaces ``sns._deliver_to_lambda``; the way that EventBridge's
rules take is there already.
"""

import inspect
import json
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_PARAMETERS = ["endpoint", "envelope", "topic_arn", "sub_arn", "msg_id", "raw_message", "message_attributes"]


def install(sns: Any, lambda_svc: Any) -> None:
    if list(inspect.signature(sns._deliver_to_lambda).parameters) != _PARAMETERS:
        raise EmulatorChangedError("sns._deliver_to_lambda takes other parameters")
    for name in ("invoke_async_with_retry", "_get_func_record_for_ref", "_execution_record_for_config"):
        if not callable(getattr(lambda_svc, name, None)):
            raise EmulatorChangedError(f"lambda_svc.{name} is gone")

    def deliver(endpoint: str, envelope: str, _topic: str, sub_arn: str, *_: object) -> None:
        function, config, _name = lambda_svc._get_func_record_for_ref(endpoint)
        if not function or not config:
            return  # deleted meanwhile
        record = {"EventVersion": "1.0", "EventSubscriptionArn": sub_arn, "EventSource": "aws:sns"}
        event = {"Records": [{**record, "Sns": json.loads(envelope)}]}
        lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)

    sns._deliver_to_lambda = deliver
