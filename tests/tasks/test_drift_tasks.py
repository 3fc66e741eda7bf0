"""Rules of drift in the cloud: the task that publishes a run compares it, prints the metric, and never fails by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nimbus_runtime import evidence
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.drift import Baseline, Source, Thresholds
from nimbus_runtime.contract.records import Release, Run
from nimbus_runtime.drift import baselines
from nimbus_runtime.store import DirectoryStore
from nimbus_runtime.tasks.plan import plan_task
from nimbus_runtime.tasks.settings import TaskSettings

from .test_tasks import RELEASE, Known, bundle, inputs, root, settings

__all__ = ["bundle", "inputs", "root", "settings"]


@pytest.fixture
def task(settings: TaskSettings, monkeypatch: pytest.MonkeyPatch) -> TaskSettings:
    """Return the settings of a task in an environment."""
    monkeypatch.setenv("NIMBUS_ENVIRONMENT", "production")
    monkeypatch.setenv("NIMBUS_PIPELINE", "support")
    return settings


def run_of(store: DirectoryStore, name: str) -> Run:
    """Return the record of a finished run."""
    return codec.decode(Run, store.read(paths.dataset(name)) or b"", name)


def with_baseline(task: TaskSettings, store: DirectoryStore) -> Baseline:
    """Make a first run, and it what later ones are compared with."""
    first = run_of(store, plan_task(task, Known()).run)
    release = codec.decode(Release, store.read(paths.release(RELEASE)) or b"", RELEASE)
    few = Thresholds(documents=100)
    taken = [(store, first)]
    return baselines.create(store, "good", taken, release, source=Source.RUNS, actor="a test", thresholds=few)


def next_day(task: TaskSettings) -> TaskSettings:
    """Return the settings of the next day's run."""
    time = (task.scheduled_time or datetime.now(UTC)) + timedelta(days=1)
    return replace(task, scheduled_time=time, execution=f"{task.execution}-{time:%d}")


def metrics(out: str) -> list[dict[str, object]]:
    """Return the lines that hold a ratio of drift."""
    return [line for line in map(json.loads, out.splitlines()) if "DriftRatio" in line]


def longer(folder: Path) -> None:
    """Write inputs in which every text is five times as long."""
    for file in folder.glob("*.jsonl"):
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        changed = [json.dumps(line | {"text": f"{line['text']} . " * 5}) + "\n" for line in lines]
        file.write_text("".join(changed), encoding="utf-8")


def test_a_run_that_drifted_raises_the_metric_above_one(
    task: TaskSettings, root: DirectoryStore, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With numpy alone; the alarm is on values above 1, and evidence of the release says why."""
    before = {file: file.read_bytes() for file in inputs.glob("*.jsonl")}
    with_baseline(task, root)
    assert metrics(capsys.readouterr().out) == []
    calm = plan_task(next_day(task), Known())
    (line,) = metrics(capsys.readouterr().out)
    assert line["run"] == calm.run
    assert float(str(line["DriftRatio"])) <= 1
    try:
        longer(inputs)
        drifted = plan_task(next_day(next_day(task)), Known())
    finally:
        for file, content in before.items():
            file.write_bytes(content)
    out = capsys.readouterr().out
    (line,) = metrics(out)
    assert (line["run"], line["Environment"], line["Pipeline"]) == (drifted.run, "production", "support")
    assert float(str(line["DriftRatio"])) > 1
    assert "Anna" not in out
    kept = [evidence.read(root, RELEASE, name) for name in evidence.names(root, RELEASE, "drift")]
    assert [each.outcome for each in kept] == ["none", "material"]


def test_a_run_that_cannot_be_compared_is_published_all_the_same(
    task: TaskSettings, root: DirectoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged baseline is told in the log; no metric is invented."""
    made = with_baseline(task, root)
    root.path(paths.baseline_data(made.parts[0].sample.file)).write_bytes(b"broken")
    dispatch = plan_task(next_day(task), Known())
    out = capsys.readouterr().out
    assert run_of(root, dispatch.run).counts.scored == 160
    assert "drift_unknown" in out
    assert metrics(out) == []
