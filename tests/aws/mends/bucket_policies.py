"""Conditions in bucket policies.

AWS applies a statement where its principal and its conditions fit the request: a policy that denies what does not come
over TLS lets every call over TLS pass, and `Null: {"s3:if-none-match": "true"}` denies only what does not ask to create
(S3 user guide, conditional writes). moto ignores both, so that such a policy denies everything to everybody.
Local calls stand for calls over TLS. A statement with a condition that is not known here is not applied.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def applies(statement: dict[str, Any], caller: str | None, facts: dict[str, str | None]) -> bool:
    """Whether a statement concerns a caller whose request has these condition keys; an absent key is None."""
    if not _names(statement.get("Principal"), caller):
        return False
    return all(
        key in facts and _holds(operator, facts[key], expected if isinstance(expected, list) else [expected])
        for operator, keys in statement.get("Condition", {}).items()
        for key, expected in keys.items()
    )


def _names(principal: object, caller: str | None) -> bool:
    if principal in (None, "*"):
        return True
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    named = [named] if isinstance(named, str) else named
    return any(name in ("*", caller) or str(name).endswith(":root") for name in named)


def _holds(operator: str, actual: str | None, expected: list[Any]) -> bool:
    words = [str(value).lower() if isinstance(value, bool) else str(value) for value in expected]
    if operator == "Null":
        return (actual is None) == (words == ["true"])
    if operator.startswith("Numeric"):
        return actual is not None and operator == "NumericLessThan" and float(actual) < float(words[0])
    negative = "Not" in operator
    if actual is None:
        return negative or operator.endswith("IfExists")
    if operator.startswith(("StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals")):
        return any(fnmatchcase(actual, word) for word in words) != negative
    return (actual in words) != negative


def _replacements(local_aws: LocalAws) -> list[Replacement]:
    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        caller, facts = _request(local_aws)
        policy["Statement"] = [statement for statement in statements if applies(statement, caller, facts)]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    return [Replacement(FakeBucket, "get_permission", get_permission)]


def _request(local_aws: LocalAws) -> tuple[str | None, dict[str, str | None]]:
    from flask import request  # noqa: PLC0415 - exists while one is answered

    key = request.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
    caller = local_aws.identities.role_of(key)
    return caller, {
        "aws:SecureTransport": "true",
        "aws:PrincipalArn": caller,
        "s3:TlsVersion": "1.3",
        "s3:if-none-match": request.headers.get("If-None-Match"),
        "s3:if-match": request.headers.get("If-Match"),
        "s3:ObjectCreationOperation": "false" if "uploadId" in request.args and request.method == "PUT" else "true",
        "s3:x-amz-server-side-encryption": request.headers.get("x-amz-server-side-encryption"),
    }


MEND = Mend("bucket policies", _replacements)
