"""Who may do what, where ministack asks IAM another question than AWS does."""

import functools
from typing import Any

from local.emulator.patch import Emulator, patch

_S3_GET = "docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"
_S3_HEAD = "docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"


@patch("services.s3", "_get_object", "64ad7071", aws=_S3_GET)
@patch("services.s3", "_head_object", "369c3a84", aws=_S3_HEAD)
def missing_objects(original: Any, emulator: Emulator) -> Any:
    """A key that is not there is 404 only for who may list the bucket, and 403 for everybody else.

    ``s3:prefix`` of that question is the key, so a right to list below a prefix is enough for the keys below it.
    """

    @functools.wraps(original)
    def answer(bucket: str, key: str, headers: Any = None, query_params: Any = None) -> Any:
        response = original(bucket, key, headers, query_params)
        caller = emulator.module("core.router").extract_access_key_id(headers or {}, query_params)
        # Requests that the emulator makes for itself carry no signature.
        if response[0] != 404 or not caller:
            return response
        region = emulator.module("core.responses").get_region()
        denied = emulator.module("core.iam_evaluator").enforce(
            caller, "s3:ListBucket", "s3", region, f"arn:aws:s3:::{bucket}", {"s3:prefix": key}
        )
        if denied is None:
            return response
        message = (
            f"User: {denied.principal_arn} is not authorized to perform: s3:ListBucket on resource: "
            f'"arn:aws:s3:::{bucket}" because no identity-based policy allows the s3:ListBucket action'
        )
        return emulator.module("services.s3")._error("AccessDenied", message, 403, f"/{bucket}/{key}")

    return answer
