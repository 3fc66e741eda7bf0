"""Event rules whose target is a topic.

AWS publishes the event, or what the input transformer makes of it, to the topic (EventBridge guide, targets). moto has
no such target and fails. A disabled rule sends nothing in AWS; moto sends all the same.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.events.models import Rule
from moto.events.utils import EventTemplateParser
from moto.sns.models import sns_backends

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    send = Rule.send_to_targets

    def send_to_targets(self: Rule, original_event: dict[str, Any], *rest: Any) -> None:  # noqa: ANN401 - as moto's
        if self.state != "ENABLED" or not self.event_pattern.matches_event(original_event):
            return
        others = copy.copy(self)
        others.targets = [target for target in self.targets if not _is_topic(target)]
        send(others, original_event, *rest)
        for target in filter(_is_topic, self.targets):
            topic = sns_backends[self.account_id][self.region_name].get_topic(target["Arn"])
            topic.publish(_message(target, original_event))

    return [Replacement(Rule, "send_to_targets", send_to_targets)]


def _is_topic(target: dict[str, Any]) -> bool:
    return ":sns:" in str(target["Arn"])


def _message(target: dict[str, Any], event: dict[str, Any]) -> str:
    written = datetime.fromtimestamp(float(event["time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    transformer = target.get("InputTransformer", {})
    message = EventTemplateParser.parse(
        input_template=transformer.get("InputTemplate"),
        input_paths_map=transformer.get("InputPathsMap", {}),
        event={**event, "time": written},
    )
    return message if isinstance(message, str) else json.dumps(message)


MEND = Mend("notices", _replacements)
