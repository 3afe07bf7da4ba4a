"""The reviewers' page over HTTP, with every port in memory: what a browser is pointed at without a stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from tests.support.api import REVIEWERS
from tests.support.waiting import Waiting


@contextmanager
def served(waiting: Waiting) -> Iterator[str]:
    """The address of the page on this machine; the link's token goes behind it (``link_to``)."""
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, body: str | None) -> None:
            place = urlsplit(self.path)
            with one_at_a_time:
                reply = waiting.world.call(
                    self.command, place.path, body, tenant=None, query=dict(parse_qsl(place.query))
                )
            content = reply.text.encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Nothing: a token is in the path."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def link_to(address: str, waiting: Waiting, reviewer: str = REVIEWERS[0]) -> str:
    return f"{address}{waiting.path}?{urlsplit(waiting.links[reviewer]).query}"
