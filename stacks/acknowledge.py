"""cdk-nag findings that are accepted, each with its reason, beside the construct they concern."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept ``finding`` (``AwsSolutions-IAM5[Action::x]``) of the AwsSolutions pack on ``construct`` and below."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions::{finding}", reason=reason))
