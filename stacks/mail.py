"""Mail: the senders, and the handling of mail that does not arrive."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.data import DataStack
from stacks.functions import CampaignFunction, CodeAssets, keep_failures
from stacks.grants import Access, acknowledge, grant_secrets_below, grant_table

IDENTITIES = "arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity/*"
"""``every_identity``, as cdk-nag quotes it."""


class Mail:
    """The deployment's sender, the configuration set, and the Lambda ``mail-events`` behind it."""

    def __init__(self, scope: Construct, *, data: DataStack, assets: CodeAssets) -> None:
        self._stack = Stack.of(scope)
        self._data = data
        options = assets.options
        self._slack_prefix = f"{options.prefix}campaign/slack/"
        if options.owns_sender:
            identity = ses.EmailIdentity(scope, "Sender", identity=ses.Identity.email(options.sender))
            # It was confirmed by hand, and another stage may be using it.
            identity.apply_removal_policy(RemovalPolicy.RETAIN)
        self.configuration_set = ses.ConfigurationSet(
            scope, "Mails", configuration_set_name=f"{options.prefix}campaign-mails", reputation_metrics=True
        )
        topic = sns.Topic(
            scope,
            "MailEvents",
            topic_name=f"{options.prefix}campaign-mail-events",
            master_key=data.key,
            enforce_ssl=True,
        )
        self.configuration_set.add_event_destination(
            "Undelivered",
            destination=ses.EventDestination.sns_topic(topic),
            events=[ses.EmailSendingEvent.BOUNCE, ses.EmailSendingEvent.COMPLAINT, ses.EmailSendingEvent.REJECT],
        )
        self._listen(scope, topic, assets)
        self.sender = {
            "SENDER_EMAIL": options.sender,
            "CONFIGURATION_SET": self.configuration_set.configuration_set_name,
        }
        """Environment of a function that sends mails only."""
        self.environment = {**self.sender, "SLACK_SECRET_PREFIX": self._slack_prefix}

    def _listen(self, scope: Construct, topic: sns.Topic, assets: CodeAssets) -> None:
        function = CampaignFunction(
            scope,
            "mail-events",
            module="lambdas.workers.mail_events",
            assets=assets,
            environment={"TABLE_NAME": self._data.table.table_name},
        )
        grant_table(function, self._data, [Access.GET, Access.PUT])
        keep_failures(function, "MailEvents", self._data.key)
        subscription = topic.add_subscription(subscriptions.LambdaSubscription(function.live))
        acknowledge(
            subscription,
            "W3694",
            "An alias has the ARN of its function with a qualifier, which SNS takes",
            pack="CloudFormation-Validate",
        )

    def grant_send(self, function: lambda_.Function) -> None:
        """Send mails, and write to people in a tenant's Slack."""
        self.grant_mail(function)
        grant_secrets_below(function, self._data, self._slack_prefix, "One secret for each tenant with Slack")

    def grant_mail(self, function: lambda_.Function) -> None:
        """Send as the deployment or as a tenant."""
        stack = self._stack
        mails = stack.format_arn(
            service="ses",
            resource="configuration-set",
            resource_name=self.configuration_set.configuration_set_name,
        )
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["ses:SendEmail"], resources=[every_identity(stack), mails])
        )
        acknowledge(
            function.role or function,
            f"AwsSolutions-IAM5[Resource::{IDENTITIES}]",
            "A tenant's sender is any identity of this account that bears its tag; settings are checked against it",
        )


def every_identity(stack: Stack) -> str:
    return stack.format_arn(service="ses", resource="identity", resource_name="*")


def grant_senders(function: lambda_.Function) -> None:
    """Permissions to read identities: whether they are verified, and which tenant's they are."""
    resource = every_identity(Stack.of(function))
    function.add_to_role_policy(iam.PolicyStatement(actions=["ses:GetEmailIdentity"], resources=[resource]))
    acknowledge(
        function.role or function,
        f"AwsSolutions-IAM5[Resource::{IDENTITIES}]",
        "Which of the account's identities a tenant names is not known before it does",
    )
