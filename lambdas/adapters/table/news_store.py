"""Mails that tell what became of a campaign. Actions: ``dynamodb:PutItem`` (claim, note), ``Query`` (all)."""

from lambdas.adapters.table import keys
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.approval import MailState
from lambdas.domain.models.mail import News
from lambdas.ports.table import NEW, AnyOf, Equals, Prefix, Table


class TableNews:
    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, key: CampaignKey, news: News) -> bool:
        free = AnyOf([NEW, Equals("mail", MailState.NOT_ACCEPTED.value)])
        return self._table.put_if(keys.news(key, news.about, news.number), news.to_record(), free)

    def note(self, key: CampaignKey, news: News) -> None:
        self._table.put(keys.news(key, news.about, news.number), news.to_record())

    def all(self, key: CampaignKey) -> list[News]:
        items = self._table.query(keys.campaign_partition(key), Prefix(keys.NEWS))
        return sorted((News.from_record(item) for item in items), key=lambda news: news.at)
