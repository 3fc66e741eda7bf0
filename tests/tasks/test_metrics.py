"""Rules of the figures that tasks print for CloudWatch: every run's, by the contract's names, and no text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nimbus_runtime import metrics
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import QuarantineExceededError
from nimbus_runtime.contract.records import Release
from nimbus_runtime.store import DirectoryStore
from nimbus_runtime.tasks.commit import commit_task
from nimbus_runtime.tasks.plan import plan_task
from nimbus_runtime.tasks.settings import TaskSettings

from .test_tasks import RELEASE, Known, bundle, fanned_out, inputs, root, settings

__all__ = ["bundle", "inputs", "root", "settings"]
BROKEN = b'{"id": "9-1", "text": "Anna whispered"}\n{"id": "9-2", "text": null}\n'


@pytest.fixture
def task(settings: TaskSettings, monkeypatch: pytest.MonkeyPatch) -> TaskSettings:
    """Return the settings of a task in an environment."""
    monkeypatch.setenv("NIMBUS_ENVIRONMENT", "production")
    monkeypatch.setenv("NIMBUS_PIPELINE", "support")
    return replace(settings, task_hour_usd=0.09874)


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Return the objects that hold metrics, line by line."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line]


def test_a_line_is_in_the_embedded_format() -> None:
    """Namespace, dimensions, names and units of the contract; every name that is declared has a number."""
    time = datetime(2026, 11, 22, 2, tzinfo=UTC)
    line = json.loads(metrics.line({"drift_ratio": 1.5, "run_seconds": 60}, "production", "support", "r", time))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == 1795312800000
    assert directive == {
        "Namespace": "Nimbus",
        "Dimensions": [["Environment", "Pipeline"]],
        "Metrics": [{"Name": "DriftRatio", "Unit": "None"}, {"Name": "RunSeconds", "Unit": "Seconds"}],
    }
    assert (line["Environment"], line["Pipeline"]) == ("production", "support")
    assert (line["DriftRatio"], line["RunSeconds"]) == (1.5, 60)


def test_a_figure_that_the_contract_does_not_have_is_refused() -> None:
    """No alarm and no dashboard would ever see it."""
    with pytest.raises(KeyError, match="happiness"):
        metrics.line({"happiness": 1}, "production", "support", "r", datetime.now(UTC))


def test_the_task_that_publishes_a_run_prints_its_figures_once(
    task: TaskSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small run's planner does; started again, it prints none that would be counted twice."""
    dispatch = plan_task(task, Known())
    (line,) = printed(capsys)
    assert (line["run"], line["DocumentsScored"], line["DocumentsQuarantined"]) == (dispatch.run, 160, 0)
    assert line["QuarantinePercent"] == 0
    for name in ("DocumentsPerSecond", "RunSeconds", "RunCostUSD"):
        assert isinstance(line[name], float)
        assert line[name] > 0
    commit_task(replace(task, run=dispatch.run))
    assert printed(capsys) == []


def test_a_run_that_is_not_published_for_its_quarantine_prints_how_much_that_was(
    task: TaskSettings, root: DirectoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """The alarm needs it most then; and no text of a document is in the log."""
    folder = root.path("broken")
    folder.mkdir()
    (folder / "0.jsonl").write_bytes(BROKEN)
    release = codec.decode(Release, root.read(paths.release(RELEASE)) or b"", RELEASE)
    assert release.job is not None
    broken = replace(release, release="broken", job=replace(release.job, inputs=(str(folder),)))
    root.create(paths.release("broken"), codec.encode(broken))
    with pytest.raises(QuarantineExceededError):
        plan_task(replace(task, release="broken", requested=True), Known())
    out = capsys.readouterr().out
    (line,) = [json.loads(line) for line in out.splitlines() if "_aws" in line]
    assert (line["DocumentsScored"], line["DocumentsQuarantined"], line["QuarantinePercent"]) == (1, 1, 50)
    assert not re.search("whispered", out)


def test_a_run_on_one_machine_prints_none(settings: TaskSettings, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no environment is named, nobody reads them."""
    plan_task(fanned_out(settings), Known())
    plan_task(replace(settings, execution="later"), Known())
    assert printed(capsys) == []
