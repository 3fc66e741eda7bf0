"""Descriptions of a security group's rules.

AWS gives back the description of every rule. moto gives back those of address ranges alone, so that Terraform plans a
change for ever where a rule names a group or a prefix list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models.security_groups import SecurityGroupRule

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_KEPT = "_described"


def _replacements(_: LocalAws) -> list[Replacement]:
    make = SecurityGroupRule.__init__
    described = vars(SecurityGroupRule)["description"]

    def keeping(self: SecurityGroupRule, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as moto's
        make(self, *arguments, **named)
        parts = [each for each in (*arguments, *named.values()) if isinstance(each, dict)]
        setattr(self, _KEPT, next((each["Description"] for each in parts if each.get("Description")), None))

    def description(self: SecurityGroupRule) -> str | None:
        return described.fget(self) or getattr(self, _KEPT, None)

    return [
        Replacement(SecurityGroupRule, "__init__", keeping),
        Replacement(SecurityGroupRule, "description", property(description)),
    ]


MEND = Mend("rule descriptions", _replacements)
