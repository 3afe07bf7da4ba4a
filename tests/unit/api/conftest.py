"""The API and a waiting campaign, fresh for each test."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import World, brief
from tests.support.waiting import Waiting, waiting_campaign


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_brief() -> Callable[..., dict[str, Any]]:
    return brief


@pytest.fixture
def waiting(world: World) -> Waiting:
    return waiting_campaign(world)


@pytest.fixture
def make_waiting(world: World) -> Callable[[int], Waiting]:
    return lambda posts: waiting_campaign(world, posts=posts)
