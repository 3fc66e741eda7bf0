"""Two that apply at once, and one that is killed: the lock in the bucket, and the apply that comes after."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from tests.terraform import checkov

from .applying import Examples
from .example import Example

# The container's own: what stands in the file is text that Terraform puts together.
_OF_CONTAINERS = {"CKV_AWS_334", "CKV_AWS_335", "CKV_AWS_336"}


def test_a_second_apply_is_refused_with_the_owner_of_the_lock(examples: Examples) -> None:
    """Who holds it and what for: a state in a bucket is changed by one at a time, without a table for locks."""
    second = examples.minimal.result().second
    assert second.returncode == 1
    assert "Error acquiring the state lock" in second.stderr
    told = dict(line.strip(" │").split(":", 1) for line in second.stderr.splitlines() if ":" in line)
    assert told["Operation"].strip() == "OperationTypeApply"
    assert told["Who"].strip().startswith(f"{getpass.getuser()}@")


def test_an_apply_that_is_killed_is_resumed_by_the_next(examples: Examples) -> None:
    """What there was stays, the rest is made, and nothing is there twice: the plan after it is empty."""
    halves = examples.complete.result()
    now = set(halves.example.run("state", "list").stdout.split())
    assert set(halves.kept) < now
    assert len(halves.kept) > 20
    vpcs = halves.example.aws.client("ec2").describe_vpcs(
        Filters=[{"Name": "tag:Name", "Values": ["nimbus-complete-existing"]}]
    )
    assert len(vpcs["Vpcs"]) == 1


@pytest.mark.parametrize("name", ["minimal", "complete"])
def test_checkov_finds_nothing_in_what_is_rendered(name: str, examples: Examples, tmp_path: Path) -> None:
    """Every value is known then, those of containers too; what is skipped has its reason in the file."""
    applied: Example = getattr(examples, name).result().example
    plan = tmp_path / "plan.json"
    plan.write_text(applied.planned(), encoding="utf-8")
    root = applied.place.parents[1]
    found = checkov.report(
        "--file", plan, "--framework", "terraform_plan", "--repo-root-for-plan-enrichment", str(root)
    )
    assert found.failed == set()
    assert found.unread == 0
    checked = {check for check, resource in found.passed if "aws_ecs_task_definition" in resource}
    assert checked >= _OF_CONTAINERS
