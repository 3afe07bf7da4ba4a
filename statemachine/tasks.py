"""How every task is called, retried and caught; the retries are options of a deployment.

A definition names versions of functions, so that an execution ends with the code it began with (docs/adr/0022).
"""

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lambdas.domain.errors import THROTTLED_RETRIES, WORKFLOW_RETRIES, ThrottledError, permanent_names, retryable_names

MAX_ATTEMPTS = 99_999_999
MAX_DELAY_SECONDS = 31_622_400
"""Limits of a retrier: fewer than 100,000,000 attempts, interval and delay below a year and two days
(docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html)."""


class Retry(NamedTuple):
    """``retries`` are counted after the first attempt; times are in seconds. Every wait is random between zero and its
    full length, so that steps that failed together do not retry together."""

    retries: int
    interval: int
    backoff: float
    max_delay: int

    @classmethod
    def parse(cls, text: str, default: "Retry") -> "Retry":
        """``retries=3,interval=2,backoff=2.0,maxDelay=60``; omitted values are taken from ``default``.

        Raises ``ValueError`` with the reason.
        """
        given: dict[str, float] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            if name not in _FIELDS:
                raise ValueError(f"{part!r} is none of {', '.join(_FIELDS)} with an equals sign and a number")
            try:
                number = float(value)
            except ValueError:
                raise ValueError(f"{part!r} has no number") from None
            low, high = _FIELDS[name]
            if not low <= number <= high or (name != "backoff" and number != int(number)):
                raise ValueError(f"{part!r} is not between {low:g} and {high:g}")
            given[name] = number
        retry = cls(
            retries=int(given.get("retries", default.retries)),
            interval=int(given.get("interval", default.interval)),
            backoff=given.get("backoff", default.backoff),
            max_delay=int(given.get("maxDelay", default.max_delay)),
        )
        if retry.max_delay <= retry.interval:
            raise ValueError(f"maxDelay {retry.max_delay} is not above interval {retry.interval}")
        return retry


_FIELDS = {
    "retries": (0, MAX_ATTEMPTS),
    "interval": (1, 99_999_999),
    "backoff": (1, 100),
    "maxDelay": (1, MAX_DELAY_SECONDS),
}


class Retries(NamedTuple):
    """By the kind of error. Permanent errors are never retried."""

    unknown: Retry = Retry(retries=2, interval=1, backoff=2, max_delay=30)
    """Three attempts: the first one and two retries."""
    temporary: Retry = Retry(retries=WORKFLOW_RETRIES, interval=1, backoff=2, max_delay=30)
    """A service is down or slow: about a minute."""
    throttled: Retry = Retry(retries=THROTTLED_RETRIES, interval=2, backoff=2, max_delay=60)
    """A service asks us to slow down: up to ten minutes, so that a busy hour slows campaigns down instead of failing
    them."""


LAMBDA_SERVICE_ERRORS = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
]
"""Failures of Lambda itself that are worth a retry
(docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html and bp-lambda-serviceexception.html)."""

THROTTLING_ERRORS = ["Lambda.TooManyRequestsException", ThrottledError.__name__]
"""Too many invocations at once, because of the account's quota or the function's reserved concurrency
(docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html), and a service that asked a step to slow down."""

ATTEMPT = {
    "executionArn": sfn.JsonPath.string_at("$$.Execution.Id"),
    "executionName": sfn.JsonPath.string_at("$$.Execution.Name"),
    "stateName": sfn.JsonPath.string_at("$$.State.Name"),
    "retryCount": sfn.JsonPath.number_at("$$.State.RetryCount"),
    "enteredAt": sfn.JsonPath.string_at("$$.State.EnteredTime"),
}
"""The attempt, from Step Functions' context object, as ``lambdas.domain.models.workflow.Attempt`` reads it."""

_MARGIN = Duration.seconds(15)
"""The function's own timeout comes first, so that a late attempt has ended before the next one starts."""


