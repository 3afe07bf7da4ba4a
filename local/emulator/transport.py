"""Requests on the loopback interface count as sent over TLS.

The bucket and queue policies refuse plain HTTP (``aws:SecureTransport``), and the emulator speaks nothing else. Nothing
leaves this machine. Wraps ``app.pin_request_origin``, which puts the condition's value into the request.
"""

import functools
from typing import Any

from local.emulator.pinned import EmulatorChangedError


def install(app: Any) -> None:
    pin = getattr(app, "pin_request_origin", None)
    if not callable(pin):
        raise EmulatorChangedError("app.pin_request_origin is gone")

    @functools.wraps(pin)
    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        pin(source_ip, secure_transport or source_ip in ("127.0.0.1", "::1"))

    app.pin_request_origin = pin_request_origin
