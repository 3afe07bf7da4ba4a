"""The correctness properties of the design are each shown by a property test, tagged with the property's own text."""

import re
from pathlib import Path

PROPERTIES = {
    1: (
        "For any campaign creation request, the system should invoke the durable function asynchronously, return "
        "immediately with status, and update final campaign status to reflect workflow completion state"
    ),
    2: (
        "For any durable function execution, the system should create detailed checkpoints for each workflow step "
        "and resume from the last successful checkpoint during interruptions without losing progress"
    ),
    3: (
        "For any direct Lambda invocation, the system should validate IAM permissions, validate tenant context "
        "and campaign data from event payload, and handle asynchronous execution properly"
    ),
    4: (
        "For any agent invocation within the durable workflow, the system should call agent run functions "
        "directly with complete configuration data and receive structured results for workflow continuation"
    ),
    5: (
        "For any workflow step completion, the system should checkpoint results, update appropriate status "
        "values, and proceed to the next workflow step"
    ),
    6: (
        "For any workflow step failure, the system should retry according to configured policies, return "
        "structured error information, and update status appropriately"
    ),
    7: (
        "For any agent run function input, the system should validate parameters and return structured error "
        "responses for invalid inputs"
    ),
    8: (
        "For any approval workflow, the system should create callbacks with unique URLs, suspend execution, and "
        "resume with approval decisions when callbacks are submitted"
    ),
    9: (
        "For any approval callback, the system should handle timeouts according to configured policies when "
        "approval decisions are not received within timeout periods"
    ),
    10: (
        "For any content generation workflow, the system should process posts in parallel within concurrency "
        "limits, maintain separate checkpoints, and aggregate results while handling partial failures"
    ),
    11: (
        "For any workflow execution, the system should provide current execution status, emit CloudWatch metrics, "
        "log structured events with correlation IDs, and provide operational visibility"
    ),
    12: (
        "For any durable function operation, the system should validate tenant context, pass tenant information "
        "securely, include security tokens in callback URLs, and prevent cross-tenant access"
    ),
}
"""13, performance and alerting, comes with the workflow that runs campaigns."""

TAG = re.compile(r"\*\*Feature: campaign-orchestration-durable, Property (\d+): (.*?)\*\*", re.DOTALL)


def test_each_property_has_a_test_tagged_with_its_text() -> None:
    files = (Path(__file__).parent.parent / "property").glob("test_*.py")
    tags = [(int(tag[1]), " ".join(tag[2].split())) for file in files for tag in TAG.finditer(file.read_text())]
    assert {number for number, _ in tags} == set(PROPERTIES)
    for number, text in tags:
        assert text == PROPERTIES[number]
