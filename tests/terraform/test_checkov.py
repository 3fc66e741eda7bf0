"""Rules of secure infrastructure, as checkov has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from .tables import TERRAFORM


def test_checkov_finds_nothing_without_a_reason() -> None:
    """Every check passes, or is skipped in its place with the reason (`NIMBUS_CHECKOV` names a checkov elsewhere)."""
    program = os.environ.get("NIMBUS_CHECKOV") or shutil.which("checkov")
    if program is None:
        pytest.skip("checkov is not installed (nor does NIMBUS_CHECKOV name one)")
    done = subprocess.run(
        [program, "--directory", TERRAFORM, "--framework", "terraform", "--skip-download", "--output", "json"],
        check=False,
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    failed = {f"{each['check_id']} {each['resource']}" for each in report["results"]["failed_checks"]}
    assert failed == set()
    assert report["summary"]["passed"] > 0
    assert report["summary"]["parsing_errors"] == 0
