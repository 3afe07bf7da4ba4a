"""BUILD as Step Functions gets it: timeouts, retries, catches, the map, and nothing in the logs."""

from collections.abc import Sequence
from typing import Any

import pytest

from lambdas.build.generate_posts import LAST_RETRY
from lambdas.domain.approval import HEARTBEAT_EVERY, LINK_LIFETIME
from lambdas.domain.errors import THROTTLED_RETRIES, WORKFLOW_RETRIES, permanent_names, retryable_names
from lambdas.domain.models.campaign import ApprovalPolicy
from statemachine.build import HEARTBEAT_RETRIES
from statemachine.tasks import Retries, Retry
from tests.infra.templates import Assembly

ENGINE_ERRORS = {
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
}
"""Of Lambda and of Step Functions (docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html)."""

THROTTLING = ["Lambda.TooManyRequestsException", "ThrottledError"]

JSONPATH_ONLY = {"Parameters", "ResultPath", "OutputPath", "InputPath", "ResultSelector", "ItemSelector"}


def walk(value: Any) -> Any:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def test_the_states_are_those_of_the_picture(local: Assembly) -> None:
    road, state = [], local.build["StartAt"]
    while state:
        road.append(state)
        state = local.build["States"][state].get("Next")
    assert road == [
        "ValidateCampaign",
        "SaveCampaign",
        "PlanPosts",
        "GeneratePosts",
        "AggregateResults",
        "RequestApproval",
        "CheckDecision",
    ]
    ends = {
        name: state["Type"] for name, state in local.build["States"].items() if state["Type"] in ("Succeed", "Fail")
    }
    assert ends == {"Approved": "Succeed", "Rejected": "Succeed", "Failed": "Fail"}


def test_a_no_is_a_result_and_not_a_failure(local: Assembly) -> None:
    decision = local.states["CheckDecision"]
    assert [(choice["StringEquals"], choice["Next"]) for choice in decision["Choices"]] == [
        ("approved", "CompleteCampaign"),
        ("needs_revision", "RevisePosts"),
        ("ask_again", "RequestApproval"),
    ]
    assert decision["Default"] == "RejectCampaign"
    assert local.states["RejectCampaign"]["Next"] == "Rejected"
    assert local.states["CompleteCampaign"]["Next"] == "Approved"


def test_what_is_sent_back_goes_through_the_map_again(local: Assembly) -> None:
    assert local.states["RevisePosts"]["Next"] == "GeneratePosts"


def test_a_missed_heartbeat_asks_again_and_is_no_answer(local: Assembly) -> None:
    """``States.Timeout`` includes it, and so does the wildcard ``States.TaskFailed``: both come after its own rules."""
    task = local.tasks["RequestApproval"]
    catches = [(catch["ErrorEquals"], catch["Next"]) for catch in task["Catch"]]
    assert catches == [
        (["States.HeartbeatTimeout"], "RequestApproval"),
        (["States.Timeout"], "ApprovalExpired"),
        (["States.ALL"], "Compensate"),
    ]
    assert all(catch.get("ResultPath", "$") is None for catch in task["Catch"][:2])
    first = task["Retry"][0]
    assert (first["ErrorEquals"], first["MaxAttempts"]) == (["States.HeartbeatTimeout"], HEARTBEAT_RETRIES)


def test_the_end_of_the_wait_is_judged_by_the_requests_own_record(local: Assembly) -> None:
    expired = local.tasks["ApprovalExpired"]
    assert (expired["ResultPath"], expired["Next"]) == ("$.approval", "CheckDecision")


def test_an_execution_lives_through_every_round_that_a_policy_allows(local: Assembly) -> None:
    policy = ApprovalPolicy.model_json_schema()["properties"]
    rounds = policy["maxRevisions"]["maximum"] + 1
    longest = 2 * policy["timeoutHours"]["maximum"] * 3600
    assert longest < local.tasks["RequestApproval"]["TimeoutSeconds"]
    assert rounds * local.tasks["RequestApproval"]["TimeoutSeconds"] < local.build["TimeoutSeconds"] <= 365 * 24 * 3600


