"""What happened to a campaign can be read and seen."""

import pytest

from tests.support.driver import Author
from tests.verify.notebook import Notebook

pytestmark = pytest.mark.stack


def test_checkpoints_executions_and_the_graph(one: Author, seen: Notebook) -> None:
    campaign_id = one.start(name="Seen", postCount=12)
    one.wait(campaign_id, "awaiting_approval")
    path = f"/campaigns/{campaign_id}"
    context = one.get(f"{path}/checkpoints", limit=2)
    assert (context["status"], context["currentStep"]) == ("waiting_callback", "RequestApproval")
    assert [call["type"] for call in context["activeCallbacks"]] == ["approval"]
    steps = [checkpoint["stepName"] for checkpoint in one.pages(f"{path}/checkpoints", "checkpoints", limit=2)]
    assert steps == ["ValidateCampaign", "SaveCampaign", "PlanPosts", "AggregateResults", "RequestApproval"]
    (execution,) = one.pages(f"{path}/executions")
    joined = [(s["state"], s["outcome"], [a["outcome"] for a in s["attempts"]]) for s in execution["states"]]
    assert joined[-2:] == [("AggregateResults", "done", ["succeeded"]), ("RequestApproval", "open", ["succeeded"])]
    svg = one.send("GET", f"{path}/graph")
    assert (svg.status, svg.headers["content-type"]) == (200, "image/svg+xml")
    assert "RequestApproval" in svg.text
    graph = one.get(f"{path}/graph", format="json")
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes["RequestApproval"]["status"] == "waiting"
    assert nodes["GeneratePosts"]["counts"]["completed"] == 12
    assert nodes["Compensate"]["status"] == "not_reached"
    seen.fact("states", joined)
    seen.fact("nodes", {name: node["status"] for name, node in nodes.items()})
    seen.reply("the picture", svg)
