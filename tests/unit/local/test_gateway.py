"""What the local API Gateway tells of a denied call."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.emulator import gateway
from local.emulator.config import EmulatorConfig
from local.emulator.patch import Emulator


def answer(said: dict[str, str]) -> bytes:
    """What a caller hears whom an authorizer denied and said so much about it."""
    policy = {"Statement": [{"Effect": "Deny"}]}
    cache = {"another": (0, {}, {"reason": "of somebody else"}), "this": (0, policy, said)}
    emulator = Emulator(
        EmulatorConfig(home=Path("/nowhere"), port=1),
        {"services.apigateway_v1": SimpleNamespace(_authorizer_cache=cache)},
    )
    evaluate = gateway.remember_the_policy(lambda *_: "Deny", emulator)

    async def authorize(*_: Any) -> tuple[Any, None]:
        evaluate(policy, "arn")
        return SimpleNamespace(), None

    template = b'{"detail": "$context.authorizer.reason"}'
    respond = gateway.tell_what_the_authorizer_said(lambda *_: (403, {}, template), emulator)
    asked = gateway.keep_what_the_authorizer_said(authorize, emulator)
    with ThreadPoolExecutor(1) as pool:  # the browser tests leave an event loop running in their thread
        error, _ = pool.submit(asyncio.run, asked()).result()
    body: bytes = respond(error, {})[2]
    return body


def test_the_answer_names_what_the_authorizer_of_this_call_said() -> None:
    assert answer({"reason": "the token has expired"}) == b'{"detail": "the token has expired"}'


def test_what_was_not_said_stays_as_it_stands() -> None:
    assert answer({}) == b'{"detail": "$context.authorizer.reason"}'
