"""Periodic work: who is called when, with what, and who hears when it is late."""

import json
from typing import Any

from lambdas.domain.due_entry import SHARDS, Kind
from tests.infra.templates import Assembly, text


def rules(assembly: Assembly, function: str) -> list[dict[str, Any]]:
    every = assembly.resources("AWS::Events::Rule").values()
    return [rule for rule in every if {assembly.name_of(target["Arn"]) for target in rule["Targets"]} == {function}]


def test_each_shard_of_the_campaigns_has_its_invocation_every_minute(both: Assembly) -> None:
    (rule,) = [rule for rule in rules(both, "reconcile") if "ScheduleExpression" in rule]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert [json.loads(target["Input"]) for target in rule["Targets"]] == [{"shard": n} for n in range(SHARDS)]
    # More are refused when the rule is made.
    assert len(rule["Targets"]) <= 5


def test_the_engine_reports_executions_that_end_badly(both: Assembly) -> None:
    (rule,) = [rule for rule in rules(both, "reconcile") if "EventPattern" in rule]
    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.states"]
    assert pattern["detail-type"] == ["Step Functions Execution Status Change"]
    assert pattern["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
    (machine,) = pattern["detail"]["stateMachineArn"]
    assert "Build" in text(machine)
    (target,) = rule["Targets"]
    assert "Input" not in target


def test_somebody_hears_when_campaigns_are_looked_at_too_late_or_a_run_takes_too_long(both: Assembly) -> None:
    alarms = {
        (alarm["Namespace"], alarm["MetricName"]): alarm
        for alarm in both.resources("AWS::CloudWatch::Alarm").values()
        if {"Name": "Kind", "Value": Kind.CAMPAIGN.value} in alarm["Dimensions"]
        or "Reconcile" in text([each["Value"] for each in alarm["Dimensions"]])
    }
    late = alarms["CampaignOrchestration", "DueAge"]
    assert (late["Threshold"], late["TreatMissingData"]) == (600, "breaching")
    # The logger's service is a dimension of everything that a function measures.
    assert {"Name": "service", "Value": "reconcile"} in late["Dimensions"]
    assert alarms["AWS/Lambda", "Duration"]["Threshold"] < 60_000
    failing = alarms["CampaignOrchestration", "DueFailed"]
    assert (failing["Statistic"], failing["Threshold"], failing["Period"]) == ("Sum", 2, 900)
    for alarm in alarms.values():
        assert "Alerts" in text(alarm["AlarmActions"])


def test_alarms_may_publish_to_the_topic(both: Assembly) -> None:
    policies = both.resources("AWS::SNS::TopicPolicy").values()
    allowed = [
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert [(statement["Effect"], statement["Action"]) for statement in allowed] == [("Allow", "sns:Publish")]
