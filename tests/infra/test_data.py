"""What is kept is encrypted, recoverable and nobody's business outside."""

import json
from typing import Any

from lambdas.adapters.aws.parameters import parse_key_set
from lambdas.adapters.aws.s3_manifests import manifest_name
from lambdas.adapters.aws.s3_recent_texts import tenant_name
from lambdas.adapters.table import keys
from tests.contract.samples import KEY
from tests.infra.templates import Assembly, text


def encrypted(value: Any) -> bool:
    return "Key961B73FD" in text(value)


def test_the_key_rotates(both: Assembly) -> None:
    assert both.only("AWS::KMS::Key")["EnableKeyRotation"] is True


def test_the_table_is_on_demand_encrypted_and_recoverable(both: Assembly) -> None:
    table = both.only("AWS::DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert encrypted(table["SSESpecification"]["KMSMasterKeyId"])
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_table_is_keyed_and_expires_as_the_stores_say(both: Assembly) -> None:
    table = both.only("AWS::DynamoDB::Table")
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [
        (keys.PK, "HASH"),
        (keys.SK, "RANGE"),
    ]
    assert table["TimeToLiveSpecification"] == {"AttributeName": keys.EXPIRES_AT, "Enabled": True}


def test_the_table_has_no_index(both: Assembly) -> None:
    """None whose key would be a status that changes; none at all so far."""
    assert not {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} & set(both.only("AWS::DynamoDB::Table"))


def test_the_bucket_is_private_and_encrypted(both: Assembly) -> None:
    bucket = both.only("AWS::S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert encrypted(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_manifests_go_when_no_map_can_read_them_any_more(both: Assembly) -> None:
    assert days_kept(both, manifest_name(KEY, 0)) == [30]


def test_a_tenant_that_says_something_once_a_quarter_still_knows_what_it_said(both: Assembly) -> None:
    assert days_kept(both, tenant_name(KEY.tenant_id)) == [365]


def days_kept(assembly: Assembly, name: str) -> list[int]:
    """By each of the bucket's rules that is about an object of this name."""
    rules = assembly.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    return [rule["ExpirationInDays"] for rule in rules if name.startswith(rule.get("Prefix", ""))]


def test_secrets_are_generated_encrypted_and_in_the_form_the_adapter_reads(both: Assembly) -> None:
    secrets = both.resources("AWS::SecretsManager::Secret").values()
    names = {secret["Name"].removeprefix(both.prefix) for secret in secrets}
    assert names == {"campaign/api-keys", "campaign/approval-keys"}
    for secret in secrets:
        assert encrypted(secret["KmsKeyId"])
        assert "SecretString" not in secret
        recipe = secret["GenerateSecretString"]
        made = json.loads(recipe["SecretStringTemplate"]) | {
            recipe["GenerateStringKey"]: "x" * recipe["PasswordLength"]
        }
        assert parse_key_set(json.dumps(made)).active == recipe["GenerateStringKey"]
