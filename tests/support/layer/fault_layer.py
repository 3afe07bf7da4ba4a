"""Runs inside the Lambdas: a layer that puts faults around a handler, as an APM's layer puts its measuring there.

The handler dies of SIGKILL, or its requests to AWS are refused, when a file below ``$CAMPAIGN_HOME/faults`` orders it
(``tests/support/faulty_functions.py`` writes these files and reads what became of them)::

    kills/<campaignId>.<State>.order    {"moment": "start" | "before" | "during" | "after" | "end", "request": n}
    throttle.json                       {"rate": 0.2, "seed": 1}
    requests.<service>                  an eight-character line for each request: "sent" or "refused"

A kill is claimed by the first invocation of that state for that campaign (``.order`` becomes ``.claimed``) and becomes
``.struck`` immediately before the process dies. ``request`` counts the invocation's HTTP requests from 0.

Which requests are refused follows from the seed and from how many of the service's went before, whoever sent them.
"""

import http.client
import io
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import botocore.httpsession
from botocore.awsrequest import AWSResponse
from urllib3.response import HTTPResponse

Handler = Callable[[dict[str, Any], object], Any]


class Kill(NamedTuple):
    file: Path
    moment: str
    request: int | None

    def strike(self) -> None:
        self.file.rename(self.file.with_suffix(".struck"))
        os.kill(os.getpid(), signal.SIGKILL)


class Invocation:
    """What is ordered for the invocation at hand. A worker has one at a time; its threads share it."""

    def __init__(self, event: dict[str, Any]) -> None:
        faults = Path(os.environ["CAMPAIGN_HOME"]) / "faults"
        order = f"{event['input']['campaignId']}.{event['attempt']['stateName']}.order"
        self.kill = _claimed(faults / "kills" / order)
        self._faults = faults
        self._throttle = _throttle(faults / "throttle.json")
        self._lock = threading.Lock()
        self._requests = 0

    def dies(self, moment: str, request: int | None = None) -> bool:
        return self.kill is not None and (self.kill.moment, self.kill.request) == (moment, request)

    def strike(self, moment: str, request: int | None = None) -> None:
        if self.kill and self.dies(moment, request):
            self.kill.strike()

    def number(self) -> int:
        with self._lock:
            self._requests += 1
            return self._requests - 1

    def refuses(self, service: str) -> bool:
        """Whether this request is refused; counts it either way while requests are throttled."""
        if self._throttle is None:
            return False
        rate, seed = self._throttle
        log = os.open(self._faults / f"requests.{service}", os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            os.write(log, b"sent   \n")  # in one piece, whoever else writes
            line = os.lseek(log, 0, os.SEEK_CUR) - LINE
            refused = Random(f"{seed} {service} {line}").random() < rate
            if refused:
                with open(self._faults / f"requests.{service}", "r+b") as again:
                    again.seek(line)
                    again.write(b"refused\n")
        finally:
            os.close(log)
        return refused


LINE = len(b"refused\n")
_current: Invocation | None = None
_unread = threading.local()


def around(handler: Handler) -> Handler:
    """``handler`` with the faults that are ordered for it."""

    def faulty(event: dict[str, Any], context: object) -> Any:
        global _current
        invocation = Invocation(event)
        if invocation.refuses("lambda"):
            raise TooManyRequests("Rate Exceeded.")
        _current = invocation
        try:
            invocation.strike("start")
            answer = handler(event, context)
            invocation.strike("end")
        finally:
            _current = None
        return answer

    return faulty


# The name under which Step Functions reports that Lambda did not take an invocation.
TooManyRequests = type("Lambda.TooManyRequestsException", (Exception,), {})


def _claimed(order: Path) -> Kill | None:
    claimed = order.with_suffix(".claimed")
    try:
        order.rename(claimed)  # only one gets it
    except FileNotFoundError:
        return None
    wanted = json.loads(claimed.read_text())
    return Kill(claimed, wanted["moment"], wanted.get("request"))


def _throttle(file: Path) -> tuple[float, int] | None:
    try:
        wanted = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return wanted["rate"], wanted["seed"]


_send = botocore.httpsession.URLLib3Session.send
_getresponse = http.client.HTTPConnection.getresponse


def _watched_send(self: Any, request: Any) -> Any:
    invocation = _current
    if invocation is None:
        return _send(self, request)
    service = _service(request)
    if invocation.refuses(service):
        return _refusal(request, service)
    number = invocation.number()
    invocation.strike("before", number)
    _unread.kill = invocation.kill if invocation.dies("during", number) else None
    answer = _send(self, request)
    invocation.strike("after", number)
    return answer


def _watched_getresponse(self: Any) -> Any:
    """The request is on its way, and nobody will read its answer."""
    if kill := getattr(_unread, "kill", None):
        kill.strike()
    return _getresponse(self)


def _service(request: Any) -> str:
    """From the signature's scope: ``Credential=<key>/<date>/<region>/<service>/aws4_request``."""
    authorization = request.headers["Authorization"]
    text = authorization.decode() if isinstance(authorization, bytes) else str(authorization)
    return text.partition("Credential=")[2].split("/")[3]


def _refusal(request: Any, service: str) -> AWSResponse:
    """In the service's own words."""
    headers = {"x-amzn-RequestId": "refused"}
    if service == "s3":
        status, body = 503, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    elif service == "sns":
        error = "<Error><Type>Sender</Type><Code>Throttled</Code><Message>Rate exceeded</Message></Error>"
        status, body = 400, f"<ErrorResponse>{error}</ErrorResponse>"
    elif service == "dynamodb":
        code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
        status, body = 400, json.dumps({"__type": code, "message": "The level of configured throughput was exceeded."})
    else:
        headers["x-amzn-ErrorType"] = "ThrottlingException"
        status, body = 429, json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"})
    raw = HTTPResponse(io.BytesIO(body.encode()), headers=headers, status=status, preload_content=False)
    return AWSResponse(request.url, status, raw.headers, raw)


botocore.httpsession.URLLib3Session.send = _watched_send
http.client.HTTPConnection.getresponse = _watched_getresponse  # type: ignore[method-assign]  # that is the point
