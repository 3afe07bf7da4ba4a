"""Findings of the checks at synthesis that are accepted, each with its reason, beside the construct they concern."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str, *, pack: str = "AwsSolutions") -> None:
    """Accept ``finding`` (``AwsSolutions-IAM5[Action::x]``) on ``construct`` and below.

    ``pack`` is whose finding it is: cdk-nag's, or ``CloudFormation-Validate`` of the CDK itself.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{pack}::{finding}", reason=reason))
