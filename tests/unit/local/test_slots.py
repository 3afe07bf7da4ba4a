"""Callers wait for a worker, in order, and nobody starves."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.emulator.config import EmulatorConfig
from local.emulator.gateway import began
from local.emulator.patch import Emulator
from local.emulator.slots import Slots, give_the_worker_back, wait_for_a_worker


def start(slots: Slots, function: str, reserved: int | None = None, *, urgent: bool = False) -> threading.Event:
    """Acquire on a thread of its own; the event tells that the slot was granted."""
    granted = threading.Event()

    def acquire() -> None:
        slots.acquire(function, reserved, urgent=urgent)
        granted.set()

    waiting_before = slots.waiting()
    threading.Thread(target=acquire, daemon=True).start()
    while not granted.is_set() and slots.waiting() == waiting_before:
        pass
    return granted


def test_a_function_has_at_most_its_share() -> None:
    slots = Slots(per_function=2, total=8)
    grants = [start(slots, "map") for _ in range(3)]
    assert [grant.is_set() for grant in grants] == [True, True, False]
    slots.release("map")
    assert grants[2].wait(5)
    assert slots.running() == {"map": 2}


def test_all_functions_together_have_at_most_the_total_beyond_one_each() -> None:
    slots = Slots(per_function=3, total=3)
    for _ in range(3):
        assert start(slots, "map").is_set()
    api = start(slots, "api")
    assert api.is_set(), "a function with nothing running never waits"
    second = start(slots, "api")
    assert not second.is_set()
    slots.release("map")
    assert not second.is_set(), "four run already, one of them beyond the total"
    slots.release("map")
    assert second.wait(5)


def test_what_a_client_waits_for_has_its_functions_share_whatever_else_is_running() -> None:
    slots = Slots(per_function=2, total=2)
    for function in ("map", "map", "step"):
        assert start(slots, function).is_set()
    queued = [start(slots, "step") for _ in range(5)]
    assert [start(slots, "api", urgent=True).is_set() for _ in range(3)] == [True, True, False]
    slots.release("api")
    assert slots.running() == {"map": 2, "step": 1, "api": 2}, "the third came before those who waited longer"
    slots.release("map")
    assert not any(each.is_set() for each in queued), "what is urgent counts for the others"


def test_an_invocation_of_api_gateway_is_urgent_and_told_when_it_began() -> None:
    lambda_svc = SimpleNamespace(_reserved_concurrency=lambda *_: None, _inflight_key=lambda config: config)
    emulator = Emulator(EmulatorConfig(home=Path("/nowhere"), port=1, workers=1), {"services.lambda_svc": lambda_svc})
    acquire = wait_for_a_worker(None, emulator)
    acquire({}, "step")
    noted: list[float] = []
    reset = began.set(noted)
    try:
        for count in (1, 2):
            assert acquire({}, "api") == ("api", None)
            assert len(noted) == count
    finally:
        began.reset(reset)


def test_first_come_first_served() -> None:
    slots = Slots(per_function=1, total=8)
    assert start(slots, "f").is_set()
    waiting = [start(slots, "f") for _ in range(5)]
    for index in range(5):
        slots.release("f")
        assert waiting[index].wait(5)
        assert [grant.is_set() for grant in waiting] == [True] * (index + 1) + [False] * (4 - index)


def test_one_that_cannot_run_does_not_hold_up_the_others() -> None:
    slots = Slots(per_function=1, total=8)
    assert start(slots, "busy").is_set()
    assert not start(slots, "busy").is_set()
    assert start(slots, "other").is_set()


def test_reserved_concurrency_lowers_the_limit() -> None:
    slots = Slots(per_function=3, total=8)
    assert start(slots, "f", reserved=1).is_set()
    assert not start(slots, "f", reserved=1).is_set()


def test_under_load_the_limits_hold_and_everybody_gets_through() -> None:
    slots = Slots(per_function=3, total=4)
    lock, running, most = threading.Lock(), {"a": 0, "b": 0}, {"a": 0, "b": 0, "all": 0}

    def work(function: str) -> None:
        for _ in range(50):
            slots.acquire(function)
            with lock:
                running[function] += 1
                most[function] = max(most[function], running[function])
                most["all"] = max(most["all"], sum(running.values()))
            with lock:
                running[function] -= 1
            slots.release(function)

    threads = [threading.Thread(target=work, args=(function,)) for function in "aabb" * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert most["a"] <= 3
    assert most["b"] <= 3
    assert most["all"] <= 5
    assert slots.running() == {}


def test_a_function_switched_off_is_throttled_and_not_queued() -> None:
    lambda_svc = SimpleNamespace(
        _reserved_concurrency=lambda func, config: func["reserved"],
        _inflight_key=lambda config: "key",
    )
    config = EmulatorConfig(home=Path("/nowhere"), port=1, workers_per_function=3)
    emulator = Emulator(config, {"services.lambda_svc": lambda_svc})
    acquire, release = wait_for_a_worker(None, emulator), give_the_worker_back(None, emulator)
    slots = emulator.shared(Slots, lambda: pytest.fail("the two corrections share one"))
    assert acquire({"reserved": 0}, {}) == (None, "function")
    assert acquire({"reserved": None}, {}) == ("key", None)
    assert slots.running() == {"key": 1}
    release("key")
    release(None)
    assert slots.running() == {}


def test_no_workers_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Slots(per_function=0, total=1)
