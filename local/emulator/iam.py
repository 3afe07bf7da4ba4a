"""Permissions; corrects ministack where it asks IAM for something else than AWS does."""

import functools
import json
import re
from collections.abc import Callable
from email.utils import parseaddr
from typing import Any

from local.emulator.patch import Emulator, patch

_S3_GET = "docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"
_S3_CONDITIONS = "docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"
_S3_HEAD = "docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"
_VERSIONS = "docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html"
_PARTIQL = "docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html"
_KMS = "docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"
_SES = "docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html"

SEND_EMAIL = "/v2/email/outbound-emails"
"""The path of ``SendEmail``."""

_WITH_CONTEXT = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
_MACHINE_ARN_PARTS = 7
_OPERATIONS = ("dynamodb:ExecuteStatement", "dynamodb:BatchExecuteStatement", "dynamodb:ExecuteTransaction")
_STATEMENT = re.compile(
    r"""\s*(?:(?P<insert>INSERT\s+INTO)|(?P<update>UPDATE)|(?P<delete>DELETE\s+FROM)|(?P<select>SELECT\b.*?\bFROM))
        \s+"?(?P<table>[A-Za-z0-9_.-]+)"?(?:\."(?P<index>[^"]+)")?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


@patch("services.s3", "_get_object", "64ad7071", aws=_S3_GET)
@patch("services.s3", "_head_object", "369c3a84", aws=_S3_HEAD)
def missing_objects(original: Any, emulator: Emulator) -> Any:
    """A missing key is 404 for callers that may list the bucket, and 403 for all others.

    ``s3:prefix`` of that check is the key (as found for AWS in github.com/ceph/ceph/pull/68577), so a permission to
    list below a prefix is enough for the keys below it.
    """

    @functools.wraps(original)
    def answer(bucket: str, key: str, headers: Any = None, query_params: Any = None) -> Any:
        response = original(bucket, key, headers, query_params)
        if response[0] != 404:
            return response
        caller = emulator.module("core.router").extract_access_key_id(headers or {}, query_params)
        return _refused(emulator, caller, "s3:ListBucket", bucket, {"s3:prefix": key}) or response

    return answer


@patch("services.s3", "_put_object", "cf5861e4", aws=_S3_CONDITIONS)
def conditional_writes(original: Any, emulator: Emulator) -> Any:
    """``If-Match`` compares with the existing object, so it needs the permission to read it."""

    @functools.wraps(original)
    def put_object(bucket: str, key: str, body: bytes, headers: Any) -> Any:
        if headers.get("if-match"):
            caller = emulator.module("core.router").extract_access_key_id(headers, {})
            if refusal := _refused(emulator, caller, "s3:GetObject", f"{bucket}/{key}", {}):
                return refusal
        return original(bucket, key, body, headers)

    return put_object


def _refused(emulator: Emulator, caller: str, action: str, resource: str, context: dict[str, Any]) -> Any:
    """S3's refusal; ``None`` if the caller has the permission, or is the emulator itself, whose requests have no
    signature."""
    if not caller:
        return None
    arn, region = f"arn:aws:s3:::{resource}", emulator.module("core.responses").get_region()
    denied = emulator.module("core.iam_evaluator").enforce(caller, action, "s3", region, arn, context)
    if denied is None:
        return None
    message = (
        f"User: {denied.principal_arn} is not authorized to perform: {action} on resource: "
        f'"{arn}" because no identity-based policy allows the {action} action'
    )
    return emulator.module("services.s3")._error("AccessDenied", message, 403, f"/{resource}")


@patch("core.iam_actions", "dynamodb_transaction_checks", "684e7483", aws=_PARTIQL)
def partiql_statements(original: Any, emulator: Emulator) -> Any:
    """PartiQL statements are authorised by what each of them does, on its table.

    There is no IAM action ``dynamodb:BatchExecuteStatement``, which ministack checks: AWS checks ``PartiQLSelect``,
    ``PartiQLInsert``, ``PartiQLUpdate`` or ``PartiQLDelete``. What is replaced returns the checks that a request's own
    action requires.
    """
    actions = emulator.module("core.iam_actions")
    table_arn = actions._dynamodb_table_arn

    @functools.wraps(original)
    def checks(iam_action: str, body: bytes, region: str, account_id: str) -> list[tuple[str, str]]:
        if iam_action not in _OPERATIONS:
            result: list[tuple[str, str]] = original(iam_action, body, region, account_id)
            return result
        wanted = [
            (action, f"{table_arn(table, region, account_id)}{suffix}" if table else "*")
            for action, table, suffix in map(_authorised_as, _statements(body, actions.json.loads))
        ]
        return list(dict.fromkeys(wanted))  # identical statements need one check

    return checks


def _statements(body: bytes, loads: Callable[[bytes], Any]) -> list[str]:
    try:
        request = loads(body or b"{}")
    except ValueError:
        return []
    listed = request.get("Statements") or request.get("TransactStatements") or [request]
    return [str(entry.get("Statement", "")) for entry in listed]


def _authorised_as(statement: str) -> tuple[str, str, str]:
    """``(action, table, suffix of an index)``; a statement that cannot be parsed is checked as a read of everything."""
    match = _STATEMENT.match(statement)
    if match is None:
        return "dynamodb:PartiQLSelect", "", ""
    kind = next(name for name in ("Insert", "Update", "Delete", "Select") if match[name.lower()])
    return f"dynamodb:PartiQL{kind}", match["table"], f"/index/{match['index']}" if match["index"] else ""


@patch("core.iam_actions", "_ses_v2_resource_arn", "96f8ace7", aws=_SES)
def senders(original: Any, _emulator: Emulator) -> Any:
    """``ses:SendEmail`` is authorised on the sender's identity.

    ministack checks it on ``*``, so a policy that allows one sender would allow none.
    """

    @functools.wraps(original)
    def ses_v2_resource_arn(method: str, path: str, body: bytes, region: str, account_id: str) -> str:
        if method == "POST" and path.rstrip("/") == SEND_EMAIL:
            sender = parseaddr(str(json.loads(body or b"{}").get("FromEmailAddress", "")))[1]
            return f"arn:aws:ses:{region}:{account_id}:identity/{sender}"
        return str(original(method, path, body, region, account_id))

    return ses_v2_resource_arn


@patch("core.iam_actions", "extract_resource_arn", "82f51700", aws=_VERSIONS)
def qualified_machines(original: Any, _emulator: Emulator) -> Any:
    """A version or an alias of a state machine is authorised as the machine itself, and not by its qualified ARN."""

    @functools.wraps(original)
    def extract_resource_arn(service: str, *request: Any) -> str:
        arn = str(original(service, *request))
        return unqualified(arn) if service == "states" else arn

    return extract_resource_arn


def unqualified(arn: str) -> str:
    """The state machine of a version or an alias; any other ARN as it is."""
    parts = arn.split(":")
    return ":".join(parts[:_MACHINE_ARN_PARTS]) if parts[5:6] == ["stateMachine"] else arn


@patch("core.iam_actions", "request_tag_context", "d46adb81", aws=_KMS)
def encryption_context(original: Any, _emulator: Emulator) -> Any:
    """A policy's conditions on the encryption context of a KMS request are evaluated.

    In ministack no request has the keys ``kms:EncryptionContext:…``, so a grant for one context could never be used.
    What is replaced returns the condition keys of a request to any service. The emulator's own services do not call
    KMS, so no request has ``kms:ViaService``; on AWS, requests by a Lambda itself do not have it either.
    """

    @functools.wraps(original)
    def request_tag_context(service: str, iam_action: str, body: bytes, *rest: Any) -> dict[str, Any]:
        found: dict[str, Any] = original(service, iam_action, body, *rest)
        given = json.loads(body or b"{}").get("EncryptionContext") if iam_action in _WITH_CONTEXT else None
        if not given:
            return found
        keys = {f"kms:EncryptionContext:{name}": value for name, value in given.items()}
        return {**found, "kms:EncryptionContextKeys": sorted(given), **keys}

    return request_tag_context


@patch("app", "pin_request_origin", "de819c1b")
def loopback_is_secure(original: Any, _emulator: Emulator) -> Any:
    """Requests on the loopback interface count as sent over TLS.

    The bucket and queue policies refuse plain HTTP (``aws:SecureTransport``), and the emulator only speaks plain HTTP.
    Nothing leaves this machine.
    """

    @functools.wraps(original)
    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        original(source_ip, secure_transport or source_ip in ("127.0.0.1", "::1"))

    return pin_request_origin
