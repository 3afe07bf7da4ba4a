"""What ``NewsStore`` keeps, on a table in memory and on DynamoDB."""

from datetime import timedelta

import pytest

from lambdas.adapters.table.news_store import TableNews
from lambdas.domain.models.approval import MailState
from lambdas.domain.models.mail import Kind, News
from lambdas.ports.approval_store import NewsStore
from lambdas.ports.table import Table
from tests.contract.samples import NOW
from tests.support.samples import KEY


@pytest.fixture
def store(table: Table) -> NewsStore:
    return TableNews(table)


def mail(number: int = 0, about: str = "request", state: MailState = MailState.CLAIMED) -> News:
    at = NOW + timedelta(seconds=number)
    return News(about=about, number=number, kind=Kind.DECIDED, to=f"p{number}@example.com", at=at, mail=state)


def test_one_sender_has_the_claim(store: NewsStore) -> None:
    assert [store.claim(KEY, mail()) for _ in range(3)] == [True, False, False]
    assert store.claim(KEY, mail(1))
    assert store.claim(KEY, mail(2, "another request"))
    assert [news.to for news in store.all(KEY)] == ["p0@example.com", "p1@example.com", "p2@example.com"]


@pytest.mark.parametrize("state", [state for state in MailState if state is not MailState.CLAIMED])
def test_only_what_was_not_accepted_is_claimed_again(store: NewsStore, state: MailState) -> None:
    assert store.claim(KEY, mail())
    store.note(KEY, mail(state=state))
    assert [news.mail for news in store.all(KEY)] == [state]
    assert store.claim(KEY, mail()) is (state is MailState.NOT_ACCEPTED)
