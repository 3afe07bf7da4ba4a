"""Where people subscribe who want to know when a campaign needs them."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

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
    """Publish to the topic, and tell the function where it is."""
    function.add_environment("ALERT_TOPIC_ARN", topic.topic_arn)
    function.add_to_role_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]))
    # SNS encrypts a message with the publisher's permission to use the key
    # (docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
    topic_only = {"aws:sns:topicArn": topic.topic_arn}
    grant_key(function, key, ["kms:Decrypt", "kms:GenerateDataKey"], "sns", topic_only)
    if Stack.of(function) is not Stack.of(topic):
        Stack.of(function).add_stack_dependency(Stack.of(topic))
