"""The topic for alerts, and the alarms on periodic work, which are sent to it too.

Periodic work is found through the due index (``lambdas/domain/due_entry.py``), every minute for each of its shards.
"""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from lambdas.domain.due_entry import SHARDS, Kind
from stacks.functions import CampaignFunction
from stacks.grants import grant_key


def alert_topic(scope: Construct, name: str, key: kms.IKey) -> sns.Topic:
    """An encrypted topic; ``name`` is its physical name."""
    topic = sns.Topic(scope, "Alerts", topic_name=name, master_key=key, enforce_ssl=True)
    # CloudWatch's alarms publish as the service itself, to the topic and with its key (data.py).
    # docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    return topic


def grant_alert(function: lambda_.Function, topic: sns.ITopic, key: kms.IKey) -> None:
    """Permission to publish to the topic, and the setting with its ARN."""
    function.add_environment("ALERT_TOPIC_ARN", topic.topic_arn)
    function.add_to_role_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]))
    # SNS encrypts a message with the publisher's permission on the key
    # (docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
    topic_only = {"aws:sns:topicArn": topic.topic_arn}
    grant_key(function, key, ["kms:Decrypt", "kms:GenerateDataKey"], "sns", topic_only)
    if Stack.of(function) is not Stack.of(topic):
        Stack.of(function).add_stack_dependency(Stack.of(topic))


EVERY = Duration.minutes(1)
LATE = Duration.minutes(10)
"""If work has been due for longer than this, runs fail or do not keep up."""
FAILURES, FAILING_FOR = 2, Duration.minutes(15)
"""A record that always fails does so four times in this period (``due.BACK_OFF``); two failures may be temporary."""
LONG = Duration.seconds(50)
"""A run that takes longer than this does not keep up: the next one begins before it ends."""
NAMESPACE = "CampaignOrchestration"
"""The namespace of the metrics that ``lambdas/adapters/telemetry.py`` prints; each also has the dimension
``service``."""


def every_minute(
    scope: Construct, construct_id: str, function: CampaignFunction, kind: Kind, description: str, alerts: sns.ITopic
) -> None:
    """Invoke ``function`` every minute for each shard with ``{"shard": n}``; ``alerts`` is notified if it is late."""
    # EventBridge need not retry a failed delivery: the next run is a minute later. A rule has at most five targets.
    rule = events.Rule(scope, construct_id, description=description, schedule=events.Schedule.rate(EVERY))
    for shard in range(SHARDS):
        given = events.RuleTargetInput.from_object({"shard": shard})
        rule.add_target(targets.LambdaFunction(function.live, event=given, retry_attempts=0))
    for name, (metric, threshold, said) in _alarms(function, kind, description).items():
        alarm = cloudwatch.Alarm(
            scope,
            f"{construct_id}{name}",
            alarm_description=said,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1 if name == "Failing" else 2,
            # If no run takes place at all, there is no metric; that is the worst case of being late.
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if name == "Late"
            else cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(alerts))


def _alarms(
    function: CampaignFunction, kind: Kind, description: str
) -> dict[str, tuple[cloudwatch.Metric, float, str]]:
    """By name: the metric, its threshold, and the description of the alarm."""
    return {
        "Late": (
            _measured("DueAge", function, kind, "Maximum", Duration.minutes(5)),
            LATE.to_seconds(),
            f"{description}: work has been due for ten minutes",
        ),
        "Failing": (
            _measured("DueFailed", function, kind, "Sum", FAILING_FOR),
            FAILURES,
            f"{description}: due work fails again and again; see the function's log",
        ),
        "Long": (
            function.metric_duration(statistic="Maximum", period=Duration.minutes(5)),
            LONG.to_milliseconds(),
            f"{description}: a run takes almost as long as the interval between runs",
        ),
    }


def _measured(name: str, function: CampaignFunction, kind: Kind, statistic: str, period: Duration) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"Kind": kind.value, "service": function.service_name},
        statistic=statistic,
        period=period,
    )
