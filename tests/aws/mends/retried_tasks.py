"""Retries of `ecs:runTask.sync`.

AWS starts another task and waits for it as for the first (Step Functions guide, concepts-error-handling). moto waits
for the callback of the state's task token as well, which the first attempt left interrupted: every later attempt times
out at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
    StateTaskServiceEcs,
)

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    wait = StateTaskServiceEcs._eval_sync  # noqa: SLF001 - moto's

    def _eval_sync(self: StateTaskServiceEcs, sync_resolver: Callable[[], Any], **named: Any) -> Any:  # noqa: ANN401 - as moto's
        return wait(self, sync_resolver=sync_resolver, **{**named, "callback_endpoint": None})

    return [Replacement(StateTaskServiceEcs, "_eval_sync", _eval_sync)]


MEND = Mend("retried tasks", _replacements)
