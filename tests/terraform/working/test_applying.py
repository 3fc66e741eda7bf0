"""Two that apply at once, and one that is killed: the lock in the bucket, and the apply that comes after."""

from __future__ import annotations

import getpass

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from .applying import Examples


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
