"""The assemblies the tests look at: this machine's, and one for AWS with every option switched on.

Both are cached by content, so only a change of what they are made from is synthesised.
"""

import os

import pytest

from local.process import ROOT
from local.synth import CACHE, HERE, assembly
from stacks.dependency_layer import build_layer
from tests.infra.templates import Assembly

ON_AWS = {
    "target": "aws",
    "prefix": "stage-",
    "tracing": "true",
    "provider": "bedrock",
    "sender": "news@brand.example",
    "internalRoles": "crm,teams/pricing",
    "retry": "retries=3,interval=2",
    "retryThrottled": "retries=20,interval=3,backoff=1.5,maxDelay=90",
}

NOWHERE = "http://127.0.0.1:9"
"""The port of the discard service: nobody answers."""


@pytest.fixture(scope="session")
def local() -> Assembly:
    return Assembly(assembly(), HERE)


@pytest.fixture(scope="session")
def aws() -> Assembly:
    """Synthesised without credentials and without a network, which is how we know that it asks AWS nothing."""
    build_layer("aws")  # needs the package index; everything after it needs nothing
    outside = {name: value for name, value in os.environ.items() if not name.upper().startswith("AWS_")}
    outside |= {f"{scheme}_PROXY": NOWHERE for scheme in ("HTTP", "HTTPS", "ALL")}
    outside |= {f"{scheme}_proxy": NOWHERE for scheme in ("http", "https", "all")}
    outside |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    outside |= {"AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "", "no_proxy": ""}
    return Assembly(assembly(ROOT, CACHE, ON_AWS, outside), ON_AWS)


@pytest.fixture(params=["local", "aws"])
def both(request: pytest.FixtureRequest) -> Assembly:
    """A test that takes this runs twice."""
    found: Assembly = request.getfixturevalue(request.param)
    return found
