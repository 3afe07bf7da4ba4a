"""Forms are read as a browser would."""

import pytest

from local.http import forms

PAGE = """
<form method="get" action="/search"><input name="q"></form>
<input name="outside" value="x">
<form method="POST" action="?token=t&amp;nonce=n">
  <input type="hidden" name="contentHash" value="abc">
  <textarea name="comments"></textarea>
  <input type="checkbox" name="left-out" value="yes"><input type="checkbox" name="ticked" value="yes" checked>
  <input type="radio" name="kind" value="a"><input type="radio" name="kind" value="b">
  <button name="decision" value="approved">Approve</button>
  <button name="decision" value="rejected">Reject</button>
  <button>No name, sends nothing</button>
</form>
"""


def test_fields_choices_and_action() -> None:
    search, decision = forms(PAGE)
    assert (search.method, search.action, search.fields) == ("get", "/search", {"q": ""})
    assert (decision.method, decision.action) == ("post", "?token=t&nonce=n")
    assert decision.fields == {"contentHash": "abc", "comments": "", "ticked": "yes"}
    assert decision.choices == {"kind": ["a", "b"], "decision": ["approved", "rejected"]}


def test_filling_in_keeps_hidden_fields() -> None:
    filled = forms(PAGE)[1].filled(decision="approved", comments="Fine.")
    assert filled == {"contentHash": "abc", "comments": "Fine.", "ticked": "yes", "decision": "approved"}


@pytest.mark.parametrize("values", [{"decision": "maybe"}, {"unknown": "x"}, {"outside": "x"}])
def test_what_the_form_does_not_offer_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"offers|no field"):
        forms(PAGE)[1].filled(**values)
