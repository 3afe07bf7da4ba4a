"""The emulator process: ``python -m local.emulator``, configured by ``EmulatorConfig.environment``."""

import asyncio
import importlib
import os
import shutil
from functools import partial
from typing import Any

from local.emulator import (
    async_configs,
    autosave,
    bounces,
    exceptions,
    extraction,
    forks,
    layer_blobs,
    machine_resources,
    machine_versions,
    mailbox,
    notifications,
    parsing,
    partiql,
    patch,
    ranges,
    references,
    relay,
    senders,
    sending,
    slots,
    transport,
    usage,
    waits,
)
from local.emulator.config import EmulatorConfig
from local.emulator.pages import Pages
from local.emulator.pinned import require_pinned_version
from local.emulator.server import Server


CORRECTIONS = ("iam", "step_functions")


def main() -> None:
    config = EmulatorConfig.from_environment(os.environ)
    # Workers of a killed emulator left their directories behind.
    shutil.rmtree(config.temporary_dir, ignore_errors=True)
    for directory in config.directories():
        directory.mkdir(parents=True, exist_ok=True)
    os.chdir(config.empty_dir)
    require_pinned_version()

    # Imported only now: ministack reads its environment and its neighbourhood when it is imported.
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app as ministack
    from ministack.core import lambda_runtime, persistence
    from ministack.services import ses

    counted = usage.Usage() if config.usage else None
    _correct(config, counted)
    saves = autosave.Autosave(autosave.saver(ministack, persistence), every=config.autosave_seconds)

    settings = Config()
    settings.bind = [f"127.0.0.1:{config.port}"]
    settings.keep_alive_timeout = 75
    settings.graceful_timeout = 1
    settings.loglevel = os.environ["LOG_LEVEL"]
    _raise_file_limit()
    try:
        server: Any = Server(ministack.app, Pages(config.home, config.port, partial(sending.kept, ses), counted), saves)
        asyncio.run(serve(server, settings))
    finally:
        lambda_runtime.reset()


def _correct(config: EmulatorConfig, counted: usage.Usage | None) -> None:
    """Make ministack do as AWS does, one correction after the other."""
    from ministack import app
    from ministack.core import iam_actions, lambda_runtime
    from ministack.services import _dynamodb_keywords, dynamodb, lambda_svc, ses, ses_v2, sns, stepfunctions
    from ministack.services.cloudformation import provisioners

    for name in CORRECTIONS:
        importlib.import_module(f"local.emulator.{name}")
    patch.install(patch.Emulator(config), patch.registered)
    slots.install(lambda_svc, slots.Slots(per_function=config.workers_per_function, total=config.workers))
    async_configs.install(lambda_svc)
    exceptions.install(lambda_svc, lambda_runtime)
    extraction.install(lambda_runtime, lambda_svc, config.extracted_dir)
    forks.install(lambda_runtime, forks.Forks())
    layer_blobs.install(lambda_svc, config.state_dir / "layer-blobs")
    mailbox.install(ses)
    notifications.install(sns, lambda_svc)
    sending.install(ses, ses_v2, [bounces.simulator(ses_v2, sns), *_relays(config)])
    waits.install(stepfunctions)
    machine_versions.install(stepfunctions, iam_actions)
    machine_resources.install(provisioners, stepfunctions)
    partiql.install(iam_actions)
    parsing.install(dynamodb, _dynamodb_keywords)
    ranges.install(dynamodb)
    senders.install(iam_actions)
    transport.install(app)
    references.install(provisioners)
    if counted:
        usage.install(app, lambda_svc, dynamodb, counted)


def _relays(config: EmulatorConfig) -> list[sending.Listener]:
    return [relay.Relay(relay.parse(config.smtp_url))] if config.smtp_url else []


def _raise_file_limit() -> None:
    """Every worker holds three pipes and every connection a socket; the usual soft limit is 1024."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()
