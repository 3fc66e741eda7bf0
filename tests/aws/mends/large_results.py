"""Results of a Distributed Map that are too large.

AWS fails a map without ResultWriter with States.DataLimitExceeded when its results are more than 256 KiB, even if
ResultPath or OutputPath drops them (aws-cdk#24799); nothing catches that. moto takes results of any size.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.eval.environment import Environment

from tests.aws.failures import failure
from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_LIMIT = 256 * 1024


def _replacements(_: LocalAws) -> list[Replacement]:
    execute = StateMap._eval_execution  # noqa: SLF001 - moto's

    def _eval_execution(self: StateMap, env: Environment) -> None:
        execute(self, env)
        distributed = isinstance(self.iteration_component, DistributedIterationComponent)
        if distributed and not self.result_writer and len(json.dumps(env.stack[-1]).encode()) > _LIMIT:
            cause = "The state/task returned a result with a size exceeding the maximum number of bytes service limit."
            raise FailureEventException(failure(env, "States.DataLimitExceeded", cause))

    return [Replacement(StateMap, "_eval_execution", _eval_execution)]


MEND = Mend("large results", _replacements)
