"""The reviewers' page over HTTP, with every port in memory, and a browser that is pointed at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lambdas.domain.models.post import Post
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


class Reader:
    """A browser at the page of one reviewer."""

    def __init__(self, page: Any, waiting: Waiting, link: str, shots: Path, name: str) -> None:
        self.page, self.waiting, self.link, self._shots, self._name = page, waiting, link, shots, name

    def open(self) -> "Reader":
        self.page.goto(self.link)
        return self

    def says(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=20_000)

    def shot(self, what: str, *, full: bool = False) -> None:
        """And nothing is wider than the screen."""
        assert self.page.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")
        self.page.screenshot(path=self._shots / f"review-{self._name}-{what}.png", full_page=full)

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        """With the keyboard, after going there with it."""
        self.tab_to(self.button(name))
        self.page.keyboard.press("Enter")

    def tab_to(self, target: Any) -> None:
        """Tab until ``target`` has the focus, which is visible then."""
        for _ in range(200):
            if target.evaluate("e => e === document.activeElement"):
                assert target.evaluate("e => getComputedStyle(e).outlineStyle !== 'none'")
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not get to {target}")

    def post(self, number: int) -> Post:
        return self.waiting.world.posts.page(self.waiting.key, 100).items[number - 1]


def contrast(page: Any, selector: str) -> float:
    """WCAG 2.2 contrast of the text of the first such element with what is behind it."""
    return float(page.locator(selector).first.evaluate(CONTRAST))


CONTRAST = """element => {
  const parts = color => color.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element, color = null;
  while (behind && !color) {
    const found = parts(getComputedStyle(behind).backgroundColor);
    if (found.length < 4 || found[3] > 0) color = found;
    behind = behind.parentElement;
  }
  const pair = [light(parts(getComputedStyle(element).color)), light(color || [255, 255, 255])].sort((a, b) => b - a);
  return (pair[0] + 0.05) / (pair[1] + 0.05);
}"""
