"""The engine that runs the workflows (Step Functions), and the names of its executions.

The first execution of a campaign has the campaign's id as its name; later ones have a number appended:
``<campaign>-1``, ``-2``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from lambdas.domain.errors import ConflictError
from lambdas.domain.ids import CampaignId, TaskToken
from lambdas.domain.models.base import Model, Moment
from lambdas.domain.models.workflow import BuildInput, ExecutionStatus

SERVICE_RESTART = "States.ServiceRestart"
"""The error of executions that were lost in a restart of the engine. Only the local emulator reports it, never AWS."""

BUILD = "build"
"""The workflow that builds a campaign."""

_MACHINE_ARN_PARTS = 7
_NUMBERED = re.compile(r"^(?P<campaign>[0-9A-Z]{26})(?:-(?P<number>\d{1,6}))?$")


class ExecutionState(Model):
    """One execution, as the engine describes it."""

    arn: str
    status: ExecutionStatus
    started_at: Moment | None = None
    stopped_at: Moment | None = None
    error: str | None = None
    cause: str | None = None
    redrivable: bool = False
    """Whether the engine can continue it from where it ended."""
    version_arn: str | None = None
    """The version of the state machine that it runs; ``None`` if it was started without one."""

    @property
    def is_live(self) -> bool:
        return self.status in (ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE)


class Engine(Protocol):
    """Step Functions. Workflows are identified by name (``BUILD``), executions of any workflow by their ARN."""

    def start(self, event: BuildInput, name: str, workflow: str = BUILD) -> str:
        """Start the workflow under ``name`` and return the ARN; if the name was used before, the ARN of that
        execution."""
        ...

    def arn_of(self, name: str, workflow: str = BUILD) -> str: ...

    def describe(self, arn: str) -> ExecutionState | None:
        """``None`` if the engine does not know the execution (any more)."""
        ...

    def redrive(self, arn: str) -> None:
        """Continue it from where it ended. Raises ``ConflictError`` if the engine cannot (any more)."""
        ...

    def stop(self, arn: str, reason: str) -> None:
        """Abort it; nothing happens if it has ended or is unknown."""
        ...

    def events(self, arn: str) -> list[Mapping[str, Any]]:
        """The history without inputs and outputs, oldest first; empty for an unknown execution."""
        ...

    def definition(self, arn: str, version_arn: str | None) -> dict[str, Any]:
        """The parsed definition that the execution runs, or the deployed one if that is unknown.

        ``version_arn`` is the version of the state machine, from ``describe``.
        """
        ...

    def resume(self, token: TaskToken, output: dict[str, object]) -> None:
        """``SendTaskSuccess``. Raises ``GoneError`` if no task waits for the token any more."""
        ...

    def fail(self, token: TaskToken, error: str, cause: str) -> None:
        """``SendTaskFailure``. Raises ``GoneError`` in the same case."""
        ...

    def heartbeat(self, token: TaskToken) -> None:
        """``SendTaskHeartbeat``. Raises ``GoneError`` in the same case."""
        ...


def machine_arn(arn: str) -> str:
    """The state machine's own ARN; the ARNs of its versions and aliases have one more part, and so have those of
    executions."""
    return ":".join(arn.split(":")[:_MACHINE_ARN_PARTS])


def execution_arn(machine: str, name: str) -> str:
    """The ARN of the execution with that name, whichever version or alias of the machine it was started with."""
    return f"{machine_arn(machine).replace(':stateMachine:', ':execution:', 1)}:{name}"


def machine_of(execution: str) -> str:
    """The ARN of the state machine that an execution belongs to."""
    return machine_arn(execution).replace(":execution:", ":stateMachine:", 1)


def name_of(arn: str) -> str:
    return arn.rsplit(":", 1)[-1]


def campaign_of(name: str) -> CampaignId | None:
    """The campaign that an execution with that name belongs to."""
    match = _NUMBERED.match(name)
    return CampaignId(match["campaign"]) if match else None


def number_of(name: str) -> int:
    match = _NUMBERED.match(name)
    return int(match["number"] or 0) if match else 0


def next_name(arn: str) -> str:
    """The name of the execution after ``arn``. It is the same for every caller, so two callers start only one."""
    name = name_of(arn)
    return f"{name.partition('-')[0]}-{number_of(name) + 1}"


def name_before(name: str) -> str | None:
    """The execution that was replaced by the one with that name."""
    number = number_of(name)
    if not number:
        return None
    first = name.partition("-")[0]
    return f"{first}-{number - 1}" if number > 1 else first


def is_first(arn: str) -> bool:
    return number_of(name_of(arn)) == 0


def is_of(recorded: str | None, arn: str) -> bool:
    """Whether ``arn`` is the execution that the campaign's record names. A record that names none means the first."""
    return recorded == arn or (recorded is None and is_first(arn))


def require_newest(arn: str, known: Iterable[str | None]) -> None:
    """Raises ``ConflictError`` if one of the ``known`` executions is newer than ``arn``, so that ``arn`` has been
    replaced.

    A Lambda invocation can go on running after its execution was replaced, and must not act instead of the new one.
    """
    if number_of(name_of(arn)) < max((number_of(name_of(other)) for other in known if other), default=0):
        raise ConflictError("a newer execution has taken over", details={"execution": name_of(arn)})


def names_until(campaign_id: CampaignId, last_arn: str) -> list[str]:
    """The names of a campaign's executions, from the first to ``last_arn``."""
    last = number_of(name_of(last_arn))
    return [str(campaign_id), *(f"{campaign_id}-{number}" for number in range(1, last + 1))]


def console_url(arn: str) -> str:
    """The execution in the AWS console (its address scheme of 2026-06)."""
    region = arn.split(":")[3]
    return f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{quote(arn)}"