def test_every_task_has_a_timeout_longer_than_its_function(both: Assembly) -> None:
    for name, task in both.tasks.items():
        function = both.functions[both.name_of({"Fn::Sub": str(task)})]
        assert task["TimeoutSeconds"] > function["Timeout"], name
        assert "TimeoutSecondsPath" not in task, name


def test_a_reviewer_has_seven_days_and_the_link_dies_first(local: Assembly) -> None:
    seconds = local.tasks["RequestApproval"]["TimeoutSeconds"]
    assert seconds == 15 * 24 * 3600
    assert 2 * LINK_LIFETIME.total_seconds() < seconds  # a policy may give the same time once more
    assert local.tasks["RequestApproval"]["HeartbeatSeconds"] == 24 * 3600 > HEARTBEAT_EVERY.total_seconds()
    assert local.build["TimeoutSeconds"] > seconds


def rule(errors: Sequence[str], retry: Retry) -> dict[str, Any]:
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": retry.interval,
        "MaxAttempts": retry.retries,
        "BackoffRate": retry.backoff,
        "MaxDelaySeconds": retry.max_delay,
        "JitterStrategy": "FULL",
    }


def test_every_task_is_retried_by_the_same_four_rules(local: Assembly) -> None:
    for name, task in local.tasks.items():
        never, slowly, patiently, anything = task["Retry"][-4:]
        assert len(task["Retry"]) == 4 + (name == "RequestApproval"), name
        assert never == {"ErrorEquals": permanent_names(), "MaxAttempts": 0}, name
        assert slowly == rule(THROTTLING, Retries().throttled), name
        engine = ENGINE_ERRORS - ({"States.Timeout"} if name == "RequestApproval" else set())
        assert set(patiently["ErrorEquals"]) == {*retryable_names(), *engine} - set(THROTTLING), name
        assert patiently == rule(patiently["ErrorEquals"], Retries().temporary), name
        assert anything == rule(["States.TaskFailed"], Retries().unknown), name


def test_a_deployment_chooses_how_long_is_tried(aws: Assembly) -> None:
    """See ``ON_AWS``: the waits of the template are those of the context."""
    for name, task in aws.tasks.items():
        _, slowly, _, anything = task["Retry"][-4:]
        assert slowly == rule(THROTTLING, Retry(retries=20, interval=3, backoff=1.5, max_delay=90)), name
        assert anything == rule(["States.TaskFailed"], Retry(retries=3, interval=2, backoff=2, max_delay=30)), name


def longest_seconds(retry: Retry) -> float:
    """All waits together at their full length."""
    return sum(min(retry.interval * retry.backoff**n, retry.max_delay) for n in range(retry.retries))


def test_throttling_is_waited_out_for_minutes_and_not_for_hours() -> None:
    """On the average half of it, since each wait is drawn at random."""
    assert 600 < longest_seconds(Retries().throttled) < 900
    assert longest_seconds(Retries().temporary) < 120


def test_a_batch_gives_up_its_posts_before_the_engine_gives_up_the_batch() -> None:
    """Both counts are of the same retries: whoever changes one looks at the other."""
    assert LAST_RETRY < WORKFLOW_RETRIES == Retries().temporary.retries
    assert Retries().throttled.retries == THROTTLED_RETRIES


def test_every_error_that_is_named_exists(local: Assembly) -> None:
    named = {
        error
        for state in local.states.values()
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]
        for error in rule["ErrorEquals"]
    }
    ours = {*permanent_names(), *retryable_names()}
    others = {"States.TaskFailed", "States.ItemReaderFailed", "States.ALL", "States.HeartbeatTimeout", *THROTTLING}
    assert named - ours == ENGINE_ERRORS | others - ours


def test_no_error_is_both_permanent_and_temporary() -> None:
    assert not set(permanent_names()) & set(retryable_names())


def test_every_task_ends_in_compensation_and_a_record(local: Assembly) -> None:
    caught = {name: state["Catch"][-1] for name, state in local.states.items() if "Catch" in state}
    # No child of the map fails: their errors and causes would come back to it, and be too much for a state.
    given_up = caught.pop("GenerateBatch")
    assert given_up == {"ErrorEquals": ["States.ALL"], "Next": "BatchGivenUp", "ResultPath": None}
    assert local.states["BatchGivenUp"]["OutputPath"] is None
    assert set(caught) == {*local.tasks, "GeneratePosts"} - {"GenerateBatch"}
    for name, catch in caught.items():
        last = {
            "RecordFailure": {"Next": "Failed", "ResultPath": None},
            # The error that led there is kept: it is the campaign's, and not that of the undoing.
            "Compensate": {"Next": "RecordFailure", "ResultPath": None},
        }.get(name, {"Next": "Compensate", "ResultPath": "$.error"})
        assert catch == {"ErrorEquals": ["States.ALL"], **last}, name
    assert local.states["Compensate"]["Next"] == "RecordFailure"
    assert local.states["RecordFailure"]["Next"] == "Failed"


