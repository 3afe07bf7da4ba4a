"""The local stack of a home directory: emulator, deployed templates, seeded tenants.

``stack.json`` in the home tells programs where everything is::

    {"apiUrl", "endpointUrl", "consoleUrl", "inboxUrl", "region", "table",
     "stateMachines": {"build"}, "functions": {"build-campaign": arn, ...}}
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lambdas.adapters.secret_keys import parse_key_set
from lambdas.core.ids import TenantId
from lambdas.core.tokens import Caller, Role, sign_api_token
from local import aws, seeds
from local.deploy import deploy
from local.emulator.config import REGION
from local.process import DEFAULT_PORT, ROOT, EmulatorProcess, LocalStackError, exclusive, free_port
from local.reconcile import reconcile
from local.synth import CACHE, assembly

TOKEN_LIFETIME = timedelta(hours=12)
_MACHINE_OUTPUTS = {"build": "BuildStateMachineArn", "run": "RunStateMachineArn"}


def silent(_: str) -> None:
    """Say nothing."""


def default_home() -> Path:
    """``CAMPAIGN_HOME``, or ``.local`` in the project."""
    return Path(os.environ.get("CAMPAIGN_HOME") or ROOT / ".local").resolve()


@dataclass
class Stack:
    """A running stack. ``started`` tells whether ``up`` started it or found it running."""

    home: Path
    info: dict[str, Any]
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
            _write(home / "stack.json", info)
            return cls(home=home, info=info, started=started, _process=process)

    @classmethod
    def running(cls, home: Path | None = None) -> "Stack":
        """The stack of a home that is up; raises ``LocalStackError`` when it is not."""
        home = (home or default_home()).resolve()
        process = EmulatorProcess(home)
        file = home / "stack.json"
        if process.pid() is None or not file.is_file():
            raise LocalStackError("the local stack is not running: start it with `make up`")
        return cls(home=home, info=json.loads(file.read_text()), started=False, _process=process)

    @property
    def api_url(self) -> str:
        return str(self.info["apiUrl"])

    @property
    def log(self) -> Path:
        """What the emulator itself reports."""
        return self._process.log

    @property
    def pid(self) -> int | None:
        return self._process.pid()

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator, as root."""
        return aws.client(service, self.info["endpointUrl"])

    def token(self, tenant: str, role: str, *, lifetime: timedelta = TOKEN_LIFETIME) -> str:
        """A bearer token, signed with the key the authorizer verifies with."""
        outputs = stack_outputs(self.client("cloudformation"))
        secrets = self.client("secretsmanager")
        return api_token(secrets, outputs["ApiKeysSecretArn"], tenant, role, lifetime=lifetime)

    def stop(self, *, kill: bool = False) -> bool:
        """End the emulator, which saves its state first unless it is killed. False when it was not running."""
        with exclusive(self.home):
            return self._process.stop(kill=kill)


def api_token(secrets: Any, secret_id: str, tenant: str, role: str, *, lifetime: timedelta = TOKEN_LIFETIME) -> str:
    """A bearer token of the API whose signing keys are in the secret, here or in AWS."""
    keys = parse_key_set(secrets.get_secret_value(SecretId=secret_id)["SecretString"])
    caller = Caller(tenant_id=TenantId(tenant), role=Role(role), subject=f"{role}@{tenant}.example")
    now = datetime.now(UTC)
    return sign_api_token(keys, caller, now=now, expires=now + lifetime)


def stop(home: Path | None = None) -> bool:
    """End the emulator of a home; False when it was not running."""
    home = (home or default_home()).resolve()
    with exclusive(home):
        return EmulatorProcess(home).stop()


def stack_outputs(cloudformation: Any) -> dict[str, str]:
    """All outputs of all stacks by name."""
    return {
        output["OutputKey"]: output["OutputValue"]
        for stack in cloudformation.describe_stacks()["Stacks"]
        for output in stack.get("Outputs", [])
    }


def _deployed(process: EmulatorProcess, say: Callable[[str], None], release: Callable[[], Path]) -> dict[str, Any]:
    endpoint = f"http://127.0.0.1:{process.port()}"
    say("bringing the stacks up to date")
    outputs = deploy(release(), endpoint, cache=CACHE / "assets", say=say)
    info = _describe(endpoint, outputs)
    # The template can only know the address the API has in AWS; mailed links have to lead here.
    aws.client("ssm", endpoint).put_parameter(
        Name=outputs["ApprovalBaseUrlParameterName"], Value=info["apiUrl"], Type="String", Overwrite=True
    )
    seeds.plant(endpoint, info["table"])
    return info


def _reconcile(info: dict[str, Any], say: Callable[[str], None]) -> None:
    resumed = reconcile(info["endpointUrl"])
    if resumed:
        say(f"going on with {resumed} campaign{'s' if resumed > 1 else ''} that the last stop interrupted")


def _describe(endpoint: str, outputs: dict[str, str]) -> dict[str, Any]:
    pages = aws.client("lambda", endpoint).get_paginator("list_functions").paginate()
    functions = {function["FunctionName"]: function["FunctionArn"] for page in pages for function in page["Functions"]}
    return {
        "apiUrl": f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/{outputs['ApiStageName']}",
        "endpointUrl": endpoint,
        "consoleUrl": f"{endpoint}/_local/",
        "inboxUrl": f"{endpoint}/_local/inbox",
        "region": REGION,
        "table": outputs["TableName"],
        "stateMachines": {name: outputs[key] for name, key in _MACHINE_OUTPUTS.items() if key in outputs},
        "functions": dict(sorted(functions.items())),
    }


def _write(file: Path, value: dict[str, Any]) -> None:
    scratch = file.with_suffix(".tmp")
    scratch.write_text(json.dumps(value, indent=2) + "\n")
    scratch.replace(file)
