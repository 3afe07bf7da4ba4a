"""The HTTP API: one REST API, its authorizer, and the Lambda behind every route."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from lambdas.api.rest.app import routes
from stacks.data import DataStack
from stacks.executions import grant_look, grant_mend
from stacks.functions import CampaignFunction, CodeAssets, kept_logs
from stacks.grants import (
    Access,
    acknowledge,
    grant_parameter,
    grant_seal,
    grant_secret,
    grant_table,
    grant_task_answers,
)
from stacks.mail import grant_senders
from stacks.options import Options
from stacks.workflow import WorkflowStack

STAGE = "prod"
_NOTHING_SENT = '"there is no token: send one as Authorization: Bearer <token>"'
_KINDS = apigateway.ResponseType
_MESSAGE = "$context.error.messageString"  # it brings its own quotation marks
_NOTHING_THERE = '"there is nothing at this path"'
_REFUSED_BY_THE_GATEWAY = (
    ("400", _KINDS.DEFAULT_4_XX, "The request is not valid", _MESSAGE),
    ("403Filtered", _KINDS.WAF_FILTERED, "This is not allowed", _MESSAGE),
    # No method uses AWS signatures: a gateway error about a signature means that the path or method does not exist.
    ("404", _KINDS.MISSING_AUTHENTICATION_TOKEN, "Not found", _NOTHING_THERE),
    ("404Signature", _KINDS.INVALID_SIGNATURE, "Not found", _NOTHING_THERE),
    ("404Expired", _KINDS.EXPIRED_TOKEN, "Not found", _NOTHING_THERE),
    ("404Resource", _KINDS.RESOURCE_NOT_FOUND, "Not found", _NOTHING_THERE),
    ("413", _KINDS.REQUEST_TOO_LARGE, "The body is too large", _MESSAGE),
    ("415", _KINDS.UNSUPPORTED_MEDIA_TYPE, "The media type is not supported", _MESSAGE),
    ("429", _KINDS.THROTTLED, "Too many requests", _MESSAGE),
    ("429Quota", _KINDS.QUOTA_EXCEEDED, "Too many requests", _MESSAGE),
    ("500", _KINDS.DEFAULT_5_XX, "Something went wrong on our side", _MESSAGE),
    ("504", _KINDS.INTEGRATION_TIMEOUT, "The request took too long", _MESSAGE),
)
"""Name, kind, title and detail."""


class ApiStack(Stack):
    """API Gateway and the Lambdas behind it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, options: Options, data: DataStack, workflow: WorkflowStack
    ) -> None:
        super().__init__(scope, construct_id, description="Campaign orchestration: the HTTP API")
        self._options = options
        self._data = data
        self._assets = CodeAssets(self, options, data.key)
        self.rest_api = self._rest_api()
        integration = apigateway.LambdaIntegration(
            self._routes(workflow).live,
            proxy=True,
            # One permission for the API instead of two for each method, because a function's policy is limited to 20
            # KB.
            scope_permission_to_method=False,
            allow_test_invoke=False,
        )
        self._offer(integration, self._authorizer())
        self._problem_responses()
        ssm.StringParameter(
            self, "ApprovalBaseUrl", parameter_name=workflow.base_url_parameter, string_value=self.rest_api.url
        )
        CfnOutput(self, "ApprovalBaseUrlParameterName", value=workflow.base_url_parameter)
        CfnOutput(self, "ApiId", value=self.rest_api.rest_api_id)
        CfnOutput(self, "ApiStageName", value=STAGE)
        CfnOutput(self, "ApiUrl", value=self.rest_api.url)

    def _offer(self, integration: apigateway.Integration, authorizer: apigateway.IAuthorizer) -> None:
        """The application's routes; for each path also all other methods, and a route for all other paths (ADR 64).

        API Gateway chooses the most specific resource, ``{proxy+}`` last, and ``ANY`` for a method that the resource
        does not have (docs.aws.amazon.com/apigateway/latest/developerguide/ api-gateway-set-up-simple-proxy.html).
        """
        root = self.rest_api.root
        private = {route.path: route.private for route in routes().offered()}
        offered = [(route.method, route.path) for route in routes().offered()]
        # For a method that the path does not have, the application answers 405, where the gateway would answer 404. For
        # a path that does not exist the application answers 404; the gateway would take the bearer token for an
        # incomplete AWS signature.
        offered += [("ANY", path) for path in (*private, "/", "/{proxy+}")]
        for method, path in offered:
            resource = root.resource_for_path(path)
            if private.get(path):
                asked = resource.add_method(method, integration, authorizer=authorizer)
                acknowledge(asked, "AwsSolutions-COG4", "Bearer tokens are verified by our own authorizer")
            else:
                public = resource.add_method(method, integration)
                for finding in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
                    acknowledge(public, finding, "Public by design: documentation, nothing, or a link's own token")

    def _rest_api(self) -> apigateway.RestApi:
        name = f"/aws/apigateway/{self._options.prefix}campaigns"
        access_log = kept_logs(self, "AccessLogs", name, self._data.key)
        api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=f"{self._options.prefix}campaigns",
            description="Campaign orchestration",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                # The resource path, not the actual path with its query: a reviewer's link has its token there.
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=apigateway.AccessLogFormat.custom(
                    '{"requestId":"$context.requestId","method":"$context.httpMethod",'
                    '"route":"$context.resourcePath","status":"$context.status",'
                    '"latencyMs":"$context.responseLatency","tenantId":"$context.authorizer.tenantId"}'
                ),
                throttling_rate_limit=200,
                throttling_burst_limit=400,
                metrics_enabled=True,
                tracing_enabled=self._options.tracing,
            ),
        )
        for finding, reason in {
            "AwsSolutions-APIG2": "The Lambda validates bodies against the models, with field paths in the answer",
            "AwsSolutions-APIG3": "A web ACL belongs to the account's edge; attach yours to the stage",
            "AwsSolutions-APIG6": "Execution logs would hold query strings and with them approval tokens",
        }.items():
            acknowledge(self, finding, reason)
        return api

    def _routes(self, workflow: WorkflowStack) -> CampaignFunction:
        function = CampaignFunction(
            self,
            "api",
            module="lambdas.api.rest.handler",
            assets=self._assets,
            environment={
                "TABLE_NAME": self._data.table.table_name,
                "BUILD_STATE_MACHINE_ARN": workflow.build_live.ref,
                "APPROVAL_KEYS_SECRET": self._data.approval_keys_name,
                "APPROVAL_BASE_URL_PARAMETER": workflow.base_url_parameter,
                **self._options.quota,
            },
            # API Gateway's own timeout is 29 seconds.
            timeout_seconds=28,
            memory_mb=1024,
        )
        access = [Access.GET, Access.BATCH_GET, Access.PUT, Access.UPDATE, Access.DELETE, Access.QUERY]
        access += [Access.PARTIQL_UPDATE]
        grant_table(function, self._data, access)
        grant_secret(function, self._data, self._data.approval_keys_name)
        grant_parameter(function, workflow.base_url_parameter)
        grant_seal(function, self._data.key, "kms:Decrypt")
        grant_look(function, workflow.build_machine, workflow.build_name, self._data.key)
        grant_mend(function, workflow.build_machine, workflow.build_name)
        grant_task_answers(function, ["states:SendTaskSuccess"])
        grant_senders(function)
        return function

    def _authorizer(self) -> apigateway.RequestAuthorizer:
        function = CampaignFunction(
            self,
            "authorizer",
            module="lambdas.api.authorizer",
            assets=self._assets,
            environment={"API_KEYS_SECRET": self._data.api_keys_name},
            timeout_seconds=10,
        )
        grant_secret(function, self._data, self._data.api_keys_name)
        return apigateway.RequestAuthorizer(
            self,
            "BearerAuthorizer",
            handler=function.live,
            identity_sources=[apigateway.IdentitySource.header("Authorization")],
            results_cache_ttl=Duration.seconds(60),
        )

    def _problem_responses(self) -> None:
        """Errors that API Gateway answers by itself are problem+json as well, with the request's id.

        Templates and headers can use context variables, but no expressions
        (docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html).
        """
        for name, kind, title, detail in _REFUSED_BY_THE_GATEWAY:
            self._problem_response(name, kind, title, detail)
        # Without an Authorization header the authorizer is not called.
        self._problem_response(
            "401",
            _KINDS.UNAUTHORIZED,
            "Authentication is required",
            _NOTHING_SENT,
            problem="urn:campaign-orchestration:problem:unauthenticated",  # the application's wording
            headers={"WWW-Authenticate": "'Bearer'"},
        )
        # The authorizer denies only invalid tokens, and gives the reason in the context of its policy.
        self._problem_response(
            "401Denied",
            _KINDS.ACCESS_DENIED,
            "Authentication is required",
            '"$context.authorizer.reason"',
            problem="$context.authorizer.problem",
            headers={"WWW-Authenticate": "'Bearer error=\"invalid_token\"'"},
        )

    def _problem_response(
        self,
        name: str,
        kind: apigateway.ResponseType,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        problem: str = "about:blank",
    ) -> None:
        status = name[:3]
        self.rest_api.add_gateway_response(
            f"Problem{name}",
            type=kind,
            status_code=status,
            response_headers={
                "Content-Type": "'application/problem+json'",
                "X-Correlation-Id": "context.requestId",
                **(headers or {}),
            },
            templates={
                "application/json": (
                    f'{{"type":"{problem}","title":"{title}","status":{status},'
                    f'"detail":{detail},"errors":[],"correlationId":"$context.requestId"}}'
                )
            },
        )
