"""An asynchronous invocation of an alias or a version follows the configuration of that qualifier, as on AWS.

ministack keeps an event invoke configuration (retries, age, destinations) for each qualifier, and looks only at that of
``$LATEST``, which a version's record does not even hold: what an alias refuses for good reaches no queue. Wraps
``lambda_svc.invoke_async_with_retry``, which then finds the one of the qualifier in its record.
"""

import functools
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_LATEST = "$LATEST"


def install(lambda_svc: Any) -> None:
    for name in ("invoke_async_with_retry", "_resolve_name_and_qualifier", "_functions"):
        if not hasattr(lambda_svc, name):
            raise EmulatorChangedError(f"lambda_svc.{name} is gone")
    invoke = lambda_svc.invoke_async_with_retry

    @functools.wraps(invoke)
    def invoke_async_with_retry(func: dict[str, Any], event: Any) -> None:
        name, qualifier = lambda_svc._resolve_name_and_qualifier(func["config"]["FunctionArn"])
        configs = (lambda_svc._functions.get(name) or {}).get("event_invoke_configs") or {}
        invoke({**func, "event_invoke_config": configs.get(qualifier or _LATEST), "event_invoke_configs": {}}, event)

    lambda_svc.invoke_async_with_retry = invoke_async_with_retry
