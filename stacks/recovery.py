"""Recovery of campaigns whose execution was lost: one Lambda, invoked on a schedule and when an execution fails."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from lambdas.domain.due_entry import Kind
from stacks.alerts import every_minute, grant_alert
from stacks.data import DataStack
from stacks.executions import grant_look, grant_mend
from stacks.functions import CampaignFunction, CodeAssets
from stacks.grants import RECENT_TEXTS, Access, Objects, grant_objects, grant_table
from stacks.options import Options
from stacks.workflow import WorkflowStack


class RecoveryStack(Stack):
    """It has no stateful resources."""

    def __init__(
        self, scope: Construct, construct_id: str, *, options: Options, data: DataStack, workflow: WorkflowStack
    ) -> None:
        super().__init__(scope, construct_id, description="Campaign orchestration: recovery")
        self.reconcile = CampaignFunction(
            self,
            "reconcile",
            module="lambdas.ops.reconcile",
            assets=CodeAssets(self, options, data.key),
            environment={
                "TABLE_NAME": data.table.table_name,
                "BUILD_STATE_MACHINE_ARN": workflow.build_live.ref,
                **workflow.mail.sender,
                "MANIFEST_BUCKET": data.manifests.bucket_name,
            },
            timeout_seconds=300,
        )
        access = [Access.GET, Access.PUT, Access.UPDATE, Access.DELETE, Access.QUERY]
        grant_table(self.reconcile, data, [*access, Access.PARTIQL_UPDATE, Access.PARTIQL_DELETE])
        # What a campaign that was cancelled or deleted left: its objects, and its texts among the tenant's.
        grant_objects(self.reconcile, data, [Objects.DELETE])
        grant_objects(self.reconcile, data, [Objects.GET, Objects.PUT], RECENT_TEXTS)
        grant_look(self.reconcile, workflow.build_machine, workflow.build_name, data.key)
        grant_mend(self.reconcile, workflow.build_machine, workflow.build_name)
        grant_alert(self.reconcile, workflow.alerts, data.key)
        workflow.mail.grant_mail(self.reconcile)
        # The engine's report that an execution ended comes once, so it is worth waiting for and repeating. Ticks are
        # repeated with it, which does no harm: they may overlap.
        self.reconcile.live.configure_async_invoke(retry_attempts=2, max_event_age=Duration.minutes(30))
        every_minute(
            self,
            "EveryMinute",
            self.reconcile,
            Kind.CAMPAIGN,
            "Looks after campaigns whose execution was lost",
            workflow.alerts,
        )
        self._on_a_bad_end(workflow)
        CfnOutput(self, "ReconcileFunctionName", value=self.reconcile.function_name)

    def _on_a_bad_end(self, workflow: WorkflowStack) -> None:
        """EventBridge reports ended executions (best effort), so that they need not be polled.

        docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
        """
        events.Rule(
            self,
            "OnABadEnd",
            description="Looks after a campaign whose execution was aborted, timed out or failed",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [workflow.build_machine.state_machine_arn],
                    "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                },
            ),
            targets=[targets.LambdaFunction(self.reconcile.live)],
        )
