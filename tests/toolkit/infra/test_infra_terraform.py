"""How Terraform is run: its events as they come, its errors in its own words, its end in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.command import wait_until

from nimbus.adapters.terraform import (
    TerraformFailedError,
    TerraformFolder,
    TerraformLockedError,
    TerraformMissingError,
    TerraformStaleError,
)

LOCKED = (
    "Error acquiring the state lock",
    "Lock Info:\\n  ID:   1-2-3\\n  Operation: OperationTypeApply\\n  Who:  ana@laptop\\n  Created:   2026-11-22",
)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> TerraformFolder:
    """Put a program named terraform on the PATH, which stands for the real one."""
    place = folder / "bin" / "terraform"
    place.parent.mkdir()
    place.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.parent}{os.pathsep}{os.environ['PATH']}")
    return TerraformFolder(folder)


def error(summary: str, detail: str) -> str:
    """Return a command that says an error as Terraform does, and fails."""
    event = f'{{"type":"diagnostic","diagnostic":{{"severity":"error","summary":"{summary}","detail":"{detail}"}}}}'
    return f"printf '%s\\n' '{event}'\nexit 1"


def test_events_come_while_it_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is there before the command has ended."""
    terraform = program(
        tmp_path, monkeypatch, 'echo \'{"type":"one"}\'\nwhile [ ! -e go ]; do sleep 0.05; done\necho x'
    )
    events = terraform.apply("plan")
    assert next(events) == {"type": "one"}
    (tmp_path / "go").touch()
    assert list(events) == [{"raw": "x"}]


def test_a_plan_that_the_environment_has_outrun_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no failure of what is planned: planning again is all there is to do."""
    terraform = program(tmp_path, monkeypatch, error("Saved plan is stale", "The given plan file can no longer be"))
    with pytest.raises(TerraformStaleError) as refusal:
        list(terraform.apply("plan"))
    assert "nimbus infra plan" in str(refusal.value.remedy)


@pytest.mark.parametrize(("said", "got"), [("", "nothing"), ('{"key": secret', "14 characters that are no JSON")])
def test_outputs_that_cannot_be_read_are_told_in_words(
    said: str, got: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform may end well and have said nothing; what it said may be secret, and is not shown."""
    terraform = program(tmp_path, monkeypatch, f"printf '{said}'")
    with pytest.raises(TerraformFailedError) as refusal:
        terraform.outputs()
    assert refusal.value.got == got
    assert "secret" not in str(refusal.value)


def test_an_error_is_told_in_terraforms_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the folder, and that repeating the command goes on."""
    terraform = program(tmp_path, monkeypatch, error("creating S3 Bucket", "api error BucketAlreadyExists"))
    with pytest.raises(TerraformFailedError) as refusal:
        list(terraform.plan("plan", destroy=False))
    assert refusal.value.got == "creating S3 Bucket: api error BucketAlreadyExists"
    assert refusal.value.what == "terraform plan failed"


def test_a_lock_names_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how it is taken away from one that is dead."""
    terraform = program(tmp_path, monkeypatch, error(*LOCKED))
    with pytest.raises(TerraformLockedError) as refusal:
        list(terraform.apply("plan"))
    assert refusal.value.got == "ana@laptop, apply since 2026-11-22"
    assert "force-unlock 1-2-3" in str(refusal.value.remedy)


def test_one_that_is_interrupted_ends_in_good_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the signal that lets it write its state, and is waited for."""
    script = 'trap "touch orderly; exit 1" INT\necho \'{"type":"one"}\'\nwhile :; do sleep 0.05; done'
    terraform = program(tmp_path, monkeypatch, script)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell cannot trap what it was started without
    events = terraform.apply("plan")
    next(events)
    signal.signal(signal.SIGINT, before)
    events.close()  # type: ignore[attr-defined]
    assert (tmp_path / "orderly").exists()


def test_one_whose_command_is_killed_works_on_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it makes stays in its state; killed with its command, it would be lost."""
    script = "echo begun\nwhile [ ! -e go ]; do sleep 0.05; done\necho more\necho more\ntouch whole"
    program(tmp_path, monkeypatch, script)
    code = (
        "from pathlib import Path; from nimbus.adapters.terraform import TerraformFolder\n"
        f"for event in TerraformFolder(Path({str(tmp_path)!r})).apply('plan'): print(event, flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        command.stdout.readline()
        command.kill()
    (tmp_path / "go").touch()
    wait_until((tmp_path / "whole").exists, "Terraform ends its work")


def test_without_the_program_the_way_without_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever deploys from CI needs no Terraform."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformMissingError) as refusal:
        TerraformFolder(tmp_path).outputs()
    assert "nimbus.toml" in str(refusal.value.remedy)
