"""The emulator process: ``python -m local.emulator``, configured by ``EmulatorConfig.environment``."""

import gc
import importlib
import os
import shutil
import signal
from functools import partial
from typing import Any

from local.emulator import patch
from local.emulator.config import EmulatorConfig
from local.emulator.durability import Autosave, saver
from local.emulator.mail import kept
from local.emulator.pages import Pages
from local.emulator.server import Server

CORRECTIONS = (
    "iam",
    "slots",
    "lambdas",
    "workers",
    "gateway",
    "step_functions",
    "state_machines",
    "quotas",
    "limits",
    "mail",
    "durability",
    "speed",
    "throughput",
    "staleness",
    "extraction",
    "forks",
)
"""The modules with corrections, in the order in which they wrap each other."""


def load(plugins: tuple[str, ...] = ()) -> list[patch.Patch]:
    """All corrections."""
    for name in (*(f"local.emulator.{name}" for name in CORRECTIONS), *plugins):
        importlib.import_module(name)
    return patch.registered


def main() -> None:
    config = EmulatorConfig.from_environment(os.environ)
    _prepare(config)
    corrections = load(config.plugins)

    # Imported late: ministack reads its environment and its directory when it is imported.
    import uvicorn
    from ministack import app as ministack
    from ministack.core import lambda_runtime, persistence
    from ministack.services import ses

    emulator = patch.Emulator(config)
    patch.install(emulator, corrections)
    saves = Autosave(saver(ministack, persistence), every=config.autosave_seconds)

    server: Any = Server(ministack.app, Pages(config.home, config.port, partial(kept, ses), emulator.pages), saves)
    settings = uvicorn.Config(
        server,
        host="127.0.0.1",
        port=config.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        log_level=os.environ["LOG_LEVEL"].lower(),
        access_log=False,
        proxy_headers=False,  # there is no proxy, so nobody may send proxy headers
        server_header=False,
        date_header=False,  # ministack sends one
    )
    _collect_less()
    for number in (signal.SIGTERM, signal.SIGINT):
        # At its end uvicorn raises the signal that stopped it again, before the workers have ended.
        signal.signal(number, lambda *_: None)
    try:
        uvicorn.Server(settings).run()
    finally:
        lambda_runtime.reset()


def _collect_less() -> None:
    """Collect garbage rarely: requests and answers are many small objects without cycles, and searching every 700 of
    them finds none.

    Objects from the start are never garbage, and a memory page that is not touched stays shared with a saving child.
    """
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _prepare(config: EmulatorConfig) -> None:
    """Create the directories anew: workers of a killed emulator left theirs behind."""
    shutil.rmtree(config.temporary_dir, ignore_errors=True)
    for directory in config.directories():
        directory.mkdir(parents=True, exist_ok=True)
    os.chdir(config.empty_dir)
    _raise_file_limit()


def _raise_file_limit() -> None:
    """Every worker holds three pipes and every connection a socket; the usual soft limit is 1024."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()
