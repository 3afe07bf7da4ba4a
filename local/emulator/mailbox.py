"""Mails that SES accepted outlive a restart.

ministack keeps them in memory only. A reviewer's link is in one of them, and the campaign it belongs to is kept, so
the inbox is kept as well: ``ses.get_state`` and ``ses.load_persisted_state`` are wrapped to carry it.
"""

import functools
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_KEY = "_sent_emails"


def install(ses: Any) -> None:
    for name in ("get_state", "load_persisted_state", _KEY):
        if not hasattr(ses, name):
            raise EmulatorChangedError(f"ses.{name} is gone")
    get_state, load = ses.get_state, ses.load_persisted_state

    @functools.wraps(get_state)
    def get_state_with_mails() -> dict[str, Any]:
        return {**get_state(), _KEY: getattr(ses, _KEY)}

    @functools.wraps(load)
    def load_with_mails(data: dict[str, Any]) -> None:
        load(data)
        if _KEY in data:
            getattr(ses, _KEY).update(data[_KEY])

    ses.get_state = get_state_with_mails
    ses.load_persisted_state = load_with_mails
