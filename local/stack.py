"""The local stack of a home directory: emulator, deployed templates, and the tenants of ``local/seed/<tenant>.json``.

``stack.json`` in the home tells programs where everything is (``local.target``).
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lambdas.adapters.aws.ses_mailer import OWNER_TAG
from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.domain.ids import BrandId, PersonaId, TenantId
from lambdas.domain.models.base import Model
from lambdas.domain.models.brand import BrandConfig, PersonaConfig
from lambdas.domain.models.tenant import TenantConfig
from local import aws, target
from local.deploy import LIVE, deploy
from local.process import DEFAULT_PORT, ROOT, EmulatorProcess, LocalStackError, exclusive, free_port
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
    plant(endpoint, info["table"])
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


SEEDS = Path(__file__).parent / "seed"


def tenants() -> list[str]:
    return sorted(path.stem for path in SEEDS.glob("*.json"))


def plant(endpoint_url: str, table: str) -> None:
    """Store what differs from the seed, through the adapter that serves ``PUT /brands/{id}``.

    A brand somebody changed through the API is put back: every start offers the same tenants. Settings stay as changed.
    """
    catalog = TableCatalog(DynamoTable(aws.client("dynamodb", endpoint_url), table))
    for name in tenants():
        tenant, seed = TenantId(name), json.loads((SEEDS / f"{name}.json").read_text())
        _settle(tenant, TenantConfig.from_wire(seed.get("settings", {})), catalog, endpoint_url)
        for brand_id, body in seed["brands"].items():
            brand = BrandConfig.from_wire(body)
            if not _same(catalog.get_brand(tenant, BrandId(brand_id)), brand):
                catalog.put_brand(tenant, BrandId(brand_id), brand)
        for persona_id, body in seed["personas"].items():
            persona = PersonaConfig.from_wire(body)
            if not _same(catalog.get_persona(tenant, PersonaId(persona_id)), persona):
                catalog.put_persona(tenant, PersonaId(persona_id), persona)


def _settle(tenant: TenantId, config: TenantConfig, catalog: TableCatalog, endpoint_url: str) -> None:
    """The tenant's sender, as an identity of the mail service that bears the tenant's tag, and its first settings."""
    if config.sender:
        aws.client("sesv2", endpoint_url).create_email_identity(
            EmailIdentity=config.sender.address, Tags=[{"Key": OWNER_TAG, "Value": tenant}]
        )
    if catalog.get_settings(tenant).version == 0:
        catalog.put_settings(tenant, config)


def _same(stored: Model | None, seed: Model) -> bool:
    """Whether the stored record holds what the seed says; its identity and version are beside the point."""
    if stored is None:
        return False
    wire = stored.to_wire()
    return {name: wire.get(name) for name in seed.to_wire()} == seed.to_wire()
