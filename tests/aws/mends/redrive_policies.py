"""A queue's redrive policy.

AWS gives it back without spaces, as it was written. moto writes it anew with spaces, so that Terraform plans a change
for ever.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.sqs.models import Queue

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    attributes = vars(Queue)["attributes"]

    def compact(self: Queue) -> dict[str, Any]:
        result: dict[str, Any] = attributes.fget(self)
        if result.get("RedrivePolicy"):
            result["RedrivePolicy"] = json.dumps(json.loads(result["RedrivePolicy"]), separators=(",", ":"))
        return result

    return [Replacement(Queue, "attributes", property(compact))]


MEND = Mend("redrive policies", _replacements)
