"""The local stack of a home directory: emulator, deployed templates, seeded tenants.

``stack.json`` in the home tells programs where everything is (``local.target``).
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from local import aws, seeds, target
from local.deploy import deploy
from local.process import DEFAULT_PORT, ROOT, EmulatorProcess, LocalStackError, exclusive, free_port
from local.release import LIVE
from local.synth import CACHE, assembly
from local.target import Target, TargetError


def silent(_: str) -> None:
    """Say nothing."""


def default_home() -> Path:
    """``CAMPAIGN_HOME``, or ``.local`` in the project."""
    return Path(os.environ.get("CAMPAIGN_HOME") or ROOT / ".local").resolve()


@dataclass
class Stack(Target):
    """A running stack. ``started`` tells whether ``up`` started it or found it running."""

    home: Path
    started: bool
    _process: EmulatorProcess = field(repr=False)

    @classmethod
    def up(
        cls,
        home: Path | None = None,
        port: int | None = None,
        say: Callable[[str], None] = silent,
        release: Callable[[], Path] = assembly,
    ) -> "Stack":
        """Start the emulator unless it runs, bring the templates and tenants up to date, write ``stack.json``.

        ``port`` is where to listen when it has to be started; the default is where it listened last, or 4566,
        and the next free one if somebody else is there. ``release`` answers the cloud assembly to deploy; the default
        is that of this project.
        """
        home = (home or default_home()).resolve()
        with exclusive(home):
            process = EmulatorProcess(home)
            started = process.pid() is None
            if started:
                wanted = port or process.port() or DEFAULT_PORT
                chosen = free_port(wanted)
                if chosen != wanted:
                    say(f"port {wanted} is taken, using {chosen}")
                say("starting the emulator")
                process.start(chosen)
            try:
                info = _deployed(process, say, release)
                if started:
                    _reconcile(info, say)
            except BaseException:
                if started:
                    process.stop()
                raise
            target.write(home / "stack.json", info)
            return cls(home=home, info=info, started=started, _process=process)

    @classmethod
    def running(cls, home: Path | None = None) -> "Stack":
        """The stack of a home that is up; raises ``LocalStackError`` when it is not."""
        home = (home or default_home()).resolve()
        process = EmulatorProcess(home)
        file = home / "stack.json"
        if process.pid() is None or not file.is_file():
            raise LocalStackError("the local stack is not running: start it with `make up`")
        try:
            return cls(home=home, info=target.read(file), started=False, _process=process)
        except TargetError as error:
            raise LocalStackError(str(error)) from None

    @property
    def log(self) -> Path:
        """What the emulator itself reports."""
        return self._process.log

    @property
    def pid(self) -> int | None:
        return self._process.pid()

    def stop(self, *, kill: bool = False) -> bool:
        """End the emulator, which saves its state first unless it is killed. False when it was not running."""
        with exclusive(self.home):
            return self._process.stop(kill=kill)


def stop(home: Path | None = None) -> bool:
    """End the emulator of a home; False when it was not running."""
    home = (home or default_home()).resolve()
    with exclusive(home):
        return EmulatorProcess(home).stop()


def _deployed(process: EmulatorProcess, say: Callable[[str], None], release: Callable[[], Path]) -> dict[str, Any]:
    endpoint = f"http://127.0.0.1:{process.port()}"
    say("bringing the stacks up to date")
    outputs = deploy(release(), endpoint, cache=CACHE / "assets", say=say)
    # The template can only know the address the API has in AWS; mailed links have to lead here.
    api_url = f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/{outputs['ApiStageName']}"
    aws.client("ssm", endpoint).put_parameter(
        Name=outputs["ApprovalBaseUrlParameterName"], Value=api_url, Type="String", Overwrite=True
    )
    pages = {"endpointUrl": endpoint, "consoleUrl": f"{endpoint}/_local/", "inboxUrl": f"{endpoint}/_local/inbox"}
    info = target.describe(partial(aws.client, endpoint_url=endpoint)) | pages
    seeds.plant(endpoint, info["table"])
    return info


_NOTHING_TO_DO = frozenset({"fine", "over"})
"""A campaign that is ``writing`` is brought back when its posts are."""


def _reconcile(info: dict[str, Any], say: Callable[[str], None]) -> None:
    """Campaigns whose execution ended with the emulator go on: the reconciler is asked for all, due or not.

    On AWS executions outlive everything; here one that was running when the emulator stopped comes back as failed.
    """
    answer = aws.client("lambda", info["endpointUrl"]).invoke(
        FunctionName="reconcile", Qualifier=LIVE, Payload=b'{"everything": true}'
    )
    report = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalStackError(f"the reconciler failed: {report.get('errorType')}: {report.get('errorMessage')}")
    resumed = sum(number for finding, number in report["findings"].items() if finding not in _NOTHING_TO_DO)
    if resumed:
        say(f"going on with {resumed} campaign{'s' if resumed > 1 else ''} that the last stop interrupted")
