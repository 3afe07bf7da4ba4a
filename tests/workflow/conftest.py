"""What the workflow tests say to the local stack, in the words of its users."""

import pytest

from local.stack import Stack
from tests.support.driver import Driver


@pytest.fixture(scope="session")
def acme(stack: Stack) -> Driver:
    """A manager of the tenant ``acme``, with a brand and a persona of the tests' own."""
    driver = Driver(stack, "acme")
    driver.set_up_catalog()
    return driver


@pytest.fixture(scope="session")
def globex(stack: Stack) -> Driver:
    """A manager of another tenant."""
    return Driver(stack, "globex")
