"""Forks workers from a process that has imported their code, so that they need not import it themselves.

A cold start is almost all imports: about a second of processor time for each worker, and the first campaign of a stack
needs a dozen of them. ``forkserver`` is started once for each version of code and layers and imports a handler when it
is first needed; every worker of it is then a copy that starts in about 20 ms and shares its memory.

Workers that are not Python are started as before, and so is everything on systems without ``pidfd_open`` (only Linux
has it; forking is not safe on macOS).
"""

import functools
import io
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.emulator import forkserver
from local.emulator.patch import Emulator, patch

logger = logging.getLogger("local.forks")

_KEPT = 3
"""Number of fork servers kept, each for one version of the code: after a deployment the previous one is rarely needed
again."""
_UNKNOWN = -1
"""The return code of a process that is not a child of this one."""

_module: ContextVar[str | None] = ContextVar("handler_module", default=None)


class ForkedProcess:
    """The part of ``subprocess.Popen`` that ``lambda_runtime`` uses."""

    def __init__(self, pid: int, pidfd: int | None, pipes: Sequence[int]) -> None:
        self.pid = pid
        self.returncode: int | None = None if pidfd is not None else _UNKNOWN
        self._pidfd = None if pidfd is None else io.FileIO(pidfd, "rb")
        # Kept open for the worker's life, as Popen keeps them.
        self.stdin = open(pipes[0], "w", encoding="utf-8", buffering=1)
        self.stdout = open(pipes[1], encoding="utf-8")
        self.stderr = open(pipes[2], encoding="utf-8", errors="backslashreplace")

    def poll(self) -> int | None:
        return self._await(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._await(None if timeout is None else timeout * 1000)
        if code is None:
            raise subprocess.TimeoutExpired("worker", timeout or 0)
        return code

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        if self._pidfd is not None:
            signal.pidfd_send_signal(self._pidfd.fileno(), what)

    def _await(self, milliseconds: float | None) -> int | None:
        if self.returncode is None and self._pidfd is not None:
            ended = select.poll()
            ended.register(self._pidfd.fileno(), select.POLLIN)
            if ended.poll(milliseconds):
                self.returncode = _UNKNOWN
                self._pidfd.close()
                self._pidfd = None
        return self.returncode


class ForkServer:
    """One running ``forkserver``. It ends when its socket is closed, or with the emulator."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, forkserver.MESSAGE_BYTES)
        with theirs:
            command = [sys.executable, forkserver.__file__, str(theirs.fileno())]
            # Not the emulator's directory, so that it cannot import the project's modules.
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self._control = ours
        self._lock = threading.Lock()

    def fork(self, request: dict[str, Any]) -> ForkedProcess:
        """Start a worker. Raises ``OSError`` if this server cannot."""
        theirs, ours = _pipes()
        try:
            with self._lock:
                socket.send_fds(self._control, [json.dumps(request).encode()], theirs)
                answer = json.loads(self._control.recv(forkserver.MESSAGE_BYTES) or b'{"refused": "it ended"}')
            if "pid" not in answer:
                raise OSError(answer["refused"])
        except OSError:
            for pipe in ours:
                os.close(pipe)
            raise
        finally:
            for pipe in theirs:
                os.close(pipe)
        try:
            pidfd = os.pidfd_open(answer["pid"])
        except ProcessLookupError:  # it ended already
            pidfd = None
        return ForkedProcess(answer["pid"], pidfd, ours)

    def ended(self) -> bool:
        return self._process.poll() is not None

    def close(self) -> None:
        """Workers that were forked go on running."""
        self._control.close()
        self._process.wait()


class Forks:
    """Fork servers, by their Python path."""

    def __init__(self) -> None:
        self._servers: OrderedDict[tuple[str, ...], ForkServer] = OrderedDict()
        self._lock = threading.Lock()

    def popen(self, command: Sequence[str], **options: Any) -> Any:
        """``subprocess.Popen`` for a Python worker, forked where that is possible."""
        module = _module.get()
        if module is None or len(command) != 2 or command[0] != sys.executable:
            return subprocess.Popen(command, **options)
        environment = options["env"]
        path = _path(Path(options["cwd"]), environment.get("_LAMBDA_LAYERS_DIRS", ""))
        request = {
            "script": command[1],
            "directory": options["cwd"],
            "environment": environment,
            "module": module,
            "path": path,
        }
        server = self._server(path)
        try:
            return server.fork(request)
        except OSError:
            logger.warning("a worker could not be forked and is started by itself", exc_info=True)
            self._forget(server)
            return subprocess.Popen(command, **options)

    def _server(self, path: Sequence[str]) -> ForkServer:
        with self._lock:
            key = tuple(path)
            if key not in self._servers:
                self._servers[key] = ForkServer()
            self._servers.move_to_end(key)
            while len(self._servers) > _KEPT:
                self._servers.popitem(last=False)[1].close()
            return self._servers[key]

    def _forget(self, server: ForkServer) -> None:
        """If this server has ended, the next worker gets a new one."""
        with self._lock:
            if server.ended():
                self._servers = OrderedDict((key, each) for key, each in self._servers.items() if each is not server)


@patch("core.lambda_runtime", "subprocess", "f77b7310")
def forked_workers(original: Any, emulator: Emulator) -> Any:
    """``lambda_runtime`` starts its workers with ``Popen([python, script], …)``."""
    if not hasattr(os, "pidfd_open"):
        return original
    popen = emulator.shared(Forks, Forks).popen
    return SimpleNamespace(Popen=popen, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL, STDOUT=subprocess.STDOUT)


@patch("core.lambda_runtime", "Worker._spawn", "c55febf9")
def spawn_of_handler(original: Any, _emulator: Emulator) -> Any:
    """For ``forked_workers``: the handler that a worker is spawned for."""

    @functools.wraps(original)
    def spawn(self: Any) -> Any:
        handler = self.config.get("Handler", "")
        reset = _module.set(handler.rpartition(".")[0].replace("/", ".") or None)
        try:
            return original(self)
        finally:
            _module.reset(reset)

    return spawn


def _path(code: Path, layers: str) -> list[str]:
    """The worker's directories with links resolved (``extraction``), in the worker's order."""
    found = [_real(code)]
    for layer in filter(None, layers.split(os.pathsep)):
        found.insert(0, str(Path(_real(Path(layer))) / "python"))
    return found


def _real(directory: Path) -> str:
    return str(next((entry.resolve().parent for entry in directory.iterdir()), directory))


def _pipes() -> tuple[list[int], list[int]]:
    """``(the worker's ends, ours)`` of stdin, stdout and stderr."""
    (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = os.pipe(), os.pipe(), os.pipe()
    return [stdin, stdout, stderr], [to_stdin, from_stdout, from_stderr]
