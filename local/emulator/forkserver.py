"""The process that workers are forked from. A program of its own, standard library only: see ``forks``.

It reads requests from the socket given as its only argument, one message each: the worker's script, directory and
environment, the module of its handler, and the worker's ends of its three pipes. The module is imported here, once,
and the worker starts as a copy of this process that has it already.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, NoReturn

MODELS = ("dynamodb", "s3", "secretsmanager", "sesv2", "ssm", "stepfunctions")
"""Services whose clients the workers make: parsing their models takes most of the 0.1 s that a client takes."""

MESSAGE_BYTES = 1_048_576
PIPES = 3


def serve(control: socket.socket) -> None:
    """Fork a worker for each request until the emulator closes the socket. Answers ``{"pid"}`` or ``{"refused"}``."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # workers that ended leave no zombies
    while True:
        message, pipes, _, _ = socket.recv_fds(control, MESSAGE_BYTES, PIPES)
        if not message:
            return
        control.send(json.dumps(_answer(json.loads(message), pipes, control)).encode())
        for pipe in pipes:
            os.close(pipe)


def _answer(request: dict[str, Any], pipes: Sequence[int], control: socket.socket) -> dict[str, Any]:
    _prepare(request["path"], request["module"])
    if threading.active_count() > 1:
        return {"refused": f"importing {request['module']} started a thread"}
    pid = os.fork()
    if pid == 0:
        control.close()
        _work(request, pipes)
    return {"pid": pid}


def _prepare(path: Sequence[str], module: str) -> None:
    """Import what every worker imports, and this one's handler."""
    sys.path[:0] = [entry for entry in path if entry not in sys.path]
    if module in sys.modules:
        return
    try:
        importlib.import_module("botocore.handlers")
        importlib.import_module(module)
        if "boto3" in sys.modules and sys.modules["boto3"].DEFAULT_SESSION is None:
            _read_models()
    except Exception:  # noqa: BLE001 - the worker meets the same error and reports it as its own
        sys.modules.pop(module, None)
    gc.freeze()  # so that the workers keep sharing these pages


def _read_models() -> None:
    """Make boto3's default session parse the models that its clients need. Credentials are only read later."""
    boto3 = importlib.import_module("boto3")
    boto3.setup_default_session()
    loader = boto3.DEFAULT_SESSION._session.get_component("data_loader")
    for service in MODELS:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    for data in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(data)
    for module in ("boto3.dynamodb.transform", "boto3.s3.inject", "botocore.retries.standard"):
        importlib.import_module(module)


def _work(request: dict[str, Any], pipes: Sequence[int]) -> NoReturn:
    """Become the worker: run its script as ``python script`` would."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        os.chdir(request["directory"])
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        sys.argv = [request["script"]]
        sys.stdin = open(0, encoding="utf-8", closefd=False)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, errors="backslashreplace", closefd=False)
        with open(request["script"], encoding="utf-8") as script:
            program = compile(script.read(), request["script"], "exec")
        exec(program, {"__name__": "__main__", "__file__": request["script"]})  # noqa: S102 - ministack's own script
        code = 0
    finally:
        # Not sys.exit, which would unwind into the loop above.
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
