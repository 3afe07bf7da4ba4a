"""Removes a tenant of ``make verify`` from a stack, with everything it created. Repeating it is harmless.

It removes its campaigns (items, entries in the shared indexes, manifests and texts in S3), its catalog, settings and
idempotency keys, its payloads in the dead-letter queue, and the queues subscribed to the alerts. What AWS does not
allow to delete stays until it expires: ended executions (90 days) and log lines (a month).

Permissions: ``dynamodb:Query`` and ``BatchWriteItem``, ``states:DescribeExecution`` and ``StopExecution``,
``s3:ListBucket`` and ``DeleteObject``, ``sqs:*`` and ``sns:Unsubscribe`` on the names below.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.s3_recent_texts import tenant_name
from lambdas.adapters.table import keys
from lambdas.adapters.table.keys import ItemKey
from lambdas.domain.due_entry import SHARDS, Kind
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from local.client import until
from local.dead_letters import Letters
from local.http import StackError
from local.reviewers import is_throwaway
from local.target import Target

ALERT_QUEUES = "campaign-verify-alerts-"
"""Beginning of the names of queues that a run subscribes to the alerts; a ULID and the tenant's name follow."""
_AT_WORK = frozenset({"queued", "planning", "generating", "needs_revision"})
_REST_SECONDS = 600
_BATCH = 25
"""Limit of BatchWriteItem (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html)."""
_LETTERS = 1_000


