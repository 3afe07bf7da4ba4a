"""What calling a model on Bedrock takes, from the template: for each kind of id that can be configured."""

from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from stacks.models import grant_model, model_environment
from stacks.options import Options
from tests.infra.templates import listed, text

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
HERE = "arn:<AWS::Partition>:bedrock:<AWS::Region>"
GIVEN = "arn:aws:bedrock:eu-central-1:111122223333"
Granted = list[tuple[str, tuple[str, ...], Any]]


def options(**context: str) -> Options:
    return Options.of(App(context={"sender": "a@b.example", "provider": "bedrock", **context}))


def granted(**context: str) -> Granted:
    """Action, resources, and the inference profile through which alone it holds."""
    stack = Stack(App(), "Models")
    function = lambda_.Function(
        stack, "Writer", runtime=lambda_.Runtime.PYTHON_3_12, handler="a.b", code=lambda_.Code.from_inline("#")
    )
    grant_model(function, options(**context))
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    return sorted(
        (
            statement["Action"],
            tuple(sorted(map(text, listed(statement["Resource"])))),
            text(statement["Condition"]["StringEquals"]["bedrock:InferenceProfileArn"])
            if "Condition" in statement
            else None,
        )
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    )


def models(*regions: str, name: str = MODEL) -> tuple[str, ...]:
    return tuple(sorted(f"arn:<AWS::Partition>:bedrock:{region}::foundation-model/{name}" for region in regions))


def test_a_foundation_model_is_one_resource() -> None:
    assert granted(bedrockModelId=MODEL) == [("bedrock:InvokeModel", (f"{HERE}::foundation-model/{MODEL}",), None)]


@pytest.mark.parametrize(
    ("geography", "regions"),
    [
        ("us", ("us-east-1", "us-east-2", "us-west-1", "us-west-2")),
        ("jp", ("ap-northeast-1", "ap-northeast-3")),
        ("global", ("<AWS::Region>", "")),
    ],
)
def test_a_profile_takes_itself_and_the_model_wherever_it_routes_to(geography: str, regions: tuple[str, ...]) -> None:
    profile = f"{HERE}:<AWS::AccountId>:inference-profile/{geography}.{MODEL}"
    assert granted(bedrockModelId=f"{geography}.{MODEL}") == sorted(
        [
            ("bedrock:InvokeModel", (profile,), None),
            # Through the profile only: the models by themselves stay closed.
            ("bedrock:InvokeModel", models(*regions), profile),
        ],
        key=lambda grant: grant[:2],
    )


@pytest.mark.parametrize("geography", ["eu", "apac"])
def test_other_geographies_stay_in_theirs(geography: str) -> None:
    _, regional = sorted(granted(bedrockModelId=f"{geography}.{MODEL}"), key=lambda grant: grant[2] is not None)
    assert len(regional[1]) >= 8
    start = "eu-" if geography == "eu" else "ap-"
    assert all(f":bedrock:{start}" in resource for resource in regional[1])


def test_regions_can_be_named_where_they_are_others() -> None:
    found = granted(bedrockModelId=f"us.{MODEL}", bedrockRegions="us-east-1, ca-central-1")
    assert models("us-east-1", "ca-central-1") in [resources for _, resources, _ in found]


def test_a_profile_by_its_arn() -> None:
    profile = f"{GIVEN}:inference-profile/us.{MODEL}"
    found = granted(bedrockModelId=profile)
    assert ("bedrock:InvokeModel", (profile,), None) in found
    assert [grant[2] for grant in found if grant[2]] == [profile]


@pytest.mark.parametrize(
    ("made_from", "regions"), [(MODEL, ("<AWS::Region>",)), (f"jp.{MODEL}", ("ap-northeast-1", "ap-northeast-3"))]
)
def test_an_application_profile_takes_the_model_it_was_made_from(made_from: str, regions: tuple[str, ...]) -> None:
    profile = f"{GIVEN}:application-inference-profile/a1b2c3d4e5f6"
    found = granted(bedrockModelId=profile, bedrockProfileModel=made_from)
    assert ("bedrock:InvokeModel", (profile,), None) in found
    assert ("bedrock:InvokeModel", models(*regions), profile) in found
    assert len(found) == 2


