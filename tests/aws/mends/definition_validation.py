"""ValidateStateMachineDefinition.

AWS says of a definition whether it is well formed, without a state machine (Step Functions API); Terraform's provider
asks while it plans. moto does not have the operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    def validate_state_machine_definition(self: StepFunctionResponse) -> ActionResult:
        try:
            StepFunctionsParserBackend._validate_definition(self._get_param("definition"))  # noqa: SLF001 - no public one
        except InvalidDefinition as invalid:
            diagnostic = {
                "severity": "ERROR",
                "code": "SCHEMA_VALIDATION_FAILED",
                "message": str(invalid.message)[:2000],
            }
            return ActionResult({"result": "FAIL", "diagnostics": [diagnostic]})
        return ActionResult({"result": "OK", "diagnostics": []})

    return [Replacement(StepFunctionResponse, "validate_state_machine_definition", validate_state_machine_definition)]


MEND = Mend("definition validation", _replacements)
