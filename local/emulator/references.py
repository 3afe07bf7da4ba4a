"""``Ref`` of a secret is its ARN, as on AWS.

ministack's CloudFormation makes the secret's name its physical id, so a policy that allows ``Ref`` of the secret allows
nothing and, with IAM enforced, every read is denied. Wraps the handlers of ``AWS::SecretsManager::Secret`` in
``provisioners._RESOURCE_HANDLERS``, whose own functions go on working with names.
"""

from collections.abc import Callable
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_TYPE = "AWS::SecretsManager::Secret"
_SUFFIX_CHARS = 7
"""The dash and six characters that Secrets Manager puts behind the name in the ARN."""

Result = tuple[str, dict[str, Any]]


def install(provisioners: Any) -> None:
    handlers = provisioners._RESOURCE_HANDLERS.get(_TYPE)
    if handlers is None or set(handlers) != {"create", "update", "update_with_logical_id", "delete"}:
        raise EmulatorChangedError(f"the handlers of {_TYPE} are not those expected")
    create: Callable[..., Result] = handlers["create"]
    update: Callable[..., Result] = handlers["update"]
    delete: Callable[..., None] = handlers["delete"]

    def create_by_arn(logical_id: str, props: Any, stack_name: str) -> Result:
        return _by_arn(create(logical_id, props, stack_name))

    def update_by_arn(
        physical_id: str, old_props: Any, new_props: Any, stack_name: str, logical_id: str | None = None
    ) -> Result:
        return _by_arn(update(name_of(physical_id), old_props, new_props, stack_name, logical_id))

    def delete_by_arn(physical_id: str, props: Any) -> None:
        delete(name_of(physical_id), props)

    handlers.update(create=create_by_arn, update=update_by_arn, delete=delete_by_arn)


def name_of(arn: str) -> str:
    """The secret's name in its ARN."""
    return arn.partition(":secret:")[2][:-_SUFFIX_CHARS]


def _by_arn(result: Result) -> Result:
    _, attributes = result
    return attributes["Arn"], attributes