def step(
    scope: Construct,
    name: str,
    function: lambda_.Function,
    *,
    retries: Retries,
    result_path: str = sfn.JsonPath.DISCARD,
    output_path: str | None = None,
    comment: str,
) -> tasks.LambdaInvoke:
    """A state that calls ``function`` with the execution's input and the attempt."""
    task = tasks.LambdaInvoke(
        scope,
        name,
        comment=comment,
        lambda_function=function.current_version,
        payload=sfn.TaskInput.from_object({"input": sfn.JsonPath.object_at("$"), "attempt": ATTEMPT}),
        payload_response_only=True,
        retry_on_service_exceptions=False,
        result_path=result_path,
        output_path=output_path,
        task_timeout=sfn.Timeout.duration(_timeout_of(function).plus(_MARGIN)),
    )
    add_retries(task, retries)
    return task


def callback_step(
    scope: Construct,
    name: str,
    function: lambda_.Function,
    *,
    retries: Retries,
    timeout: Duration,
    heartbeat: Duration,
    heartbeat_retries: int,
    result_path: str,
    comment: str,
) -> tasks.LambdaInvoke:
    """A state that calls ``function`` with a task token and then waits, at no cost, until somebody answers it.

    The function has to fail the task itself (``SendTaskFailure``) if it cannot send the request. A missed heartbeat
    means that the sweep is dead, not that nobody answered; the state is entered again.
    """
    task = tasks.LambdaInvoke(
        scope,
        name,
        comment=comment,
        lambda_function=function.current_version,
        integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        payload=sfn.TaskInput.from_object(
            {"input": sfn.JsonPath.object_at("$"), "attempt": ATTEMPT, "taskToken": sfn.JsonPath.task_token}
        ),
        retry_on_service_exceptions=False,
        result_path=result_path,
        task_timeout=sfn.Timeout.duration(timeout),
        heartbeat_timeout=sfn.Timeout.duration(heartbeat),
    )
    # Before the others: States.TaskFailed is a wildcard that includes it, and so does States.Timeout.
    _ask_anew(task, heartbeat_retries)
    # Not on States.Timeout: seven days without an answer are a result, not an error.
    add_retries(task, retries, [name for name in LAMBDA_SERVICE_ERRORS if name != "States.Timeout"])
    return task


def _ask_anew(task: tasks.LambdaInvoke, times: int) -> None:
    """Enter the state again after a missed heartbeat."""
    task.add_retry(
        errors=["States.HeartbeatTimeout"],
        interval=Duration.seconds(1),
        max_attempts=times,
        backoff_rate=2,
        max_delay=Duration.seconds(30),
        jitter_strategy=sfn.JitterType.FULL,
    )


def add_retries(
    task: tasks.LambdaInvoke, retries: Retries, service_errors: Sequence[str] = LAMBDA_SERVICE_ERRORS
) -> None:
    """Permanent errors never, throttling for minutes, known temporary errors for a minute, unknown ones briefly."""
    task.add_retry(errors=permanent_names(), max_attempts=0)
    temporary = [name for name in (*retryable_names(), *service_errors) if name not in THROTTLING_ERRORS]
    _add(task, THROTTLING_ERRORS, retries.throttled)
    _add(task, temporary, retries.temporary)
    _add(task, ["States.TaskFailed"], retries.unknown)


def retry_reading(posts: sfn.DistributedMap, retries: Retries) -> None:
    """Reading the manifest may fail temporarily as well; the map's children are retried by themselves."""
    _add(posts, ["States.ItemReaderFailed"], retries.temporary)


def _add(state: tasks.LambdaInvoke | sfn.DistributedMap, errors: Sequence[str], retry: Retry) -> None:
    if retry.retries == 0:
        state.add_retry(errors=list(errors), max_attempts=0)
        return
    state.add_retry(
        errors=list(errors),
        interval=Duration.seconds(retry.interval),
        max_attempts=retry.retries,
        backoff_rate=retry.backoff,
        max_delay=Duration.seconds(retry.max_delay),
        jitter_strategy=sfn.JitterType.FULL,
    )


def _timeout_of(function: lambda_.Function) -> Duration:
    if function.timeout is None:
        raise ValueError(f"{function.node.path} has no timeout of its own")
    return function.timeout
