"""A Distributed Map takes its limits from the state, as on AWS.

ministack reads ``MaxConcurrency`` and ``ToleratedFailure…`` but not their ``…Path`` forms, so a campaign's own limit
would be no limit. Wraps ``stepfunctions._run_distributed_map``, which gets a definition with the values in it.
"""

import functools
from collections.abc import Mapping
from typing import Any

from local.emulator.pinned import EmulatorChangedError

FIELDS = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")


def install(stepfunctions: Any) -> None:
    run, resolve = (getattr(stepfunctions, name, None) for name in ("_run_distributed_map", "_resolve_path_or_ctx"))
    if not callable(run) or not callable(resolve):
        raise EmulatorChangedError("stepfunctions._run_distributed_map or _resolve_path_or_ctx is gone")

    @functools.wraps(run)
    def run_distributed_map(state_def: Mapping[str, Any], raw_input: Any, effective: Any, *rest: Any) -> Any:
        ctx = rest[-1]
        found = {
            field: resolve(state_def[f"{field}Path"], effective, ctx) for field in FIELDS if f"{field}Path" in state_def
        }
        return run({**state_def, **found}, raw_input, effective, *rest)

    stepfunctions._run_distributed_map = run_distributed_map
