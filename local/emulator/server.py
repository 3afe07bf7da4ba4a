"""The ASGI application: ministack, with our own pages below ``/_local`` and the autosave beside it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local.emulator.durability import Autosave
from local.emulator.pages import Page, Pages

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Server:
    def __init__(self, ministack: Application, pages: Pages, autosave: Autosave) -> None:
        self._ministack = ministack
        self._pages = pages
        self._autosave = autosave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        path = scope.get("path", "")
        if scope["type"] == "http" and (path == "/_local" or path.startswith("/_local/")):
            # Pages call the emulator over HTTP, so they must not block the event loop that answers these calls.
            page = await asyncio.to_thread(self._pages.get, path)
            await _answer(send, page)
            return
        if not path.startswith("/_ministack/"):
            self._autosave.touched()
        await self._ministack(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_and_stop_saving() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                # ministack writes its state now; an older save must not overwrite it.
                await asyncio.to_thread(self._autosave.stop)
            return message

        async def send_and_start_saving(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._autosave.start()
            await send(message)

        await self._ministack(scope, receive_and_stop_saving, send_and_start_saving)


async def _answer(send: Send, page: Page) -> None:
    headers = [
        (b"content-type", page.content_type.encode()),
        (b"content-length", str(len(page.body)).encode()),
        (b"cache-control", b"no-store"),
        # The pages show mails with approval links.
        (b"referrer-policy", b"no-referrer"),
    ]
    await send({"type": "http.response.start", "status": page.status, "headers": headers})
    await send({"type": "http.response.body", "body": page.body})
