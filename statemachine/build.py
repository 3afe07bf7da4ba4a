"""BUILD: from a brief to an approved campaign.

The states are defined from top to bottom. Every task that fails for good goes to Compensate and RecordFailure. The
state contains ids and counts only.
"""

from functools import partial
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lambdas.domain.models.campaign import MAX_REVISIONS
from statemachine.tasks import Retries, callback_step, retry_reading, step

APPROVAL_TIMEOUT = Duration.days(15)
"""Twice the longest wait a campaign may ask for, plus a day: the campaign's own policy applies long before, unless the
sweep, which applies it, is dead."""
APPROVAL_HEARTBEAT = Duration.hours(24)
MAP_LABEL = "GeneratePosts"
"""Part of the ARNs of the map's child executions."""
HEARTBEAT_RETRIES = 3
"""Retries of a wait whose heartbeat was missed. After these the state is entered again by its catch, so it never gives
up."""
BUILD_TIME = Duration.days(2)
"""Time for everything except waiting in one round: planning, writing up to 10,000 posts, retries of hours."""
EXECUTION_TIMEOUT = Duration.days((MAX_REVISIONS + 1) * (APPROVAL_TIMEOUT.to_days() + BUILD_TIME.to_days()))
"""Enough for every round that a campaign may ask for. An execution on AWS can last up to a year
(docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


class BuildFunctions(NamedTuple):
    """One Lambda for each task of the workflow."""

    validate_campaign: lambda_.Function
    save_campaign: lambda_.Function
    plan_posts: lambda_.Function
    generate_posts: lambda_.Function
    aggregate_results: lambda_.Function
    request_approval: lambda_.Function
    approval_expired: lambda_.Function
    complete_campaign: lambda_.Function
    reject_campaign: lambda_.Function
    compensate: lambda_.Function
    record_failure: lambda_.Function
    revise_posts: lambda_.Function


def build_workflow(
    scope: Construct, functions: BuildFunctions, manifests: s3.IBucket, retries: Retries
) -> sfn.IChainable:
    """The chain of BUILD's states."""
    make = partial(step, scope, retries=retries)
    validate = make("ValidateCampaign", functions.validate_campaign, comment="Brand, personas and schedule are usable")
    save = make("SaveCampaign", functions.save_campaign, comment="Freeze brand and personas with the campaign")
    plan = make(
        "PlanPosts",
        functions.plan_posts,
        result_path="$.plan",
        comment="The planner agent lays out the posts; batches go to S3 for the map",
    )
    generate = _generate_posts(scope, functions.generate_posts, manifests, retries)
    aggregate = make(
        "AggregateResults", functions.aggregate_results, comment="Count the posts; too many failures end here"
    )
    waiting, *others = _approval(scope, functions, generate, retries)
    failure = _failure(scope, functions, retries)
    steps: list[tasks.LambdaInvoke | sfn.DistributedMap] = [validate, save, plan, generate, aggregate, waiting, *others]
    for task in steps:
        task.add_catch(failure, errors=["States.ALL"], result_path="$.error")
    return validate.next(save).next(plan).next(generate).next(aggregate).next(waiting)


def _approval(
    scope: Construct, functions: BuildFunctions, generate: sfn.DistributedMap, retries: Retries
) -> tuple[tasks.LambdaInvoke, ...]:
    """RequestApproval and the states after it; RequestApproval is the first of those returned."""
    make = partial(step, scope, retries=retries)
    request = _request_approval(scope, functions.request_approval, retries)
    expired = make(
        "ApprovalExpired",
        functions.approval_expired,
        result_path="$.approval",
        comment="The time limit of the wait has come: what that means is on the request's record",
    )
    complete = make("CompleteCampaign", functions.complete_campaign, comment="The campaign is approved")
    revise = make(
        "RevisePosts",
        functions.revise_posts,
        result_path="$.plan",
        comment="Only the posts that were sent back, with the reviewers' comments, go to the map again",
    )
    reject = make("RejectCampaign", functions.reject_campaign, comment="The campaign ends without approval")

    decision = (
        sfn.Choice(scope, "CheckDecision")
        .when(_decided("approved"), complete.next(sfn.Succeed(scope, "Approved")))
        .when(_decided("needs_revision"), revise)
        .when(_decided("ask_again"), request)
        .otherwise(reject)
    )
    request.next(decision)
    revise.next(generate)
    reject.next(sfn.Succeed(scope, "Rejected", comment="A no is a result, not a failure"))
    expired.next(decision)
    # Before States.Timeout, which includes a missed heartbeat
    # (docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
    request.add_catch(request, errors=["States.HeartbeatTimeout"], result_path=sfn.JsonPath.DISCARD)
    request.add_catch(expired, errors=["States.Timeout"], result_path=sfn.JsonPath.DISCARD)
    return request, expired, complete, revise, reject


