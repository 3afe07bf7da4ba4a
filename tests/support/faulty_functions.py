"""Lambdas of the local stack with faults on order: they die, or are throttled, exactly where a test wants it.

The real functions get the layer of ``tests/support/layer`` and a handler that wraps their own. Their code, their
roles and the emulator stay as they are.
"""

import io
import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from local.deploy import release
from local.stack import Stack

LAYER = Path(__file__).parent / "layer" / "fault_layer.py"


class Kill(NamedTuple):
    """Where a worker is to die: as its handler starts or ends, or at its n-th request to AWS."""

    moment: str
    request: int | None = None

    def __str__(self) -> str:
        return self.moment if self.request is None else f"{self.moment} request {self.request}"


class Faults:
    """The orders of one stack, and what became of them."""

    def __init__(self, stack: Stack) -> None:
        self._home = stack.home / "faults"
        self._kills = self._home / "kills"
        self._kills.mkdir(parents=True, exist_ok=True)

    def kill(self, campaign_id: str, state: str, kill: Kill) -> None:
        """The first worker that does ``state`` for the campaign from now on dies there, if it gets there."""
        order = self._kills / f"{campaign_id}.{state}.new"
        order.write_text(json.dumps({"moment": kill.moment, "request": kill.request}))
        order.rename(order.with_suffix(".order"))

    def struck(self, campaign_id: str) -> set[str]:
        """States of the campaign in which a worker died as ordered."""
        return {file.name.split(".")[1] for file in self._kills.glob(f"{campaign_id}.*.struck")}

    @contextmanager
    def throttled(self, rate: float, seed: int = 0) -> Iterator[None]:
        """Requests of the functions, and their own invocations, are refused at that rate (0: only counted)."""
        for log in self._home.glob("requests.*"):
            log.unlink()
        order = self._home / "throttle.json"
        order.with_suffix(".new").write_text(json.dumps({"rate": rate, "seed": seed}))
        order.with_suffix(".new").rename(order)
        try:
            yield
        finally:
            order.unlink()

    def requests(self) -> dict[str, Counter[str]]:
        """``sent`` and ``refused`` by service, since requests were last throttled. ``lambda`` are the invocations."""
        return {log.suffix.removeprefix("."): Counter(log.read_text().split()) for log in self._home.glob("requests.*")}

    def clear(self) -> None:
        shutil.rmtree(self._home)


def build_functions(stack: Stack) -> dict[str, str]:
    """By state, the function of every task of the deployed BUILD, those inside its maps included."""
    machine = stack.info["stateMachines"]["build"]
    described = stack.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    return dict(_tasks(json.loads(described["definition"])["States"]))


def _tasks(states: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, state in states.items():
        if state["Type"] == "Task":
            arn = state["Resource"] if ":function:" in state["Resource"] else state["Parameters"]["FunctionName"]
            yield name, arn.partition(":function:")[2].split(":")[0]
        yield from _tasks(state.get("ItemProcessor", {}).get("States", {}))


@contextmanager
def faulty_functions(stack: Stack, names: Iterable[str]) -> Iterator[Faults]:
    """The named functions, under orders for campaigns that are started meanwhile; as they were afterwards."""
    client, machine = stack.client("lambda"), stack.info["stateMachines"]["build"]
    before = {name: client.get_function_configuration(FunctionName=name) for name in sorted(names)}
    handlers = {name: str(configuration["Handler"]) for name, configuration in before.items()}
    layer = client.publish_layer_version(LayerName="faults", Content={"ZipFile": _archive(handlers)})
    faults = Faults(stack)
    try:
        for name, configuration in before.items():
            layers = [*_layers(configuration), layer["LayerVersionArn"]]
            client.update_function_configuration(FunctionName=name, Handler=f"{_shim(name)}.handler", Layers=layers)
        release(stack.client, machine, list(before))
        yield faults
    finally:
        for name, configuration in before.items():
            client.update_function_configuration(
                FunctionName=name, Handler=handlers[name], Layers=_layers(configuration)
            )
        release(stack.client, machine, list(before))
        faults.clear()


def _layers(configuration: Mapping[str, Any]) -> list[str]:
    return [layer["Arn"] for layer in configuration.get("Layers", ())]


def _shim(function: str) -> str:
    return f"faulty_{function.replace('-', '_')}"


def _archive(handlers: Mapping[str, str]) -> bytes:
    """A module for each handler, so that the function's code is imported before it is first invoked."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(LAYER, f"python/{LAYER.name}")
        for name, handler in handlers.items():
            module, _, attribute = handler.rpartition(".")
            text = (
                "from fault_layer import around\n"
                f"from {module.replace('/', '.')} import {attribute} as original\n\n"
                "handler = around(original)\n"
            )
            archive.writestr(f"python/{_shim(name)}.py", text)
    return buffer.getvalue()
