"""BUILD: its state machine, and one Lambda with one role for each of its tasks."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, CfnElement, CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.alerts import alert_topic, grant_alert
from stacks.approval import sweep_approvals
from stacks.data import DataStack
from stacks.direct import build_campaign
from stacks.executions import live_alias
from stacks.functions import CampaignFunction, CodeAssets, kept_logs
from stacks.grants import (
    RECENT_TEXTS,
    Access,
    Objects,
    acknowledge,
    grant_key,
    grant_objects,
    grant_parameter,
    grant_seal,
    grant_secret,
    grant_table,
    grant_task_answers,
)
from stacks.mail import Mail
from stacks.models import grant_model, model_environment
from stacks.options import Options
from statemachine.build import EXECUTION_TIMEOUT, MAP_LABEL, BuildFunctions, build_workflow


class WorkflowStack(Stack):
    """It has no stateful resources: it can be deleted and deployed again without losing data."""

    def __init__(self, scope: Construct, construct_id: str, *, options: Options, data: DataStack) -> None:
        super().__init__(scope, construct_id, description="Campaign orchestration: the BUILD workflow")
        self._options = options
        self._data = data
        self._assets = CodeAssets(self, options, data.key)
        self.base_url_parameter = f"/{options.prefix}campaign/approval-base-url"
        self.mail = Mail(self, data=data, assets=self._assets)
        self.build_name = f"{options.prefix}build"
        self.alerts = alert_topic(self, f"{options.prefix}campaign-alerts", data.key)
        self.build_machine = self._state_machine(self._build_functions())
        self.build_live = live_alias(self.build_machine)
        self.build_campaign = build_campaign(
            self,
            data=data,
            assets=self._assets,
            machine=self.build_machine,
            live=self.build_live,
        )
        sweep_approvals(
            self,
            data=data,
            assets=self._assets,
            base_url_parameter=self.base_url_parameter,
            mail=self.mail,
            alerts=self.alerts,
        )
        self._agent("campaign_planner", timeout_seconds=300)
        self._agent("content_generator", timeout_seconds=120)
        CfnOutput(self, "BuildStateMachineArn", value=self.build_machine.state_machine_arn)

    def _build_functions(self) -> BuildFunctions:
        return BuildFunctions(
            validate_campaign=self._step(
                "validate_campaign", [Access.GET, Access.BATCH_GET, Access.PUT, Access.UPDATE]
            ),
            save_campaign=self._step("save_campaign", [Access.GET, Access.BATCH_GET, Access.PUT, Access.UPDATE]),
            plan_posts=self._plan_posts(),
            generate_posts=self._generate_posts(),
            aggregate_results=self._step(
                "aggregate_results",
                [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY, Access.PARTIQL_UPDATE],
                timeout_seconds=120,
                # Ten thousand texts are compared in memory, and more memory also means more processor.
                memory_mb=1024,
            ),
            request_approval=self._request_approval(),
            approval_expired=self._approval_expired(),
            complete_campaign=self._complete_campaign(),
            reject_campaign=self._step("reject_campaign", [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY]),
            compensate=self._compensate(),
            record_failure=self._record_failure(),
            revise_posts=self._revise_posts(),
        )

    def _step(
        self,
        module: str,
        access: Sequence[Access],
        *,
        environment: dict[str, str] | None = None,
        timeout_seconds: int = 30,
        memory_mb: int = 512,
    ) -> CampaignFunction:
        """The Lambda of the state whose module is ``lambdas/build/<module>.py``."""
        function = CampaignFunction(
            self,
            module.replace("_", "-"),
            module=f"lambdas.build.{module}",
            assets=self._assets,
            environment={"TABLE_NAME": self._data.table.table_name, **(environment or {})},
            timeout_seconds=timeout_seconds,
            memory_mb=memory_mb,
        )
        grant_table(function, self._data, access)
        return function

    def _complete_campaign(self) -> CampaignFunction:
        function = self._step(
            "complete_campaign",
            [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY],
            environment={"MANIFEST_BUCKET": self._data.manifests.bucket_name},
        )
        # GET: texts are added to an existing object, and a conditional write needs the right to read it.
        grant_objects(function, self._data, [Objects.GET, Objects.PUT], RECENT_TEXTS)
        return function

    def _compensate(self) -> CampaignFunction:
        function = self._step(
            "compensate",
            [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY],
            environment={"MANIFEST_BUCKET": self._data.manifests.bucket_name},
        )
        grant_objects(function, self._data, [Objects.DELETE])
        return function

    def _record_failure(self) -> CampaignFunction:
        function = self._step("record_failure", [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY])
        grant_alert(function, self.alerts, self._data.key)
        return function

    def _plan_posts(self) -> CampaignFunction:
        function = self._step(
            "plan_posts",
            # BATCH_GET: older versions, which run in older executions, read the tenant's last campaigns themselves.
            [Access.GET, Access.BATCH_GET, Access.PUT, Access.UPDATE, Access.QUERY, Access.PARTIQL_INSERT],
            environment={"MANIFEST_BUCKET": self._data.manifests.bucket_name, **model_environment(self._options)},
            timeout_seconds=300,
            memory_mb=1024,
        )
        # GET: whether the copy of the recent texts still exists when the plan is resumed.
        grant_objects(function, self._data, [Objects.GET, Objects.PUT])
        grant_objects(function, self._data, [Objects.GET], RECENT_TEXTS)
        grant_model(function, self._options)
        return function

    def _revise_posts(self) -> CampaignFunction:
        function = self._step(
            "revise_posts",
            [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY, Access.PARTIQL_UPDATE],
            environment={"MANIFEST_BUCKET": self._data.manifests.bucket_name},
            timeout_seconds=120,
        )
        grant_objects(function, self._data, [Objects.PUT])
        return function

    def _generate_posts(self) -> CampaignFunction:
        function = self._step(
            "generate_posts",
            [Access.GET, Access.UPDATE, Access.QUERY, Access.PARTIQL_UPDATE],
            environment={"MANIFEST_BUCKET": self._data.manifests.bucket_name, **model_environment(self._options)},
            timeout_seconds=120,
            memory_mb=1024,
        )
        # GET: the texts that must not be repeated.
        grant_objects(function, self._data, [Objects.GET])
        grant_model(function, self._options)
        return function

    def _agent(self, folder: str, *, timeout_seconds: int) -> CampaignFunction:
        """A Lambda with only the agent, for callers that are not Python code. It has access to nothing else."""
        function = CampaignFunction(
            self,
            folder.replace("_", "-"),
            module=f"lambdas.agents.{folder}.handler",
            assets=self._assets,
            environment=model_environment(self._options),
            timeout_seconds=timeout_seconds,
            memory_mb=1024,
        )
        grant_model(function, self._options)
        return function

    def _request_approval(self) -> CampaignFunction:
        function = self._step(
            "request_approval",
            [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY],
            environment={
                "APPROVAL_KEYS_SECRET": self._data.approval_keys_name,
                "APPROVAL_BASE_URL_PARAMETER": self.base_url_parameter,
                **self.mail.environment,
                "TOKEN_KEY_ID": self._data.key.key_id,
            },
            timeout_seconds=60,  # SES may take ten seconds to answer for each mail
        )
        grant_secret(function, self._data, self._data.approval_keys_name)
        grant_parameter(function, self.base_url_parameter)
        self.mail.grant_send(function)
        grant_seal(function, self._data.key, "kms:Encrypt")
        grant_alert(function, self.alerts, self._data.key)
        # If the request was answered already, the task gets the answer and nobody is asked again. A heartbeat shows
        # whether the task still waits, so that a late delivery asks nobody.
        grant_task_answers(function, ["states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"])
        return function

    def _approval_expired(self) -> CampaignFunction:
        function = self._step("approval_expired", [Access.GET, Access.PUT, Access.UPDATE, Access.QUERY])
        grant_alert(function, self.alerts, self._data.key)
        return function

    def _state_machine(self, functions: BuildFunctions) -> sfn.StateMachine:
        name = self.build_name
        log_group = kept_logs(self, "BuildLogs", f"/aws/vendedlogs/states/{name}", self._data.key)
        machine = sfn.StateMachine(
            self,
            "Build",
            state_machine_name=name,
            comment="From a brief to an approved campaign",
            definition_body=sfn.DefinitionBody.from_chainable(
                build_workflow(self, functions, self._data.manifests, self._options.retries)
            ),
            state_machine_type=sfn.StateMachineType.STANDARD,
            timeout=EXECUTION_TIMEOUT,
            tracing_enabled=self._options.tracing,
            # Without execution data: the input of RequestApproval contains the task token.
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False),
            encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(self._data.key, Duration.minutes(15)),
        )
        self._grant_machine_key(machine)
        # Of every version: an execution that started before this deployment calls the versions it began with.
        versions = [f"{function.function_arn}:*" for function in functions]
        machine.add_to_role_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=versions))
        self._acknowledge_machine(machine, functions)
        return machine

    def _grant_machine_key(self, machine: sfn.StateMachine) -> None:
        """For reading the manifest, and for the map's children, whose data is encrypted as if they had their own
        machine.

        Executions call KMS with the machine's role and not through Step Functions, so a condition on the service would
        block them (docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html). The CDK grants the
        executions' own use of the key.
        """
        data = self._data
        grant_key(machine, data.key, ["kms:Decrypt"], "s3", {"aws:s3:arn": data.manifests.bucket_arn})
        children = {"aws:states:stateMachineArn": self._machine_arn(f"{self.build_name}/{MAP_LABEL}")}
        grant_key(machine, data.key, ["kms:Decrypt", "kms:GenerateDataKey"], None, children)

    def _machine_arn(self, name: str) -> str:
        return self.format_arn(
            service="states", resource="stateMachine", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )

    def _acknowledge_machine(self, machine: sfn.StateMachine, functions: BuildFunctions) -> None:
        for function in functions:
            acknowledge(
                machine.role,
                f"AwsSolutions-IAM5[Resource::<{logical_id(function)}.Arn>:*]",
                "Running executions call the versions they were started with",
            )
        acknowledge(
            machine.role,
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::{self._data.manifests_name_export}/*]",
            "The map reads any campaign's manifest; the CDK grants it the whole bucket, where texts are the rest",
        )
        acknowledge(
            machine.role,
            "AwsSolutions-IAM5[Resource::*]",
            "Vended log delivery and X-Ray take no resource",
        )
        name = '{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"' + logical_id(machine) + '"}]}]}'
        executions = f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{name}"
        for pattern in (f"{executions}:*", f"{executions}/{MAP_LABEL}:*"):
            acknowledge(
                machine,
                f"AwsSolutions-IAM5[Resource::{pattern}]",
                "The map starts and watches its own child executions, whose names the engine chooses",
            )
        if not self._options.tracing:
            acknowledge(machine, "AwsSolutions-SF2", "X-Ray is switched on by -c tracing=true")


def logical_id(construct: Construct) -> str:
    """The name of the construct's resource in the template, as cdk-nag spells it."""
    resource = construct.node.default_child
    if not isinstance(resource, CfnElement):
        raise TypeError(f"{construct.node.path} has no resource of its own")
    return str(Stack.of(construct).get_logical_id(resource))
