"""Time saved: pauses that a test shortens on purpose, and what moto makes anew after each reset for nobody here."""

from __future__ import annotations

import json
import time
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.ec2.models.amis import AmiBackend
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _pauses(local_aws: LocalAws) -> list[Replacement]:
    sleep = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * local_aws.pause))
    return [Replacement(retrier_decl, "time", sleep)]


def _waits(local_aws: LocalAws) -> list[Replacement]:
    wait = WaitFunction._wait_interval  # noqa: SLF001 - moto's

    def shortened(self: WaitFunction, env: Environment, wait_seconds: float) -> None:
        wait(self, env=env, wait_seconds=wait_seconds * local_aws.pause)

    return [Replacement(WaitFunction, "_wait_interval", shortened)]


def _managed_policies(_: LocalAws) -> list[Replacement]:
    def policies(self: IAMBackend) -> list[AWSManagedPolicy]:
        if self.region_name != "aws":
            return []
        account = self.account_id
        return [AWSManagedPolicy.from_data(name, account, "aws", fields) for name, fields in _parsed().items()]

    return [Replacement(IAMBackend, "_init_aws_policies", policies)]


@cache
def _parsed() -> dict[str, Any]:
    return dict(json.loads(aws_managed_policies_data))


def _machine_images(_: LocalAws) -> list[Replacement]:
    return [Replacement(AmiBackend, "_load_amis", lambda _: None)]


SAVINGS = (
    Mend("pauses before retries", _pauses),
    Mend("waits", _waits),
    Mend("managed policies", _managed_policies),
    Mend("machine images", _machine_images),
)
