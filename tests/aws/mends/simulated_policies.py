"""What a user or a role may do, by simulation.

SimulatePrincipalPolicy evaluates the policies of a principal for actions on resources as they are named: a resource `*`
is allowed by statements about `*` only, and a condition holds by the context that was sent (IAM reference). moto does
not know the operation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    def simulate(self: IamResponse) -> ActionResult:
        source = str(self._get_param("PolicySourceArn"))
        sent = {one["ContextKeyName"]: one["ContextKeyValues"] for one in self._get_param("ContextEntries") or ()}
        statements = list(_statements(self.backend, source.rpartition("/")[2]))
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": place,
                "EvalDecision": _decision(statements, action, place, sent),
            }
            for place in self._get_param("ResourceArns") or ["*"]
            for action in self._get_param("ActionNames")
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    return [Replacement(IamResponse, "simulate_principal_policy", simulate)]


def _statements(backend: Any, name: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - moto's
    """Yield the statements of a role's policies; moto's own error where there is no such role."""
    role = backend.get_role(name)
    for document in (*role.policies.values(), *map(_document, role.managed_policies.values())):
        policy = json.loads(document) if isinstance(document, str) else document
        yield from policy["Statement"]


def _document(policy: Any) -> str:  # noqa: ANN401 - as above
    return next(str(version.document) for version in policy.versions if version.is_default)


def _decision(statements: list[dict[str, Any]], action: str, place: str, sent: dict[str, list[str]]) -> str:
    effects = {
        each["Effect"]
        for each in statements
        if any(fnmatchcase(action.lower(), one.lower()) for one in _listed(each.get("Action", [])))
        and any(fnmatchcase(place, one) for one in _listed(each.get("Resource", [])))
        and all(_holds(*condition, sent) for condition in each.get("Condition", {}).items())
    }
    return "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"


def _holds(operator: str, keys: dict[str, str | list[str]], sent: dict[str, list[str]]) -> bool:
    def matches(found: str, wanted: str) -> bool:
        return fnmatchcase(found, wanted) if "Like" in operator or "Arn" in operator else found == wanted

    return all(
        any(matches(found, wanted) for found in sent.get(key, ()) for wanted in _listed(values))
        for key, values in keys.items()
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


MEND = Mend("simulated policies", _replacements)
