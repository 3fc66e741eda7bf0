"""What Terraform applied really runs: from the schedule to the published dataset, on the local AWS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus_runtime.contract import paths
from tests.aws.fargate.faults import Interrupted
from tests.aws.scheduler.faults import DeliveredTwice
from tests.tasks.datasets import rows

from .pipeline import RUN, Pipeline, pause


def test_a_schedule_publishes_the_bytes_of_one_machine(pipeline: Pipeline, tmp_path: Path) -> None:
    """The schedule fires, eight shards are scored by eight tasks, and the dataset is that of `nimbus run`."""
    pipeline.image(NIMBUS_ALONE_SECONDS="0", NIMBUS_BATCH_SECONDS="0.000000001")
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == {"candidate": False, "error": "", "outcome": "fan_out", "run": RUN}
    assert pipeline.dataset == RUN
    assert rows(pipeline.store, RUN) == pipeline.alone(tmp_path / "alone")


def test_a_small_run_takes_one_task(pipeline: Pipeline) -> None:
    """The task that plans it does it all."""
    pipeline.image()
    ended = pipeline.start(kind="manual")
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["outcome"] == "done"
    assert json.loads(ended["output"])["run"] in pipeline.store.names(paths.RUNS)
    assert pipeline.store.names(f"executions/{ended['name']}") == ["begun.json", "dispatch.json"]


def test_a_paused_pipeline_does_nothing_and_says_so(pipeline: Pipeline) -> None:
    """The schedule goes on firing; live.json says that nothing is to be done."""
    pipeline.image()
    pause(pipeline)
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["outcome"] == "paused"
    assert pipeline.store.names(paths.RUNS) == []


def test_two_deliveries_at_one_instant_are_one_run_and_one_claim(pipeline: Pipeline) -> None:
    """A schedule is delivered at least once: the second execution ends as a duplicate, and changes nothing."""
    pipeline.image(NIMBUS_ALONE_SECONDS="0")
    pipeline.aws.faults.add(DeliveredTwice())
    outcomes = sorted(json.loads(ended["output"])["outcome"] for ended in pipeline.fire())
    assert outcomes == ["duplicate", "fan_out"]
    assert pipeline.store.names(paths.RUNS) == [RUN]
    assert "claims" not in pipeline.store.names(f"{paths.RUNS}/{RUN}")


def test_a_worker_that_spot_takes_away_is_replaced_on_demand(pipeline: Pipeline) -> None:
    """What it had not committed is done by the next attempt, and the run is published."""
    pipeline.image(NIMBUS_ALONE_SECONDS="0")
    pipeline.aws.faults.add(Interrupted(provider="FARGATE_SPOT"))
    (ended,) = pipeline.fire()
    assert ended["status"] == "SUCCEEDED", ended
    assert pipeline.dataset == RUN
    told = [(task["capacityProviderName"], str(task["overrides"])) for task in pipeline.tasks()]
    scored = [provider for provider, given in told if "NIMBUS_SHARDS" in given and ended["executionArn"] in given]
    assert sorted(scored) == ["FARGATE", "FARGATE_SPOT"]
