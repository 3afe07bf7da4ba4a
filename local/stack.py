"""The local stack of a home directory: emulator, deployed templates, and the tenants of ``local/seed/<tenant>.json``.

``stack.json`` in the home directory contains its URLs and names for other programs (``local.target``).
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
    """Print nothing."""


def default_home() -> Path:
    """``CAMPAIGN_HOME``, or ``.local`` in the project."""
    return Path(os.environ.get("CAMPAIGN_HOME") or ROOT / ".local").resolve()


@dataclass
class Stack(Target):
    """A running stack. ``started`` is true if ``up`` started it, false if it was running already."""

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
        """Start the emulator unless it runs, deploy what changed, store the seed tenants, and write ``stack.json``.

        ``port`` is used if the emulator has to be started. The default is the port of the last start, or 4566; if it is
        taken, the next free one. ``release`` returns the cloud assembly to deploy; the default is this project's.
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
        """The running stack of a home directory; raises ``LocalStackError`` if it is not running."""
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
        """The emulator's own log file."""
        return self._process.log

    @property
    def pid(self) -> int | None:
        return self._process.pid()

    def stop(self, *, kill: bool = False) -> bool:
        """Stop the emulator, which saves its state first unless it is killed. Returns false if it was not running."""
        with exclusive(self.home):
            return self._process.stop(kill=kill)


def stop(home: Path | None = None) -> bool:
    """Stop the emulator of a home directory; returns false if it was not running."""
    home = (home or default_home()).resolve()
    with exclusive(home):
        return EmulatorProcess(home).stop()


def _deployed(process: EmulatorProcess, say: Callable[[str], None], release: Callable[[], Path]) -> dict[str, Any]:
    endpoint = f"http://127.0.0.1:{process.port()}"
    say("deploying the stacks that changed")
    outputs = deploy(release(), endpoint, cache=CACHE / "assets", say=say)
    # The template only knows the URL that the API has on AWS; links in mails have to lead to the emulator.
    api_url = f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/{outputs['ApiStageName']}"
    aws.client("ssm", endpoint).put_parameter(
        Name=outputs["ApprovalBaseUrlParameterName"], Value=api_url, Type="String", Overwrite=True
    )
    pages = {"endpointUrl": endpoint, "consoleUrl": f"{endpoint}/_local/", "inboxUrl": f"{endpoint}/_local/inbox"}
    info = target.describe(partial(aws.client, endpoint_url=endpoint)) | pages
    plant(endpoint, info["table"])
    return info


_NOTHING_TO_DO = frozenset({"fine", "over"})
"""Findings that need no message. A campaign that is ``writing`` is resumed later, when its workers have ended."""


def _reconcile(info: dict[str, Any], say: Callable[[str], None]) -> None:
    """Resume campaigns whose execution ended with the emulator: the reconciler checks all campaigns, due or not.

    On AWS an execution survives; here, one that was running when the emulator stopped is reported as failed.
    """
    answer = aws.client("lambda", info["endpointUrl"]).invoke(
        FunctionName="reconcile", Qualifier=LIVE, Payload=b'{"everything": true}'
    )
    report = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalStackError(f"the reconciler failed: {report.get('errorType')}: {report.get('errorMessage')}")
    resumed = sum(number for finding, number in report["findings"].items() if finding not in _NOTHING_TO_DO)
    if resumed:
        say(f"resuming {resumed} campaign{'s' if resumed > 1 else ''} that the last stop interrupted")


SEEDS = Path(__file__).parent / "seed"


def tenants() -> list[str]:
    return sorted(path.stem for path in SEEDS.glob("*.json"))


def plant(endpoint_url: str, table: str) -> None:
    """Store what differs from the seed files, through the adapter that serves ``PUT /brands/{id}``.

    Brands and personas that were changed through the API are reset, so every start offers the same ones. Settings are
    not reset.
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
    """Create the tenant's sender as an SES identity with the tenant's tag, and store the tenant's first settings."""
    if config.sender:
        aws.client("sesv2", endpoint_url).create_email_identity(
            EmailIdentity=config.sender.address, Tags=[{"Key": OWNER_TAG, "Value": tenant}]
        )
    if catalog.get_settings(tenant).version == 0:
        catalog.put_settings(tenant, config)


def _same(stored: Model | None, seed: Model) -> bool:
    """Whether the stored record has the seed's values; its id and version are not compared."""
    if stored is None:
        return False
    wire = stored.to_wire()
    return {name: wire.get(name) for name in seed.to_wire()} == seed.to_wire()
