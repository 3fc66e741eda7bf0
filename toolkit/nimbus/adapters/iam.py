"""Roles by AWS Identity and Access Management: who may take them, and what they may do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from nimbus.adapters.aws import Service


class Roles:
    """The roles of an account."""

    def __init__(self, region: str) -> None:
        """Name the region of the caller's session; roles have none."""
        self._service = Service("iam", region)

    def trusted(self, role: str) -> tuple[str, ...]:
        """Return the services that may take a role, by its ARN."""
        found = self._service.call("get_role", RoleName=role.rpartition("/")[2])["Role"]
        policy: Any = found["AssumeRolePolicyDocument"]
        document = json.loads(unquote(policy)) if isinstance(policy, str) else policy
        services: list[str] = []
        for statement in document["Statement"]:
            named = statement.get("Principal", {})
            given = named.get("Service", []) if isinstance(named, dict) else []
            services += [given] if isinstance(given, str) else given
        return tuple(services)

    def denied(self, caller: str, actions: Sequence[str], resource: str, context: Mapping[str, str]) -> list[str]:
        """Return those of the actions on a resource, in a context, that somebody would be denied, by simulation."""
        answer = self._service.call(
            "simulate_principal_policy",
            PolicySourceArn=_role_of(caller),
            ActionNames=list(actions),
            ResourceArns=[resource],
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
                for key, value in context.items()
            ],
        )
        return [one["EvalActionName"] for one in answer["EvaluationResults"] if one["EvalDecision"] != "allowed"]


def _role_of(caller: str) -> str:
    """Return the role behind a session: arn:aws:sts::1:assumed-role/name/session is of role/name."""
    if ":assumed-role/" not in caller:
        return caller
    head, _, rest = caller.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}"
