"""Somebody who may deploy and not change what Terraform made: what they call, and what of it AWS would refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.terraform.working import policies

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.aws.recorder import Call

DEPLOYER = "arn:aws:iam::123456789012:role/data-scientist"
PRUNER = "arn:aws:iam::123456789012:role/caretaker"
# Who asks who they are needs no permission; what they may do themselves their own role says, or preflight skips that.
_FREE = {"sts:GetCallerIdentity"}
_THEMSELVES = "arn:aws:sts::123456789012:user/moto"  # as the local AWS answers them


def calls(aws: LocalAws, who: str = DEPLOYER) -> list[Call]:
    """Return what they called so far."""
    made = aws.recorder.calls(caller=who)
    asked = [call for call in made if call.action not in _FREE and _THEMSELVES not in call.resources]
    return [one for call in asked for one in _each(call)]


def _each(call: Call) -> list[Call]:
    """Return a call a resource where AWS asks for every one: a deletion of many objects."""
    many = call.operation == "DeleteObjects"
    return [replace(call, resources=(resource,)) for resource in call.resources] if many else [call]


def policies_of(aws: LocalAws, *kinds: str) -> list[str]:
    """Return the ARNs of the policies for people that Terraform has made, by how their names end."""
    listed = aws.client("iam").list_policies(Scope="Local")["Policies"]
    return [each["Arn"] for each in listed if each["PolicyName"].endswith(kinds)]


def allowed(aws: LocalAws, *kinds: str) -> policies.Policy:
    """Return what the policies allow together that Terraform makes for people, one a kind."""
    arns = policies_of(aws, *kinds)
    assert len(arns) == len(kinds)
    return policies.Policy(tuple(statement for arn in arns for statement in policies.of_people(aws, arn).statements))


def refused(aws: LocalAws) -> list[Call]:
    """Return what of it the policies for who deploys with a gate do not allow."""
    may = allowed(aws, "-deployer", "-text-reader")
    return [call for call in calls(aws) if not may.allows(call)]
