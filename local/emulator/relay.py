"""Mails on to a real server, where ``SMTP_URL`` names one: ``smtp://[user:password@]host[:port]``, or ``smtps://``.

Passwords go over an encrypted connection only: ``smtps``, or ``smtp`` with a server that offers STARTTLS.
"""

import logging
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import parseaddr
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from local.emulator.sending import Sent

_PORTS = {"smtp": 25, "smtps": 465}
_SECONDS = 10.0
_log = logging.getLogger("relay")


class Server(NamedTuple):
    host: str
    port: int
    tls: bool
    user: str
    password: str


def parse(url: str) -> Server:
    """Raises ``ValueError``, without the password, for what is not such an address."""
    wrong = ValueError("SMTP_URL is not of the form smtp://[user:password@]host[:port] or smtps://…")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise wrong
    return Server(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class Relay:
    """One mail after the other, beside the emulator's work. What fails is logged and stays in the inbox."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="relay")

    def __call__(self, sent: Sent) -> None:
        self._pool.submit(self._send, sent)

    def _send(self, sent: Sent) -> None:
        try:
            with _connection(self._server) as connection:
                connection.send_message(message(sent), parseaddr(sent.sender)[1], sent.to)
        except (OSError, smtplib.SMTPException) as error:
            _log.warning("a mail could not be relayed to %s: %s", self._server.host, error)


def _connection(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.tls:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        connection.ehlo()
        if connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
        elif server.user:
            connection.close()
            raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, and a password is not sent in the clear")
    if server.user:
        connection.login(server.user, server.password)
    return connection


def message(sent: Sent) -> EmailMessage:
    """As SES would send it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sent.sender, ", ".join(sent.to), sent.subject
    mail["Message-ID"] = f"<{sent.message_id}>"
    if sent.reply_to:
        mail["Reply-To"] = ", ".join(sent.reply_to)
    mail.set_content(sent.text)
    if sent.html:
        mail.add_alternative(sent.html, subtype="html")
    return mail
