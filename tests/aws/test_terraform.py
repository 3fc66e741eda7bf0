"""Terraform against the local AWS: every kind of resource that the modules use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from tests.aws.local_aws import LocalAws

CONFIGURATION = Path(__file__).parent / "terraform" / "main.tf"
_KEPT = "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "HOME", "PATH"


class Terraform:
    """The program in a folder of its own, pointed to the local AWS."""

    def __init__(self, folder: Path, aws: LocalAws) -> None:
        """Run in a folder, against one local AWS."""
        self._folder = folder
        self._environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            **aws.environment(),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
        }

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of it to its end."""
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def terraform(aws: LocalAws, tmp_path: Path) -> Terraform:
    """Terraform, initialised; skipped where there is none, or where its provider cannot be had."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    shutil.copy(CONFIGURATION, tmp_path)
    terraform = Terraform(tmp_path, aws)
    initialised = terraform("init", "-no-color")
    if initialised.returncode:
        pytest.skip(f"terraform init fails: {initialised.stderr.strip().splitlines()[-1:]}")
    return terraform


@pytest.mark.slow
def test_terraform_applies_everything_reads_it_back_unchanged_and_destroys_it(
    terraform: Terraform, aws: LocalAws
) -> None:
    """What Terraform writes is what it reads, and nothing is left behind."""
    applied = terraform("apply", "-auto-approve", "-no-color")
    assert applied.returncode == 0, applied.stderr
    again = terraform("plan", "-detailed-exitcode", "-no-color", "-out=again")
    assert again.returncode in {0, 2}, again.stderr
    planned = json.loads(terraform("show", "-json", "again").stdout)
    changed = {
        change["address"]: change["change"]["actions"]
        for change in planned.get("resource_changes", [])
        if change["change"]["actions"] != ["no-op"]
    }
    assert changed == {}, again.stdout
    destroyed = terraform("destroy", "-auto-approve", "-no-color")
    assert destroyed.returncode == 0, destroyed.stderr
    assert aws.client("s3").list_buckets()["Buckets"] == []
    assert aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    unknown = [call for call in aws.recorder.calls() if call.status >= 500]
    assert unknown == []
