"""What somebody may do, as IAM tells it without trying."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError

from tests.aws.local_aws import LocalAws

BUCKET, TOPIC = "arn:aws:s3:::mails/*", "arn:aws:sns:eu-west-1:123456789012:alarms"
ALLOWED: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": "s3:*", "Resource": BUCKET},
    {"Effect": "Deny", "Action": ["s3:DeleteObject"], "Resource": "*"},
    {"Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC, "Condition": {"StringEquals": {"sns:x": "y"}}},
]


def document(statements: list[dict[str, Any]]) -> str:
    """Return a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_simulation_follows_the_policies_of_a_role(aws: LocalAws) -> None:
    """A resource is compared as it is named; a denial goes first; a condition wants its context. moto cannot tell."""
    iam = aws.client("iam")
    role = iam.create_role(RoleName="scientist", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    iam.put_role_policy(RoleName="scientist", PolicyName="own", PolicyDocument=document(ALLOWED[:1]))
    managed = iam.create_policy(PolicyName="managed", PolicyDocument=document(ALLOWED[1:]))["Policy"]
    iam.attach_role_policy(RoleName="scientist", PolicyArn=managed["Arn"])

    def decided(action: str, resource: str = "*", **context: str) -> str:
        sent = [
            {"ContextKeyName": "sns:x", "ContextKeyType": "string", "ContextKeyValues": [one]}
            for one in context.values()
        ]
        asked = {"ActionNames": [action], "ResourceArns": [resource], "ContextEntries": sent}
        (found,) = iam.simulate_principal_policy(PolicySourceArn=role, **asked)["EvaluationResults"]
        assert (found["EvalActionName"], found["EvalResourceName"]) == (action, resource)
        return str(found["EvalDecision"])

    assert decided("s3:PutObject", "arn:aws:s3:::mails/a") == "allowed"
    assert decided("s3:PutObject") == "implicitDeny"
    assert decided("s3:PutObject", "arn:aws:s3:::others/a") == "implicitDeny"
    assert decided("s3:DeleteObject", "arn:aws:s3:::mails/a") == "explicitDeny"
    assert decided("sns:Publish", TOPIC) == "implicitDeny"
    assert decided("sns:Publish", TOPIC, x="y") == "allowed"
    with aws.mending.lifted("simulated policies"), pytest.raises(ClientError, match="UnknownOperation"):
        decided("s3:PutObject")