def _decided(what: str) -> sfn.Condition:
    return sfn.Condition.string_equals("$.approval.decision", what)


def _request_approval(scope: Construct, function: lambda_.Function, retries: Retries) -> tasks.LambdaInvoke:
    return callback_step(
        scope,
        "RequestApproval",
        function,
        retries=retries,
        timeout=APPROVAL_TIMEOUT,
        heartbeat=APPROVAL_HEARTBEAT,
        heartbeat_retries=HEARTBEAT_RETRIES,
        result_path="$.approval",
        comment="Mail the reviewers a signed link each and wait for their answers, at no cost",
    )


def _generate_posts(
    scope: Construct, function: lambda_.Function, manifests: s3.IBucket, retries: Retries
) -> sfn.DistributedMap:
    """One child execution for each batch of the manifest. The results are counted from the table.

    No child fails: the error and cause of a failed child are returned to the map with the others' results
    (docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html), and a few hundred of them would
    exceed the size of a state, which ends the execution. The map tolerates all failures, because its percentage counts
    batches, while a campaign's counts posts. AggregateResults decides by the posts.
    """
    posts = sfn.DistributedMap(
        scope,
        "GeneratePosts",
        comment="Write the posts, batch by batch, within the campaign's limit",
        item_reader=sfn.S3JsonItemReader(bucket=manifests, key=sfn.JsonPath.string_at("$.plan.manifest.key")),
        item_selector={
            "tenantId": sfn.JsonPath.string_at("$.tenantId"),
            "campaignId": sfn.JsonPath.string_at("$.campaignId"),
            "correlationId": sfn.JsonPath.string_at("$.correlationId"),
            "batch": sfn.JsonPath.object_at("$$.Map.Item.Value"),
        },
        max_concurrency_path="$.plan.mapConcurrency",
        tolerated_failure_percentage=100,
        map_execution_type=sfn.StateMachineType.STANDARD,
        label=MAP_LABEL,
        result_path=sfn.JsonPath.DISCARD,
    )
    # The children's outputs are returned to the map as one array; they are empty, so that ten thousand fit the payload
    # quota.
    make = partial(step, scope, retries=retries, output_path=sfn.JsonPath.DISCARD)
    batch = make("GenerateBatch", function, comment="Up to ten posts at once")
    given_up = sfn.Pass(
        scope, "BatchGivenUp", comment="Its posts fail, and their records say so", output_path=sfn.JsonPath.DISCARD
    )
    batch.add_catch(given_up, errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
    posts.item_processor(batch)
    retry_reading(posts, retries)
    return posts


def _failure(scope: Construct, functions: BuildFunctions, retries: Retries) -> sfn.IChainable:
    make = partial(step, scope, retries=retries)
    failed = sfn.Fail(scope, "Failed", error_path="$.error.Error", cause_path="$.error.Cause")
    compensate = make("Compensate", functions.compensate, comment="Undo what was made outside, newest first")
    record = make(
        "RecordFailure", functions.record_failure, comment="Put the reason on the campaign's record, and alert"
    )
    # What could not be undone is recorded as well, so the failure is recorded even if undoing fails.
    compensate.add_catch(record, errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
    record.add_catch(failed, errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
    return compensate.next(record).next(failed)
