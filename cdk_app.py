#!/usr/bin/env python3
"""The CDK app: one template for AWS and for this machine.

Context (``-c name=value``, or ``CDK_CONTEXT_JSON``):

``target``      ``aws`` (default) or ``local``: for whom the dependency layer is built
``prefix``      put before every physical name, so that several stages fit into one account
``sender``      the SES address mails come from (needed on AWS)
``tracing``     ``true`` turns X-Ray on
``provider``    ``offline`` (default) or ``bedrock``: who writes the posts
``internalRoles``  roles that may invoke ``build-campaign``, by ARN or name, with commas between them
"""

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.api import ApiStack
from stacks.data import DataStack
from stacks.options import Options
from stacks.recovery import RecoveryStack
from stacks.workflow import WorkflowStack


def build(app: App) -> App:
    """All stacks, in the order they are deployed."""
    options = Options.of(app)
    data = DataStack(app, f"{options.prefix}campaign-data", options=options)
    workflow = WorkflowStack(app, f"{options.prefix}campaign-workflow", options=options, data=data)
    ApiStack(app, f"{options.prefix}campaign-api", options=options, data=data, workflow=workflow)
    RecoveryStack(app, f"{options.prefix}campaign-recovery", options=options, data=data, workflow=workflow)
    Tags.of(app).add("project", "campaign-orchestration")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


if __name__ == "__main__":
    build(App()).synth()