def test_the_failed_execution_says_why(local: Assembly) -> None:
    failed = local.states["Failed"]
    assert (failed["ErrorPath"], failed["CausePath"]) == ("$.error.Error", "$.error.Cause")


def test_the_map_reads_its_batches_from_the_bucket_within_the_campaigns_limits(local: Assembly) -> None:
    posts = local.states["GeneratePosts"]
    assert posts["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert posts["MaxConcurrencyPath"] == "$.plan.mapConcurrency"
    # Its percentage counts batches; AggregateResults judges by the posts.
    assert posts["ToleratedFailurePercentage"] == 100
    reader = posts["ItemReader"]
    assert reader["Resource"] == "arn:<AWS::Partition>:states:::s3:getObject"
    assert reader["ReaderConfig"] == {"InputType": "JSON"}
    assert reader["Parameters"]["Key.$"] == "$.plan.manifest.key"
    assert "Manifests" in reader["Parameters"]["Bucket"]
    assert not {"MaxConcurrency", "ToleratedFailurePercentagePath", "ItemsPath", "ItemBatcher", "ResultWriter"} & set(
        posts
    )


def test_a_manifest_that_cannot_be_read_for_a_moment_is_read_again(local: Assembly) -> None:
    assert local.states["GeneratePosts"]["Retry"] == [rule(["States.ItemReaderFailed"], Retries().temporary)]
    # Its children's failures are tolerated up to a percentage, and what is beyond that is not tried again as a whole.
    assert local.states["GeneratePosts"]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_the_maps_results_are_thrown_away(local: Assembly) -> None:
    assert local.states["GeneratePosts"]["ResultPath"] is None
    assert local.states["GenerateBatch"]["OutputPath"] is None


def test_the_state_carries_ids_and_counts_only(local: Assembly) -> None:
    kept = {name: state["ResultPath"] for name, state in local.tasks.items() if state["ResultPath"] is not None}
    waits = dict.fromkeys(("RequestApproval", "ApprovalExpired"), "$.approval")
    assert kept == {"PlanPosts": "$.plan", "RevisePosts": "$.plan", **waits}


def test_there_is_one_query_language(local: Assembly) -> None:
    for part in walk(local.build):
        if isinstance(part, dict):
            assert part.get("QueryLanguage", "JSONPath") == "JSONPath"
            assert not {"Arguments", "Output", "Assign", "Items", "Condition"} & set(part)
    assert all(JSONPATH_ONLY & set(task) for task in local.tasks.values())


def test_every_task_tells_its_function_which_attempt_it_is(local: Assembly) -> None:
    for name, task in local.tasks.items():
        payload = task["Parameters"].get("Payload", task["Parameters"])
        assert payload["input.$"] == "$", name
        assert set(payload["attempt"]) == {
            "executionArn.$",
            "executionName.$",
            "stateName.$",
            "retryCount.$",
            "enteredAt.$",
        }, name


def test_only_the_approval_gets_a_task_token(local: Assembly) -> None:
    holders = {name for name, task in local.tasks.items() if "$$.Task.Token" in str(task)}
    assert holders == {"RequestApproval"}
    assert local.tasks["RequestApproval"]["Resource"].endswith(":lambda:invoke.waitForTaskToken")


def test_the_machine_is_standard_encrypted_and_silent_about_its_data(both: Assembly) -> None:
    machine = both.only("AWS::StepFunctions::StateMachine")
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["EncryptionConfiguration"]["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


@pytest.mark.parametrize("forbidden", ["lambda:invoke.sync", "states:startExecution"])
def test_no_state_waits_for_another_machine(forbidden: str, local: Assembly) -> None:
    assert forbidden not in str(local.build)
