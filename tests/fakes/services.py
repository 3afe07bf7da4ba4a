"""The engine, the mailer, the manifest bucket and the signing keys in memory."""

from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

from lambdas.domain.errors import GoneError
from lambdas.domain.ids import CampaignKey, TaskToken
from lambdas.domain.models.access import KeySet
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.post import Batch
from lambdas.domain.models.workflow import BuildInput, ManifestLocation


class Resumed(NamedTuple):
    token: TaskToken
    output: dict[str, object]


class Failed(NamedTuple):
    token: TaskToken
    error: str
    cause: str


class MemoryEngine:
    """``started`` by ARN, ``resumed`` and ``failed`` are what happened. A token waits after ``wait_for``."""

    MACHINE = "arn:aws:states:us-east-1:000000000000:execution:Build"

    def __init__(self) -> None:
        self.started: dict[str, BuildInput] = {}
        self.resumed: list[Resumed] = []
        self.failed: list[Failed] = []
        self.heartbeats: list[TaskToken] = []
        self._waiting: set[TaskToken] = set()
        self._lock = Lock()

    def wait_for(self, token: TaskToken) -> None:
        self._waiting.add(token)

    def start_build(self, event: BuildInput) -> str:
        arn = f"{self.MACHINE}:{event.campaign_id}"
        with self._lock:
            self.started.setdefault(arn, event)
        return arn

    def resume(self, token: TaskToken, output: dict[str, object]) -> None:
        self._end(token)
        self.resumed.append(Resumed(token, output))

    def fail(self, token: TaskToken, error: str, cause: str) -> None:
        self._end(token)
        self.failed.append(Failed(token, error, cause))

    def heartbeat(self, token: TaskToken) -> None:
        with self._lock:
            if token not in self._waiting:
                raise GoneError("nobody waits for this decision any more")
            self.heartbeats.append(token)

    def _end(self, token: TaskToken) -> None:
        with self._lock:
            if token not in self._waiting:
                raise GoneError("nobody waits for this decision any more")
            self._waiting.remove(token)


class MemoryMailer:
    """``sent``, in order."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.sent.append(mail)


class MemoryManifests:
    """``objects`` by key."""

    BUCKET = "manifests"

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {}

    def write(self, key: CampaignKey, batches: Sequence[Batch], revision: int = 0) -> ManifestLocation:
        place = self.locate(key, revision)
        self.objects[place.key] = [batch.to_wire() for batch in batches]
        return place

    def locate(self, key: CampaignKey, revision: int = 0) -> ManifestLocation:
        file = f"revision-{revision}.json" if revision else "batches.json"
        name = f"tenants/{key.tenant_id}/campaigns/{key.campaign_id}/{file}"
        return ManifestLocation(bucket=self.BUCKET, key=name)

    def remove(self, location: ManifestLocation) -> None:
        self.objects.pop(location.key, None)


class MemoryKeys:
    """One key of each kind unless others are given; the two kinds never share one."""

    def __init__(self, approval: KeySet | None = None, api: KeySet | None = None) -> None:
        self._approval = approval or _keys("approval")
        self._api = api or _keys("api")

    def approval(self) -> KeySet:
        return self._approval

    def api(self) -> KeySet:
        return self._api


def _keys(kind: str) -> KeySet:
    return KeySet.from_wire({"active": "k1", "keys": {"k1": f"{kind}-signing-key-for-tests-only-0123456789"}})
