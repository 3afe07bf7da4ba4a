"""Alerts, logs, the mailer, the manifest bucket and the signing keys in memory."""

from collections.abc import Sequence
from typing import Any

from lambdas.domain.errors import CampaignError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.access import KeySet
from lambdas.domain.models.mail import Alert, Mail
from lambdas.domain.models.post import Batch
from lambdas.domain.models.workflow import ManifestLocation


class MemoryAlerts:
    """``sent``, in order."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []

    def send(self, alert: Alert) -> None:
        self.sent.append(alert)


class MemoryLog:
    """Everything that is logged of requests and invocations, and nothing printed."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, str]]] = []
        self.served_requests: list[tuple[str, str, int]] = []
        self.correlation_ids: list[str] = []
        self.errors: list[Exception] = []

    def begin(self, correlation_id: str) -> None:
        self.correlation_ids.append(correlation_id)

    def event(self, name: str, **fields: str) -> None:
        self.events.append((name, fields))

    def served(self, method: str, route: str, status: int) -> None:
        self.served_requests.append((method, route, status))

    def failed(self, error: Exception) -> None:
        self.errors.append(error)

    def started(self, tenant_id: str, campaign_id: str) -> None:
        self.events.append(("started", {"tenant_id": tenant_id, "campaign_id": campaign_id}))

    def refused(self, error: CampaignError) -> None:
        self.events.append(("refused", {"code": error.code}))


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
