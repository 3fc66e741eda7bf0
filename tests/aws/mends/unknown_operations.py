"""Operations that do not exist.

AWS answers an operation that it does not know with a client's error, UnknownOperationException and HTTP 400, which no
SDK retries. moto answers HTTP 500, which Terraform's provider retries for minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


class UnknownOperation(ServiceException):
    """What nobody implements."""

    code = "UnknownOperationException"
    status_code = 400


def _replacements(_: LocalAws) -> list[Replacement]:
    answer = BaseResponse.call_action

    def call_action(self: BaseResponse) -> object:
        try:
            return answer(self)
        except NotImplementedError as missing:
            _, headers, body = self.serialized(ActionResult(UnknownOperation(str(missing))))
            return 400, {**headers, "x-amzn-errortype": UnknownOperation.code}, body

    return [Replacement(BaseResponse, "call_action", call_action)]


MEND = Mend("unknown operations", _replacements)
