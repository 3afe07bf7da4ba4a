"""A policy's conditions on the encryption context of a KMS request are looked at, as on AWS.

ministack looks at the action and the key only: to it, no request has the condition keys ``kms:EncryptionContext:…``, so
whoever is granted one context could use none. docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
describes the keys. Services of the emulator do not call its KMS, so what is granted through a service
(``kms:ViaService``) is proved from the templates (``tests/infra/test_rights.py``).
Wraps ``iam_actions.request_tag_context``, the one hook that every service's request passes.
"""

import functools
import json
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_CONTEXT = {"Encrypt": "EncryptionContext", "Decrypt": "EncryptionContext", "GenerateDataKey": "EncryptionContext"}
"""Cryptographic operations, and the field of each that holds its context; the others have none."""


def install(iam_actions: Any) -> None:
    of_tags = getattr(iam_actions, "request_tag_context", None)
    if not callable(of_tags):
        raise EmulatorChangedError("iam_actions.request_tag_context is gone")

    @functools.wraps(of_tags)
    def request_tag_context(service: str, iam_action: str, body: bytes, *rest: Any) -> dict[str, Any]:
        found: dict[str, Any] = of_tags(service, iam_action, body, *rest)
        return found | condition_keys(iam_action, body) if service == "kms" else found

    iam_actions.request_tag_context = request_tag_context


def condition_keys(iam_action: str, body: bytes) -> dict[str, Any]:
    """``kms:EncryptionContextKeys`` and each ``kms:EncryptionContext:<key>`` of a request."""
    field = _CONTEXT.get(iam_action.removeprefix("kms:"))
    context = json.loads(body or b"{}").get(field) if field else None
    if not context:
        return {}
    return {
        "kms:EncryptionContextKeys": sorted(context),
        **{f"kms:EncryptionContext:{key}": value for key, value in context.items()},
    }
