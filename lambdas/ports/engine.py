"""The engine that runs the workflows, and the names of its executions.

The first execution of a campaign is named after it; each later one has a number behind it: ``<campaign>-1``, ``-2``.
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
"""An engine that was restarted says so of the executions it lost. AWS never does; the local engine does."""

BUILD = "build"
"""The workflow that builds a campaign."""

_MACHINE_ARN_PARTS = 7
_NUMBERED = re.compile(r"^(?P<campaign>[0-9A-Z]{26})(?:-(?P<number>\d{1,6}))?$")


class ExecutionState(Model):
    """One execution as the engine describes it."""

    arn: str
    status: ExecutionStatus
    started_at: Moment | None = None
    stopped_at: Moment | None = None
    error: str | None = None
    cause: str | None = None
    redrivable: bool = False
    """The engine offers to go on from where it ended."""
    version_arn: str | None = None
    """The version of the state machine that it runs; none where it was started without one."""

    @property
    def is_live(self) -> bool:
        return self.status in (ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE)


class Engine(Protocol):
    """Step Functions. Workflows go by name (``BUILD``); executions, whichever workflow's, by their ARN."""

    def start(self, event: BuildInput, name: str, workflow: str = BUILD) -> str:
        """Start the workflow under ``name`` and answer the ARN; a name that was used answers that execution's ARN."""
        ...

    def arn_of(self, name: str, workflow: str = BUILD) -> str: ...

    def describe(self, arn: str) -> ExecutionState | None:
        """``None`` when the engine has no such execution (any more)."""
        ...

    def redrive(self, arn: str) -> None:
        """Let it go on from where it ended. Raises ``ConflictError`` when the engine does not (any more) offer it."""
        ...

    def stop(self, arn: str, reason: str) -> None:
        """Abort it; one that has ended or is unknown stays as it is."""
        ...

    def events(self, arn: str) -> list[Mapping[str, Any]]:
        """The engine's history without inputs and outputs, oldest first; none for an unknown execution."""
        ...

    def definition(self, arn: str, version_arn: str | None) -> dict[str, Any]:
        """The parsed definition the execution runs, or the one that is deployed when it is not known.

        ``version_arn`` is the version of the state machine as ``describe`` has it.
        """
        ...

    def resume(self, token: TaskToken, output: dict[str, object]) -> None:
        """``SendTaskSuccess``. Raises ``GoneError`` when nobody waits for the token any more."""
        ...

    def fail(self, token: TaskToken, error: str, cause: str) -> None:
        """``SendTaskFailure``. Raises ``GoneError`` likewise."""
        ...

    def heartbeat(self, token: TaskToken) -> None:
        """``SendTaskHeartbeat``. Raises ``GoneError`` likewise."""
        ...


def machine_arn(arn: str) -> str:
    """The state machine's own ARN, of which a version's and an alias's are one part longer, as an execution's is."""
    return ":".join(arn.split(":")[:_MACHINE_ARN_PARTS])


def execution_arn(machine: str, name: str) -> str:
    """The ARN of the execution of that name, whichever version or alias of the machine it was started as."""
    return f"{machine_arn(machine).replace(':stateMachine:', ':execution:', 1)}:{name}"


def machine_of(execution: str) -> str:
    """The ARN of the state machine that an execution is of."""
    return machine_arn(execution).replace(":execution:", ":stateMachine:", 1)


def name_of(arn: str) -> str:
    return arn.rsplit(":", 1)[-1]


def campaign_of(name: str) -> CampaignId | None:
    """The campaign an execution of that name is about."""
    match = _NUMBERED.match(name)
    return CampaignId(match["campaign"]) if match else None


def number_of(name: str) -> int:
    match = _NUMBERED.match(name)
    return int(match["number"] or 0) if match else 0


def next_name(arn: str) -> str:
    """The name of the execution after ``arn``: the same for everybody who asks, so that two start one."""
    name = name_of(arn)
    return f"{name.partition('-')[0]}-{number_of(name) + 1}"


def name_before(name: str) -> str | None:
    """The execution that the one of that name took the place of."""
    number = number_of(name)
    if not number:
        return None
    first = name.partition("-")[0]
    return f"{first}-{number - 1}" if number > 1 else first


def is_first(arn: str) -> bool:
    return number_of(name_of(arn)) == 0


def is_of(recorded: str | None, arn: str) -> bool:
    """Whether ``arn`` is the execution on a campaign's record. A record that names none means the first."""
    return recorded == arn or (recorded is None and is_first(arn))


def require_newest(arn: str, known: Iterable[str | None]) -> None:
    """Raises ``ConflictError`` when one of the ``known`` executions is newer than ``arn``, which was replaced then.

    A step outlives its execution by as long as its function runs, and must not act in place of its successor.
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
