"""The state is written every few seconds, so that a killed emulator loses seconds and not the whole session.

ministack writes its state only at a clean shutdown. Writing it from a thread beside the running services would
copy dictionaries that change under the copy, and copying them on the event loop would stop everything. So the
process forks: the child sees one consistent moment of all services, writes it and exits, while the parent goes on.

In the child only the forking thread exists, and locks that others held stay locked for ever. ``get_state`` of the
services in use takes none; should one do so, the alarm ends the child and the next attempt starts afresh. Files
are replaced whole (``persistence.save_state`` renames), so an ended child leaves the previous state.
"""

import copy
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from local.emulator.pinned import EmulatorChangedError

logger = logging.getLogger("local.autosave")

_CHILD_LIMIT_SECONDS = 60
_SHARE_OF_TIME = 0.25
"""Saving takes at most this share of the time: with a large state the pauses grow."""


class Autosave:
    """Saves in the background while ``touched`` is called; ``stop`` ends it and waits for a save in progress."""

    def __init__(self, save: Callable[[], None], *, every: float) -> None:
        """``save`` runs in a forked child and writes everything."""
        self._save = save
        self._every = every
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autosave", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def touched(self) -> None:
        """Something may have changed."""
        self._changed.set()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = self._every
        while not self._stopping.wait(pause):
            if not self._changed.is_set():
                continue
            self._changed.clear()
            started = time.monotonic()
            if not self.save_now():
                self._changed.set()
            pause = max(self._every, (time.monotonic() - started) / _SHARE_OF_TIME)

    def save_now(self) -> bool:
        """Fork, let the child save, and say whether it did."""
        child = os.fork()
        if child == 0:
            self._in_child()
        _, status = os.waitpid(child, 0)
        if status != 0:
            logger.warning("a save did not finish (status %s); the state before it stays", status)
        return status == 0

    def _in_child(self) -> None:
        """Save and exit; never returns."""
        code = 1
        try:
            signal.alarm(_CHILD_LIMIT_SECONDS)
            # The sockets stay with the parent: were it killed now, its port must be free at once.
            os.closerange(3, 65_536)
            self._save()
            code = 0
        finally:
            os._exit(code)


def saver(app: Any, persistence: Any) -> Callable[[], None]:
    """The function that writes ministack's state in a forked child."""
    for module, name in ((app, "_build_persistence_save_dict"), (persistence, "save_all"), (persistence, "save_state")):
        if not callable(getattr(module, name, None)):
            raise EmulatorChangedError(f"{module.__name__}.{name} is gone")

    def save() -> None:
        # Nothing else runs in this process, so the copies that get_state makes are not needed,
        # and the encoder in C (dumps) is several times faster than the streaming one (dump).
        copy.deepcopy = _same  # type: ignore[assignment]  # only in the child
        persistence.json = _FastJson
        persistence.save_all(app._build_persistence_save_dict())

    return save


def _same(value: Any, _memo: Any = None) -> Any:
    return value


class _FastJson:
    """``json`` as ``persistence.save_state`` uses it."""

    @staticmethod
    def dump(value: Any, stream: Any, default: Callable[[Any], Any]) -> None:
        stream.write(json.dumps(value, default=default))