class Removal:
    """Removes what is left of ``tenant``; ``StackError`` for a tenant that does not belong to verify."""

    def __init__(self, target: Target, tenant: str) -> None:
        if not is_throwaway(tenant):
            raise StackError(f"only tenants of `make verify` are removed, and {tenant} is none")
        self._target, self._tenant, self._table = target, TenantId(tenant), str(target.info["table"])
        self._dynamodb = target.client("dynamodb")

    def campaigns(self) -> list[CampaignKey]:
        """The campaigns in the tenant's list."""
        listed = self._query(keys.tenant_partition(self._tenant), keys.CAMPAIGNS)
        return [CampaignKey(self._tenant, CampaignId(item.sk.removeprefix(keys.CAMPAIGNS))) for item in listed]

    def run(self) -> Counter[str]:
        """Remove everything and return how much of what kind it was."""
        removed: Counter[str] = Counter()
        campaigns = self.campaigns()
        for key in campaigns:
            # A running step still writes; a campaign in a resting status is not changed by anybody.
            until(partial(self._rests, key), f"campaign {key.campaign_id} is still at work", _REST_SECONDS, 1)
        # First the entries in the due index: otherwise the reconciler would start a stopped execution again.
        removed["items"] += self.delete(self._entries())
        for key in campaigns:
            removed["executions stopped"] += sum(map(self._stop, self._executions(key)))
            own = self._query(keys.campaign_partition(key))
            removed["items"] += self.delete([*own, keys.owner(key.campaign_id)])
        removed["objects"] += self.remove_objects()
        removed["dead letters"] += self._remove_letters()
        removed["alert queues"] += self._remove_alert_queues()
        removed["items"] += self.delete(self._entries())  # for sweeps that are running
        # The list of campaigns last: after an interruption the rest is found through it.
        removed["items"] += self.delete(self._query(keys.tenant_partition(self._tenant)))
        removed["campaigns"] = len(campaigns)
        return removed

    def _rests(self, key: CampaignKey) -> bool:
        place = keys.campaign(key)
        record = self._dynamodb.get_item(TableName=self._table, Key=_wire(place), ConsistentRead=True).get("Item", {})
        return record.get("status", {}).get("S") not in _AT_WORK

    def _executions(self, key: CampaignKey) -> Iterator[str]:
        """Every execution of the campaign: the first has the campaign's id as its name, later ones have a number
        appended."""
        machine: str = self._target.info["stateMachines"]["build"]
        first = f"{machine.replace(':stateMachine:', ':execution:')}:{key.campaign_id}"
        yield first
        named = {i.get("executionArn", {}).get("S", "") for i in self._pages(keys.campaign_partition(key))}
        yield from sorted(name for name in named if name.startswith(f"{first}-"))

    def _stop(self, execution: str) -> bool:
        states = self._target.client("stepfunctions")
        try:
            if states.describe_execution(executionArn=execution)["status"] != "RUNNING":
                return False
            states.stop_execution(executionArn=execution, cause="removed after make verify")
        except states.exceptions.ExecutionDoesNotExist:
            return False
        return True

    def _entries(self) -> list[ItemKey]:
        """The tenant's entries in indexes that all tenants share. Reads them completely: a read unit for about 16
        entries."""
        shared = [keys.due_partition(kind, shard) for kind in Kind for shard in range(SHARDS)]
        shared += [keys.active_list(number) for number in range(keys.ACTIVE_LISTS)]
        shared += [keys.open_approvals_partition(shard) for shard in range(keys.OPEN_APPROVALS_SHARDS)]
        return [
            ItemKey(item[keys.PK]["S"], item[keys.SK]["S"])
            for partition in shared
            for item in self._pages(partition)
            if item.get("tenantId", {}).get("S") == self._tenant
        ]

    def _query(self, partition: str, prefix: str = "") -> list[ItemKey]:
        return [
            ItemKey(item[keys.PK]["S"], item[keys.SK]["S"])
            for item in self._pages(partition)
            if item[keys.SK]["S"].startswith(prefix)
        ]

    def _pages(self, partition: str) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="PK = :pk",
            ProjectionExpression="PK, SK, executionArn, tenantId",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def delete(self, items: Sequence[ItemKey]) -> int:
        """How many were to be deleted. What was throttled is sent again, with pauses."""
        for start in range(0, len(items), _BATCH):
            wanted = [{"DeleteRequest": {"Key": _wire(item)}} for item in items[start : start + _BATCH]]
            pause = 0.05
            while wanted:
                answer = self._dynamodb.batch_write_item(RequestItems={self._table: wanted})
                wanted = answer.get("UnprocessedItems", {}).get(self._table, [])
                if wanted:
                    time.sleep(pause)
                    pause = min(2 * pause, 5)
        return len(items)

    def remove_objects(self) -> int:
        """The objects of its campaigns, and its recent texts."""
        s3, bucket = self._target.client("s3"), self._target.info["bucket"]
        list_pages = s3.get_paginator("list_objects_v2").paginate
        found = [
            {"Key": item["Key"]}
            for prefix in (f"tenants/{self._tenant}/", tenant_name(self._tenant))
            for page in list_pages(Bucket=bucket, Prefix=prefix)
            for item in page.get("Contents", [])
        ]
        for start in range(0, len(found), 1_000):
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": found[start : start + 1_000], "Quiet": True})
            if errors := answer.get("Errors"):
                raise StackError(f"{errors[0]['Key']} cannot be deleted: {errors[0]['Code']}: {errors[0]['Message']}")
        return len(found)

    def _remove_letters(self) -> int:
        letters = Letters(self._target.client("sqs"), self._target.client("lambda"), self._target.info["prefix"])
        with letters.in_hand(_LETTERS) as held:
            ours = [letter for letter in held if letter.tenant == self._tenant]
            for letter in ours:
                letters.discard(letter)
        return len(ours)

    def _remove_alert_queues(self) -> int:
        sqs, sns, topic = self._target.client("sqs"), self._target.client("sns"), self._target.info["alertTopic"]
        urls = [url for url in _queues(sqs) if url.endswith(f"-{self._tenant}")]
        names = {url.rsplit("/", 1)[-1] for url in urls}
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic) if names else ()
        for subscription in _subscriptions(pages):
            if subscription["Endpoint"].rsplit(":", 1)[-1] in names:
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        return sum(_delete_queue(sqs, url) for url in urls)


def _wire(item: ItemKey) -> dict[str, dict[str, str]]:
    return {keys.PK: {"S": item.pk}, keys.SK: {"S": item.sk}}


def _queues(sqs: Any) -> list[str]:
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=ALERT_QUEUES)
    return [url for page in pages for url in page.get("QueueUrls", [])]


def _subscriptions(pages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [subscription for page in pages for subscription in page["Subscriptions"]]


def _delete_queue(sqs: Any, url: str) -> bool:
    """Whether it still existed: a queue is listed for up to a minute after it was deleted
    (docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html)."""
    try:
        sqs.delete_queue(QueueUrl=url)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
            raise
        return False
    return True
