"""Lambdas changed by hand, put into use as a deployment does: each as a new version, in a new version of the workflow.

The definition names versions, so what is changed on a function alone reaches nobody. For tests and measurements.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

LIVE = "live"

Client = Callable[[str], Any]


def release(client: Client, machine: str, functions: Sequence[str]) -> None:
    """Publish the functions as they are, and let whatever starts from now on use them; what runs keeps its own."""
    lambdas, states = client("lambda"), client("stepfunctions")
    definition: str = states.describe_state_machine(stateMachineArn=machine)["definition"]
    for name in functions:
        version = lambdas.publish_version(FunctionName=name)["Version"]
        lambdas.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=version)
        definition = re.sub(rf"(:function:{re.escape(name)}:)\d+", rf"\g<1>{version}", definition)
    states.update_state_machine(stateMachineArn=machine, definition=definition)
    published = states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    states.update_state_machine_alias(
        stateMachineAliasArn=f"{machine}:{LIVE}",
        routingConfiguration=[{"stateMachineVersionArn": published, "weight": 100}],
    )


@contextmanager
def changed_environment(client: Client, machine: str, function: str, **variables: str) -> Iterator[None]:
    """Campaigns started meanwhile meet the function with these environment variables."""
    lambdas = client("lambda")
    before = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": before | variables})
    release(client, machine, [function])
    try:
        yield
    finally:
        lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": before})
        release(client, machine, [function])
