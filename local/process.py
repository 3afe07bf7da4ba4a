"""Starting and stopping the emulator process of a home directory."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from local.emulator.config import EmulatorConfig

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 4566
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


class LocalStackError(RuntimeError):
    """The local stack cannot do what was requested; the message says what to do."""


class EmulatorProcess:
    """The emulator of one home directory, whether or not this process started it."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self._file = self.home / "emulator.json"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home / "emulator.log"

    def port(self) -> int | None:
        """The port of the last start."""
        try:
            return int(json.loads(self._file.read_text())["port"])
        except FileNotFoundError:
            return None

    def pid(self) -> int | None:
        """The process id, if it is running and serves this home directory."""
        port = self.port()
        return None if port is None else _owner(port, self.home)

    def start(self, port: int) -> None:
        """Start it on a free ``port`` and return when it answers."""
        config = EmulatorConfig.from_environment(
            {**os.environ, "CAMPAIGN_HOME": str(self.home), "GATEWAY_PORT": str(port)}
        )
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "local.emulator"],
                cwd=ROOT,
                env=config.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal goes to the caller, which stops the emulator properly.
                start_new_session=True,
            )
        self._child = process
        self._file.write_text(json.dumps({"port": port, "pid": process.pid}))
        try:
            self._wait_until_up(process, port)
        except BaseException:
            # If the wait is given up, for example by Ctrl-C, no unknown emulator must keep running.
            process.kill()
            process.wait()
            raise

    def _wait_until_up(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while _owner(port, self.home) != process.pid:
            if process.poll() is not None:
                raise LocalStackError(f"the emulator ended as it started (code {process.returncode}); see {self.log}")
            if time.monotonic() > deadline:
                raise LocalStackError(f"the emulator did not answer within {_START_SECONDS:.0f} s; see {self.log}")
            time.sleep(0.05)

    def stop(self, *, kill: bool = False) -> bool:
        """Stop it; it saves its state first unless it is killed. Returns false if it was not running."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._runs(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                raise LocalStackError(f"the emulator did not stop within {_STOP_SECONDS:.0f} s and was killed")
            time.sleep(0.05)
        return True

    def _runs(self, pid: int) -> bool:
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is None
        return not _ended(pid)


def _ended(pid: int) -> bool:
    """Whether the process is gone. A child process that has ended is a zombie until it is waited for."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        pass  # not a child of this process: ask the kernel
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def free_port(wanted: int) -> int:
    """``wanted``, or the next free port."""
    for port in range(wanted, min(wanted + 200, 65_535)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As the server does: a port in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise LocalStackError(f"no free port between {wanted} and {wanted + 199}")


@contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """Only one process at a time may start or stop a home directory's stack."""
    import fcntl

    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _owner(port: int, home: Path) -> int | None:
    """The process id of our emulator for ``home`` on ``port``."""
    try:
        response = urllib3.request("GET", f"http://127.0.0.1:{port}/_local/health", timeout=5, retries=False)
        answer = response.json() if response.status == 200 else {}
    except (urllib3.exceptions.HTTPError, ValueError):
        return None
    return int(answer["pid"]) if answer.get("home") == str(home) else None
