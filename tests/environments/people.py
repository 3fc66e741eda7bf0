"""Somebody who may deploy and not change what Terraform made: what they call, and what of it AWS would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.terraform.working import policies

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.aws.recorder import Call

DEPLOYER = "arn:aws:iam::123456789012:role/data-scientist"
# Who asks who they are needs no permission; what they may do themselves their own role says, or preflight skips that.
_FREE = {"sts:GetCallerIdentity"}
_THEMSELVES = "arn:aws:sts::123456789012:user/moto"  # as the local AWS answers them


def calls(aws: LocalAws) -> list[Call]:
    """Return what they called so far."""
    made = aws.recorder.calls(caller=DEPLOYER)
    return [call for call in made if call.action not in _FREE and _THEMSELVES not in call.resources]


def policies_of(aws: LocalAws, *kinds: str) -> list[str]:
    """Return the ARNs of the policies for people that Terraform has made, by how their names end."""
    listed = aws.client("iam").list_policies(Scope="Local")["Policies"]
    return [each["Arn"] for each in listed if each["PolicyName"].endswith(kinds)]


def refused(aws: LocalAws) -> list[Call]:
    """Return what of it the policies that Terraform makes for who deploys with a gate do not allow."""
    arns = policies_of(aws, "-deployer", "-text-reader")
    assert len(arns) == 2
    statements = [statement for arn in arns for statement in policies.of_people(aws, arn).statements]
    allowed = policies.Policy(tuple(statements))
    return [call for call in calls(aws) if not allowed.allows(call)]
