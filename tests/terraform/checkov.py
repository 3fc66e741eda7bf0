"""checkov, as the tests run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Report:
    """What it found: checks that failed or passed, each with its resource, and files that it could not read."""

    failed: set[tuple[str, str]]
    passed: set[tuple[str, str]]
    unread: int


def report(*arguments: str | Path) -> Report:
    """Return what it says, or skip where it is not installed (`NIMBUS_CHECKOV` names one elsewhere)."""
    program = os.environ.get("NIMBUS_CHECKOV") or shutil.which("checkov")
    if program is None:
        pytest.skip("checkov is not installed (nor does NIMBUS_CHECKOV name one)")
    command = [program, *arguments, "--skip-download", "--output", "json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    found = told["results"]
    return Report(_named(found["failed_checks"]), _named(found["passed_checks"]), told["summary"]["parsing_errors"])


def _named(checks: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["check_id"], each["resource"]) for each in checks}
