"""What ResultWriter writes.

AWS writes the input and the outcome of every child into files of succeeded and failed ones beside manifest.json, which
lists them, also where the map fails (Step Functions guide, input-output-resultwriter). moto writes a manifest that
lists nothing, and none where the map fails.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.utils import iso_8601_datetime_with_milliseconds, utcnow
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import Job
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval import resource_eval_s3
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceRuntimePart
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError, ProgramState, ProgramStopped

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_Worker = distributed_item_processor_worker.DistributedItemProcessorWorker
_EXCEEDED = "States.ExceedToleratedFailureThreshold"
_KINDS = "SUCCEEDED", "FAILED", "PENDING"


def _replacements(_: LocalAws) -> list[Replacement]:
    evaluate = _Worker._eval_job  # noqa: SLF001 - moto's

    def _eval_job(self: Any, env: Environment, job: Job) -> None:  # noqa: ANN401 - moto's worker
        evaluate(self, env, job)
        record = self._map_run_record
        outcomes = vars(record).setdefault("outcomes", [])
        outcomes.append(_outcome(job, env.program_state(), record.map_run_arn, record.map_state_machine_arn))

    def _handle_put_object(
        env: Environment, resource_runtime_part: ResourceRuntimePart, state_credentials: StateCredentials
    ) -> None:
        parameters = env.stack.pop()
        env.stack.pop()
        record = env.map_run_record_pool_manager.get_all()[-1]
        client = resource_eval_s3.boto_client_for(resource_runtime_part.region, "s3", state_credentials)
        bucket, prefix = parameters["Bucket"], _folder(parameters.get("Prefix", ""), record.map_run_arn)
        files: dict[str, list[dict[str, object]]] = {kind: [] for kind in _KINDS}
        for kind in _KINDS:
            chosen = [one for one in vars(record).get("outcomes", []) if one["Status"] == kind]
            if chosen:
                body, key = json.dumps(chosen).encode(), f"{prefix}{kind}_0.json"
                client.put_object(Bucket=bucket, Key=key, Body=body)
                files[kind].append({"Key": key, "Size": len(body)})
        manifest = {"DestinationBucket": bucket, "MapRunArn": record.map_run_arn, "ResultFiles": files}
        client.put_object(Bucket=bucket, Key=f"{prefix}manifest.json", Body=json.dumps(manifest).encode())
        details = {"Bucket": bucket, "Key": f"{prefix}manifest.json"}
        env.stack.append({"MapRunArn": record.map_run_arn, "ResultWriterDetails": details})

    execute = StateMap._eval_execution  # noqa: SLF001 - moto's

    def _eval_execution(self: StateMap, env: Environment) -> None:
        try:
            execute(self, env)
        except FailureEventException as failed:
            if self.result_writer and failed.failure_event.error_name.error_name == _EXCEEDED:
                env.stack.append(None)
                self.result_writer.eval(env)
            raise

    return [
        Replacement(StateMap, "_eval_execution", _eval_execution),
        Replacement(_Worker, "_eval_job", _eval_job),
        Replacement(ResourceEvalS3, "_handle_put_object", staticmethod(_handle_put_object)),
    ]


def _folder(prefix: str, map_run: str) -> str:
    return f"{prefix.rstrip('/')}/{map_run.rpartition(':')[2]}/".lstrip("/")


def _outcome(job: Job, ended: ProgramState, map_run: str, machine: str) -> dict[str, object]:
    outcome: dict[str, object] = {
        "ExecutionArn": f"{map_run.replace(':mapRun:', ':execution:')}-{job.job_index}",
        "Input": json.dumps(job.job_input),
        "InputDetails": {"Included": True},
        "Name": f"{map_run.rpartition(':')[2]}-{job.job_index}",
        "StateMachineArn": machine,
        "StopDate": iso_8601_datetime_with_milliseconds(utcnow()),
    }
    if isinstance(ended, ProgramError):
        error = ended.error or {}
        return {**outcome, "Status": "FAILED", "Error": error.get("error"), "Cause": error.get("cause")}
    if isinstance(ended, ProgramStopped):
        return {**outcome, "Status": "PENDING"}
    return {**outcome, "Status": "SUCCEEDED", "Output": json.dumps(job.job_output)}


MEND = Mend("result writer", _replacements)
