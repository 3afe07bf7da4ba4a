"""What became of a campaign, write by write, as the table's own stream tells it.

The emulator's stream leaves out what is written by PartiQL, which is how posts are: of them only the versions speak.
"""

from collections import defaultdict
from itertools import groupby
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.stack import Stack

_deserialize = TypeDeserializer().deserialize


class Witness:
    """Campaigns' items as they were after each write since the witness was made; ``look`` brings it up to date."""

    def __init__(self, stack: Stack) -> None:
        self._streams = stack.client("dynamodbstreams")
        stream = self._streams.list_streams(TableName=stack.info["table"])["Streams"][0]["StreamArn"]
        (shard,) = self._streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        self._iterator = self._streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
        )["ShardIterator"]
        self._written: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)

    def look(self) -> None:
        while True:
            page = self._streams.get_records(ShardIterator=self._iterator)
            self._iterator = page["NextShardIterator"]
            if not page["Records"]:
                return
            for record in page["Records"]:
                keys, image = record["dynamodb"]["Keys"], record["dynamodb"].get("NewImage", {})
                campaign_id = keys["PK"]["S"].rpartition("#")[2]
                item = {name: _deserialize(value) for name, value in image.items()}
                self._written[campaign_id, keys["SK"]["S"]].append(item)

    def road(self, campaign_id: str) -> list[str]:
        """The statuses the campaign was in, in order."""
        return _runs(self._written[campaign_id, "CAMPAIGN"], "status")

    def decisions(self, campaign_id: str) -> list[str]:
        """What was decided, once for each time that an undecided request came to be decided, in order of requests."""
        requests = sorted(k for k in self._written if k[0] == campaign_id and k[1].startswith("APPROVAL#"))
        states = [_runs(self._written[request], "status") for request in requests]
        made = [self._written[request][-1].get("decision") for request in requests]
        return [
            str(decision["decision"])
            for statuses, decision in zip(states, made, strict=True)
            for status in statuses
            if status == "DECIDED" and decision
        ]


def _runs(items: list[dict[str, Any]], field: str) -> list[str]:
    """The values of ``field``, equal neighbours as one."""
    return [value for value, _ in groupby(str(item[field]) for item in items if field in item)]
