"""Who calls when a state machine does.

AWS makes a state machine's calls in the machine's role, to the services of its region. moto's interpreter signs every
call with the same key of nobody's, sends it to the port in an environment variable, and makes its clients from a
session that threads must not share.
"""

from __future__ import annotations

import threading
from types import ModuleType
from typing import TYPE_CHECKING

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import resource_eval_s3 as reader
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval import (
    resource_eval_s3 as writer,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_ecs,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
    state_task_service_unsupported,
)

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_CALLERS: tuple[ModuleType, ...] = (
    reader,
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_ecs,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
    state_task_service_unsupported,
    writer,
)
"""The modules that imported moto's function by its name."""


def _replacements(local_aws: LocalAws) -> list[Replacement]:
    lock, session = threading.Lock(), boto3.Session()
    clients: dict[tuple[str, str, str], BaseClient] = {}

    def boto_client_for(region: str, service: str, state_credentials: StateCredentials | None = None) -> BaseClient:
        role = state_credentials.role_arn if state_credentials else ""
        with lock:
            if (region, service, role) not in clients:
                clients[region, service, role] = session.client(
                    service,
                    region_name=region,
                    endpoint_url=local_aws.url,
                    aws_access_key_id=local_aws.identities.key_of(role),
                    aws_secret_access_key="local",  # noqa: S106 - of nothing
                    config=Config(
                        parameter_validation=False, retries={"total_max_attempts": 1}, max_pool_connections=64
                    ),
                )
            return clients[region, service, role]

    return [Replacement(module, "boto_client_for", boto_client_for) for module in _CALLERS]


MEND = Mend("callers", _replacements)
