"""Operations that do not exist.

AWS answers an operation that it does not know with a client's error, UnknownOperationException and HTTP 400, which no
SDK retries. moto answers HTTP 500, which Terraform's provider retries for minutes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_CODE = "UnknownOperationException"


def _replacements(_: LocalAws) -> list[Replacement]:
    answer = BaseResponse.call_action

    def call_action(self: BaseResponse) -> object:
        try:
            return answer(self)
        except NotImplementedError as missing:
            protocol = get_service_model(self.boto3_service_name).metadata["protocol"]
            return 400, {"x-amzn-errortype": _CODE}, _body(protocol, str(missing))

    return [Replacement(BaseResponse, "call_action", call_action)]


def _body(protocol: str, message: str) -> str:
    if "json" in protocol:
        return json.dumps({"__type": _CODE, "message": message})
    error = f"<Error><Code>{_CODE}</Code><Message>{message}</Message></Error>"
    if protocol == "ec2":
        return f"<Response><Errors>{error}</Errors></Response>"
    return f"<ErrorResponse>{error}</ErrorResponse>"


MEND = Mend("unknown operations", _replacements)
