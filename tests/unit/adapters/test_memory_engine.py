"""What tests may ask of the engine in memory."""

import pytest

from lambdas.domain.errors import GoneError
from lambdas.domain.ids import TaskToken
from tests.fakes import MemoryEngine


def test_a_waiting_token_is_answered_once() -> None:
    engine = MemoryEngine()
    engine.wait_for(TaskToken("one"))
    engine.wait_for(TaskToken("two"))
    engine.resume(TaskToken("one"), {"decision": "approved"})
    engine.fail(TaskToken("two"), "Error", "cause")

    assert engine.resumed == [("one", {"decision": "approved"})]
    assert engine.failed == [("two", "Error", "cause")]
    with pytest.raises(GoneError):
        engine.resume(TaskToken("one"), {"decision": "rejected"})
    with pytest.raises(GoneError):
        engine.fail(TaskToken("two"), "Error", "cause")
    assert len(engine.resumed) == len(engine.failed) == 1
