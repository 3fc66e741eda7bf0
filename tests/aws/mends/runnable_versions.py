"""Executions of a version or an alias, and executions without a name.

AWS starts a state machine, one of its versions, or the version that an alias points to, by weights where it points to
two; an execution without a name gets a UUID (Step Functions API, StartExecution). moto fails with HTTP 500 on versions
and aliases, and names an execution `None`, so that the second one without a name is refused.
"""

from __future__ import annotations

import random
import threading
import uuid
from typing import TYPE_CHECKING

from moto.stepfunctions.models import StateMachine, StateMachineVersion, StepFunctionBackend
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    start, describe = StepFunctionsParserBackend.start_execution, StepFunctionBackend.describe_state_machine
    lock = threading.Lock()

    def describe_state_machine(self: StepFunctionBackend, arn: str) -> StateMachine:
        _, _, qualifier = arn.partition(":stateMachine:")[2].partition(":")
        return describe(self, _version(self, arn) if qualifier and not qualifier.isnumeric() else arn)

    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        machine, name = self.describe_state_machine(state_machine_arn), name or str(uuid.uuid4())
        with lock:
            if not isinstance(machine, StateMachineVersion):
                return start(self, machine.arn, name, execution_input, trace_header)
            latest = describe(self, machine.source_arn)
            definition, latest.definition = latest.definition, machine.definition
            try:
                execution = start(self, latest.arn, name, execution_input, trace_header)
            finally:
                latest.definition = definition
        execution.state_machine_version_arn = machine.arn
        return execution

    return [
        Replacement(StepFunctionBackend, "describe_state_machine", describe_state_machine),
        Replacement(StepFunctionsParserBackend, "start_execution", start_execution),
    ]


def _version(backend: StepFunctionBackend, alias: str) -> str:
    routes = backend.describe_state_machine_alias(alias).routing_configuration
    weights = [int(route["weight"]) for route in routes]
    return str(random.choices([route["stateMachineVersionArn"] for route in routes], weights)[0])


MEND = Mend("runnable versions", _replacements)