def test_an_application_profile_does_not_tell_its_model() -> None:
    with pytest.raises(ValueError, match="bedrockProfileModel"):
        granted(bedrockModelId=f"{GIVEN}:application-inference-profile/a1b2c3d4e5f6")


@pytest.mark.parametrize(
    "kind", ["provisioned-model/abc123", "imported-model/abc123", "custom-model-deployment/abc123"]
)
def test_capacity_of_ones_own_is_one_resource(kind: str) -> None:
    assert granted(bedrockModelId=f"{GIVEN}:{kind}") == [("bedrock:InvokeModel", (f"{GIVEN}:{kind}",), None)]


def test_a_guardrail_is_applied_and_its_profile_in_each_region() -> None:
    found = granted(
        bedrockModelId=MODEL,
        bedrockGuardrailId="gr1",
        bedrockGuardrailProfile="us.guardrail.v1:0",
        bedrockRegions="us-east-1",
    )
    guardrail = f"{HERE}:<AWS::AccountId>:guardrail/gr1"
    profile = "arn:<AWS::Partition>:bedrock:us-east-1:<AWS::AccountId>:guardrail-profile/us.guardrail.v1:0"
    assert {frozenset(resources) for action, resources, _ in found if action == "bedrock:ApplyGuardrail"} == {
        frozenset((guardrail, profile))
    }


def test_without_a_model_nothing_is_granted() -> None:
    assert granted(provider="offline") == []


def test_a_server_of_ones_own_takes_no_right_but_to_read_its_key() -> None:
    where = {"provider": "openai", "openaiBaseUrl": "https://models.example/v1", "openaiModel": "qwen3:8b"}
    assert granted(**where) == []
    secret = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:models/key-??????"
    assert granted(**where, openaiKeySecret="models/key") == [("secretsmanager:GetSecretValue", (secret,), None)]
    assert model_environment(options(**where, openaiKeySecret="models/key")) == {
        "AGENT_PROVIDER": "openai",
        "OPENAI_BASE_URL": "https://models.example/v1",
        "OPENAI_MODEL": "qwen3:8b",
        "OPENAI_KEY_SECRET": "models/key",
    }


@pytest.mark.parametrize(
    ("context", "wrong"),
    [
        ({"openaiModel": ""}, "openaiModel=… is needed"),
        ({"openaiModel": "m", "openaiBaseUrl": "http://models.example/v1"}, "must begin with https"),
        ({"openaiModel": "m", "openaiKeySecret": "a b"}, "openaiKeySecret"),
    ],
)
def test_a_server_of_ones_own_has_to_be_named_in_full(context: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        options(provider="openai", **context)


@pytest.mark.parametrize("name", ["", "amazon nova", "arn:aws:s3:::bucket", "us.model; drop"])
def test_what_is_no_model_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="bedrockModelId"):
        options(bedrockModelId=name or " ")


@pytest.mark.parametrize(
    ("context", "wrong"),
    [
        ({"bedrockRegions": "europe"}, "bedrockRegions"),
        ({"retry": "retries=x"}, "retry: 'retries=x' has no number"),
        ({"retry": "tries=3"}, "retry: 'tries=3' is none of"),
        ({"retry": "interval=0"}, "retry: 'interval=0' is not between"),
        ({"retryThrottled": "interval=60"}, "retryThrottled: maxDelay 60 is not above interval 60"),
        ({"reserved": "api"}, "reserved: 'api' is not a name"),
        ({"reserved": "api=0"}, "reserved: 'api=0' is not a name"),
        ({"tenantCampaigns": "none"}, "tenantCampaigns: 'none' is not a number"),
        ({"senderIdentity": "mine"}, "senderIdentity='mine' is not one of"),
    ],
)
def test_settings_say_what_is_wrong_with_them(context: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        options(**context)
