from typing import Any

import pytest

from lambdas.agents.outcome import result_of
from lambdas.domain.errors import AgentPermanentError, AgentRetryableError


def test_the_result_of_a_success() -> None:
    assert result_of({"success": True, "result": {"posts": []}, "error": None}) == {"posts": []}


@pytest.mark.parametrize(("retryable", "kind"), [(True, AgentRetryableError), (False, AgentPermanentError)])
def test_an_error_goes_on_by_its_kind_and_keeps_its_code(
    retryable: bool, kind: type[AgentRetryableError | AgentPermanentError]
) -> None:
    details = {"word": "cheap", "code": "a detail must not pass for the code"}
    error = {"code": "BANNED", "message": "it says cheap", "retryable": retryable, "details": details}
    with pytest.raises(kind) as raised:
        result_of({"success": False, "result": None, "error": error})
    assert str(raised.value) == "BANNED: it says cheap"
    assert raised.value.details == {"code": "BANNED", "word": "cheap"}


@pytest.mark.parametrize("reply", [{"success": True}, {"success": False}, {"success": True, "result": None}])
def test_an_empty_answer_may_be_better_next_time(reply: dict[str, Any]) -> None:
    with pytest.raises(AgentRetryableError) as raised:
        result_of(reply)
    assert raised.value.details == {"code": "EMPTY_REPLY"}


@pytest.mark.parametrize(
    "reply", [{}, {"success": "perhaps"}, {"success": True, "result": [], "error": 7}, {"ok": True}]
)
def test_an_answer_that_breaks_the_contract_is_the_agents_error(reply: dict[str, Any]) -> None:
    with pytest.raises(AgentPermanentError) as raised:
        result_of(reply)
    assert raised.value.details == {"code": "MALFORMED_REPLY"}
