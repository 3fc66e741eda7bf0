"""Errors that `States.ALL` does not catch.

AWS lets States.DataLimitExceeded and States.Runtime fail the execution whatever Retry and Catch say of States.ALL
(Step Functions guide, concepts-error-handling). moto catches both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.eval.environment import Environment

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_FATAL = "States.DataLimitExceeded", "States.Runtime"


def _replacements(_: LocalAws) -> list[Replacement]:
    evaluate = ErrorEqualsDecl._eval_body  # noqa: SLF001 - moto's

    def _eval_body(self: ErrorEqualsDecl, env: Environment) -> None:
        error = env.stack[-1]
        if getattr(error, "error_name", None) in _FATAL:
            env.stack[-1] = error in self.error_names
            return
        evaluate(self, env)

    return [Replacement(ErrorEqualsDecl, "_eval_body", _eval_body)]


MEND = Mend("fatal errors", _replacements)
