"""Rights proven from the templates: every integration may do what it is defined to, and nothing is granted for nothing.

The emulator asks no state machine, rule, topic or event source for its rights, and no service there calls KMS; so
a grant that is missing for one of them shows here and nowhere else.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest

from lambdas.domain.ids import CallbackId, CampaignId, CampaignKey, TaskToken, TenantId
from lambdas.services.open_requests import seal_token
from stacks.grants import SEALED_BY
from tests.architecture.sources import imports, sources
from tests.infra.policies import Names, Policies, Request, Statement, arn, policies_of
from tests.infra.rights import ENCRYPTING, SEALED, Need, Rights, use_of_key
from tests.infra.templates import Assembly
from tests.infra.test_grants import FUNCTIONS


class Ban(NamedTuple):
    why: str
    request: Request


def bans(rights: Rights) -> Iterator[Ban]:
    """What must be refused, whatever else is allowed."""
    table = rights.table_context
    for name, grants in FUNCTIONS.items():
        role, may = rights.role(name), grants.get("sealed tokens", set())
        for action in (*ENCRYPTING, "kms:ReEncryptFrom"):
            if action not in may:
                yield Ban(f"{name} and sealed tokens", use_of_key(role, action, rights.key, None, SEALED))
            yield Ban(f"{name} without a context", use_of_key(role, action, rights.key))
            yield Ban(f"{name} and the table's key", use_of_key(role, action, rights.key, None, table))
            more = use_of_key(role, action, rights.key, None, SEALED | table)
            yield Ban(f"{name} with a wider context", more)
            through = use_of_key(role, action, rights.key, "dynamodb", SEALED)
            if not may:
                yield Ban(f"{name} and sealed tokens through DynamoDB", through)
    for need in rights.needs():
        request = need.request
        if request.action.split(":")[0] in ("s3", "sns", "sqs"):
            insecure = {**request.context, "aws:SecureTransport": "false"}
            yield Ban(f"{need.why} without TLS", Request(request.principal, request.action, request.resource, insecure))
        if "aws:SourceArn" in request.context and "kms:" not in request.action:
            another = {"aws:SourceAccount": "9" * 12, "aws:SourceArn": arn("events", "rule/x", account="9" * 12)}
            foreign = {**request.context, **another}
            yield Ban(f"{need.why}, by another", Request(request.principal, request.action, request.resource, foreign))


class Proof(NamedTuple):
    policies: Policies
    needs: list[Need]
    bans: list[Ban]


@pytest.fixture(scope="module")
def proofs() -> dict[int, Proof]:
    return {}


@pytest.fixture
def proof(both: Assembly, proofs: dict[int, Proof]) -> Proof:
    if id(both) not in proofs:
        names = Names(both)
        rights = Rights(both, names)
        proofs[id(both)] = Proof(policies_of(both, names), list(rights.needs()), list(bans(rights)))
    return proofs[id(both)]


def test_every_integration_may_do_what_it_is_defined_to_do(proof: Proof) -> None:
    assert len(proof.needs) > 500
    refused = [f"{need.why}: {need.request}" for need in proof.needs if not proof.policies.allow(need.request)]
    assert refused == []


def test_what_must_be_refused_is_refused(proof: Proof) -> None:
    assert len(proof.bans) > 300
    let_in = [f"{ban.why}: {ban.request}" for ban in proof.bans if proof.policies.allow(ban.request)]
    assert let_in == []


def missed(proof: Proof, statement: Statement, action: str) -> bool:
    """Whether somebody would notice that the statement had lost the action."""
    if statement.effect == "Deny":
        return any(proof.policies.allow(ban.request, (statement, action)) for ban in proof.bans)
    return any(not proof.policies.allow(need.request, (statement, action)) for need in proof.needs)


def test_no_statement_could_be_taken_out_unnoticed(proof: Proof) -> None:
    assert len(proof.policies.statements) > 150
    assert all(proof.policies.allow(need.request) for need in proof.needs), "so that a refusal is the mutation's"
    superfluous = [
        (statement.owner, action, statement.resources, statement.conditions)
        for statement in proof.policies.statements
        for action in statement.actions
        if not missed(proof, statement, action)
    ]
    assert superfluous == []


class Recorder:
    """A cipher that keeps the contexts it is given."""

    def __init__(self) -> None:
        self.contexts: list[Mapping[str, str]] = []

    def seal(self, text: str, context: Mapping[str, str]) -> str:
        self.contexts.append(context)
        return text

    open = seal


def test_the_seal_that_is_granted_is_the_one_the_code_makes() -> None:
    cipher = Recorder()
    key = CampaignKey(TenantId(SEALED["tenantId"]), CampaignId(SEALED["campaignId"]))
    seal_token(TaskToken("token"), key, CallbackId(SEALED["callbackId"]), cipher)
    assert cipher.contexts == [SEALED]
    assert set(SEALED) == set(SEALED_BY)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_is_said_to_call_is_what_an_adapter_calls(name: str, both: Assembly) -> None:
    """Each adapter's docstring lists its actions; of those that a handler reaches, one has to list each."""
    handler = both.functions[name]["Handler"].removesuffix(".handler")
    documented = set()
    for module in reached(handler):
        documented |= set(re.findall(r"``(?:[a-z0-9]+:)?([A-Z]\w+)``", module))
    said = {action.partition(":")[2] for actions in FUNCTIONS[name].values() for action in actions}
    assert said - documented - {"SendMessage"} == set()


def reached(start: str) -> list[str]:
    """The docstrings of the adapters that a module imports, itself or by others."""
    by_name = {source.name: source for source in sources("lambdas")}
    seen, waiting, found = set(), [start], []
    while waiting:
        name = waiting.pop()
        if name in seen or name not in by_name:
            continue
        seen.add(name)
        waiting += sorted(imports(by_name[name]))
        if name.startswith("lambdas.adapters."):
            found.append(ast.get_docstring(by_name[name].tree) or "")
    return found
