"""What a policy allows, as IAM decides it: actions, resources and conditions of its statements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.aws.recorder import Call

_MATCHED = ("StringLike", "ArnLike")  # by wildcards; other operators mean equality here
# RunTask is asked for a revision; the ARN of the cluster is a condition of it. Reads of tasks name cluster and tasks.
_RECORDED = ("s3:prefix", "ecs:cluster")


@dataclass(frozen=True, slots=True)
class Policy:
    """The statements of a role's own policies, or of one that people are given."""

    statements: tuple[dict[str, Any], ...]

    @property
    def actions(self) -> set[str]:
        """Return all that is allowed on anything."""
        return {action for each in self.statements if each["Effect"] == "Allow" for action in _listed(each["Action"])}

    def allows(self, call: Call) -> bool:
        """Say whether a call is allowed, and not denied."""
        effects = {each["Effect"] for each in self.statements if _concerns(each, call)}
        return effects == {"Allow"}


def of_role(aws: LocalAws, role: str) -> Policy:
    """Return what a role's inline policies say."""
    iam = aws.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return _parsed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names)


def of_people(aws: LocalAws, arn: str) -> Policy:
    """Return what a managed policy says."""
    iam = aws.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return _parsed([iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]])


def _parsed(documents: Any) -> Policy:  # noqa: ANN401 - text or JSON, as moto has it
    whole = [json.loads(each) if isinstance(each, str) else each for each in documents]
    return Policy(tuple(statement for each in whole for statement in each["Statement"]))


def _concerns(statement: dict[str, Any], call: Call) -> bool:
    resources = call.resources or ("*",)
    return (
        call.action in _listed(statement["Action"])
        and any(fnmatchcase(found, wanted) for wanted in _listed(statement["Resource"]) for found in resources)
        and all(_holds(condition, call) for condition in _conditions(statement))
    )


def _conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, _listed(values)


def _holds(condition: tuple[str, str, list[str]], call: Call) -> bool:
    operator, key, values = condition
    if key not in _RECORDED:
        raise NotImplementedError(f"{call.action} is allowed on a condition that no call is recorded with: {key}")
    found = dict(call.context).get(key)
    if found is None:
        return False
    return any(fnmatchcase(found, value) if operator in _MATCHED else found == value for value in values)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
