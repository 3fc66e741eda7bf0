"""Tolerated failures of a Distributed Map.

AWS fails the map with States.ExceedToleratedFailureThreshold as soon as more children have failed than
ToleratedFailureCount, or than ToleratedFailurePercentage of all items; whichever is given counts, and without either
the first failure is too many; the children that still run are stopped (Step Functions guide, state-map-distributed).
moto counts failures and ends well whatever the count is. It also refuses a percentage that is written as an integer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (
    MapRunRecord,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import Job, JobPool
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from tests.aws.failures import failure
from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_Worker = distributed_item_processor_worker.DistributedItemProcessorWorker
_PERCENTAGE = "ToleratedFailurePercentage"


def exceeded(failed: int, total: int, count: int, percentage: float) -> bool:
    """Whether so many failures of all items are too many; 0 is a threshold that is not given."""
    if not count and not percentage:
        return failed > 0
    return (count > 0 and failed > count) or (percentage > 0 and 100 * failed > percentage * total)


def _replacements(_: LocalAws) -> list[Replacement]:
    evaluate, parse = _Worker._eval_job, AmazonStateLanguageParser.parse  # noqa: SLF001 - moto's

    def _eval_job(self: Any, env: Environment, job: Job) -> None:  # noqa: ANN401 - moto's worker
        evaluate(self, env, job)
        if not _too_many(self._map_run_record, self._job_pool):
            return
        cause = "The specified tolerated failure threshold was exceeded"
        job.job_output = FailureEventException(failure(self._env, "States.ExceedToleratedFailureThreshold", cause))
        for child in list(self._env._frames):  # noqa: SLF001 - moto's
            child.set_stop(stop_date=utcnow(), cause=None, error=None)

    def parsed(definition: str) -> object:
        return parse(json.dumps(_with_decimals(json.loads(definition))))

    return [
        Replacement(_Worker, "_eval_job", _eval_job),
        Replacement(AmazonStateLanguageParser, "parse", staticmethod(parsed)),
    ]


def _too_many(record: MapRunRecord, pool: JobPool) -> bool:
    failed = record.item_counter.failed.get() + record.item_counter.timed_out.get()
    count, percentage = record.tolerated_failure_count, record.tolerated_failure_percentage
    return exceeded(failed, pool._jobs_number, count, percentage)  # noqa: SLF001 - moto's


def _with_decimals(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_with_decimals(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: float(inner) if name == _PERCENTAGE and isinstance(inner, int) else _with_decimals(inner)
        for name, inner in value.items()
    }


MEND = Mend("tolerated failures", _replacements)
