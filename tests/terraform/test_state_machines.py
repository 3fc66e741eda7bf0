"""Rules of the state machines: the run, and the watch over missed runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from . import states
from .conftest import Terraform
from .tables import TERRAFORM

RUN = TERRAFORM / "modules/pipeline/state_machine.asl.json.tftpl"
WATCH = TERRAFORM / "modules/observability/watch.asl.json.tftpl"
NUMBERS = {
    "allowance_minutes": 240,
    "allowance_seconds": 14400,
    "max_concurrency": 50,
    "retries": 2,
    "run_timeout_seconds": 86400,
    "task_deadline_seconds": 3600,
    "task_timeout_seconds": 4500,
    "timeout_seconds": 15300,
    "tolerated_failure_percentage": 5,
}
NETWORK = '{"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED", "SecurityGroups": ["sg-1"], "Subnets": ["subnet-1"]}}'


def rendered(template: Path) -> dict[str, Any]:
    """Fill in a template as Terraform does where it holds nothing but names."""
    text = template.read_text(encoding="utf-8")
    values = {name: str(NUMBERS.get(name, name)) for name in re.findall(r"\$\{(\w+)\}", text)} | {"network": NETWORK}
    machine: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text))
    return machine


@pytest.mark.parametrize("template", [RUN, WATCH], ids=["run", "watch"])
def test_a_state_machine_is_sound(template: Path) -> None:
    """Every state is reached and leads somewhere, every task ends in time and is tried again out of step."""
    assert states.faults(rendered(template)) == []


@pytest.mark.parametrize("template", [RUN, WATCH], ids=["run", "watch"])
def test_a_template_holds_nothing_but_names(template: Path) -> None:
    """What is tested here is what Terraform renders: no directive, no expression."""
    text = template.read_text(encoding="utf-8")
    assert re.findall(r"%\{[^}]*\}", text) == []
    assert [each for each in re.findall(r"\$\{[^}]*\}", text) if not re.fullmatch(r"\$\{\w+\}", each)] == []


@pytest.mark.parametrize("template", [RUN, WATCH], ids=["run", "watch"])
def test_terraform_renders_the_same(template: Path, terraform: Terraform, tmp_path: Path) -> None:
    """Terraform's own templatefile gives the machine that the other tests look at."""
    names = set(re.findall(r"\$\{(\w+)\}", template.read_text(encoding="utf-8"))) - {"network"}
    values = {name: NUMBERS.get(name, name) for name in sorted(names)} | {"network": NETWORK}
    given = ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    asked = f'jsonencode(jsondecode(templatefile("{template}", {{ {given} }})))'
    done = terraform.run("console", "-no-color", inside=tmp_path, stdin=asked)
    assert done.returncode == 0, done.stderr
    assert json.loads(json.loads(done.stdout)) == rendered(template)


def test_whatever_fails_in_a_run_is_told() -> None:
    """Every task and map outside the notice itself leads to the notice."""
    machine = rendered(RUN)
    silent = [
        name
        for name, state in machine["States"].items()
        if state["Type"] in ("Task", "Map")
        and name != "Notify"
        and not any(catch["ErrorEquals"] == ["States.ALL"] and catch["Next"] == "Notify" for catch in state["Catch"])
    ]
    assert silent == []


def test_the_map_s_results_go_to_a_file() -> None:
    """More than 256 KiB of results would fail the run, and no state could catch it."""
    score = rendered(RUN)["States"]["Score"]
    assert score["ResultWriter"]["Resource"].endswith(":states:::s3:putObject")
    assert score["ResultPath"] is None


def test_an_interrupted_batch_keeps_its_input() -> None:
    """A catch without a ResultPath would replace the batch by the error."""
    batch = rendered(RUN)["States"]["Score"]["ItemProcessor"]["States"]
    catches = [catch for state in ("ScoreFirst", "ScoreOnDemand") for catch in batch[state]["Catch"]]
    assert {catch["ResultPath"] for catch in catches} == {"$.failure"}


def test_no_cause_is_read_as_a_task_for_the_error_that_a_catch_names() -> None:
    """As a catch, States.TaskFailed is every error but a few: causes in plain words would end the batch."""
    batch = rendered(RUN)["States"]["Score"]["ItemProcessor"]["States"]
    caught = [name for state in batch.values() for catch in state.get("Catch", ()) for name in catch["ErrorEquals"]]
    assert "States.TaskFailed" not in caught
    assert [name for name, state in batch.items() if "Stopped" in states.targets(state)] == ["HasRun"]


def test_a_fault_is_found() -> None:
    """The check of soundness sees what it is there for."""
    machine = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Task", "Retry": [{"ErrorEquals": ["States.ALL"]}], "Next": "Gone"},
            "B": {"Type": "Pass"},
        },
    }
    assert states.faults(machine) == [
        "A: is tried again in step with others",
        "A: leads to Gone",
        "A: waits for ever",
        "B: neither ends nor leads on, or both",
        "B: never reached",
    ]
