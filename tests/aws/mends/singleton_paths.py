"""Paths through one element of an array.

AWS gives the value itself for a path that can only name one, such as `$.Containers[0].ExitCode` (Step Functions guide,
reference paths). moto gives a list of one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.stepfunctions.parser.asl.utils import json_path

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_NAMES_ONE = re.compile(r"\$(?:\.\w+|\[\d+\]|\['[^']+'\])*")


def _replacements(_: LocalAws) -> list[Replacement]:
    singleton = json_path._is_singleton_array_access  # noqa: SLF001 - moto's

    def is_singleton(path: str) -> bool:
        return bool(_NAMES_ONE.fullmatch(path)) or singleton(path)

    return [Replacement(json_path, "_is_singleton_array_access", is_singleton)]


MEND = Mend("singleton paths", _replacements)
