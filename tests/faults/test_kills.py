"""kill -9 anywhere loses nothing and doubles nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from . import bundles, command, killing, texts

KILLS, SEED = 12, 3


def test_killed_and_resumed_runs_publish_what_an_undisturbed_run_does(plain: bundles.Built, tmp_path: Path) -> None:
    """However often the tree, the supervisor or a worker is killed, the files are the same by content and order."""
    campaign = killing.Campaign(plain, texts.many(tmp_path / "inputs", files=6, documents=30), tmp_path, SEED)
    summary = campaign.kill(KILLS)
    assert summary.kills == KILLS
    assert summary.different == [], summary


def test_a_worker_that_is_killed_while_the_run_is_planned_is_replaced(plain: bundles.Built, root: Path) -> None:
    """An order to a worker that is gone does not end the supervisor."""
    process = command.start("run", "-", "-o", root, "--workers", "1", "--json", bundle=plain, stdin=subprocess.PIPE)
    command.wait_until(lambda: command.workers(process), "the worker has started")
    (worker,) = command.workers(process)
    worker.kill()
    command.wait_until(lambda: worker.status() == psutil.STATUS_ZOMBIE, "the worker has ended")
    done = command.ended(process, f'{{"text": "{texts.SCORED}"}}\n')
    assert (done.code, done.json["scored"]) == (0, 1)
    assert "signal SIGKILL" not in done.out


@pytest.fixture(scope="module")
def two_runs(plain: bundles.Built, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a root with two published runs over the same input, and the second one's name."""
    folder = tmp_path_factory.mktemp("two")
    inputs = texts.many(folder / "inputs", files=3, documents=20)
    for _ in range(2):
        done = command.run(inputs, "--id-field", "id", root=folder / "root", bundle=plain)
        assert done.code == 0, done.err
    return folder / "root", done.json["run"]


def _without_run_json(root: Path, run: str) -> None:
    _without_live_json(root, run)
    (root / "runs" / run / "run.json").unlink()


def _without_live_json(root: Path, run: str) -> None:
    _with_ledger_alone(root, run)
    (root / "ledger" / "00000001.json").unlink()


def _with_ledger_alone(root: Path, run: str) -> None:
    del run
    shutil.copy(root / "ledger" / "00000001.json", root / "live.json")


def _with_output_alone(root: Path, run: str) -> None:
    _without_run_json(root, run)
    (record,) = (root / "runs" / run / "commits").glob("*/0000001.json")
    record.unlink()


def _with_half_a_file(root: Path, run: str) -> None:
    _with_output_alone(root, run)
    left = root / ".staging" / "1-00"
    left.write_bytes(b"half")
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))


@pytest.mark.parametrize(
    "interrupted",
    [_without_run_json, _without_live_json, _with_ledger_alone, _with_output_alone, _with_half_a_file],
)
def test_a_run_that_ended_between_two_records_is_completed(
    two_runs: tuple[Path, str], tmp_path: Path, interrupted: Callable[[Path, str], None]
) -> None:
    """Each state between two records leads to the dataset, and to one entry in the ledger for each change."""
    finished, run = two_runs
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    interrupted(root, run)
    assert (command.live(root) or {})["dataset"] != run
    done = command.nimbus("run", "-o", root, "--workers", "1", "--resume", "--json")
    assert (done.code, done.json["run"], done.json["publication"]) == (0, run, "published"), done.err
    assert command.content(root, run) == command.content(finished, run)
    assert (command.live(root) or {})["sequence"] == 2
    assert command.names(root / "ledger") == ["00000001.json"]
    assert [n for n in command.names(root / ".staging") if not n.endswith(".lock")] == []
    command.check_root(root)


def test_the_newest_dataset_is_not_lost_where_two_runs_began_in_one_second(
    two_runs: tuple[Path, str], tmp_path: Path
) -> None:
    """Which run is later is told by the scheduled time, not by the random end of its name."""
    finished, run = two_runs
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    _without_live_json(root, run)
    for name in ("plan.json", "run.json"):
        place = root / "runs" / run / name
        place.write_text(place.read_text(encoding="utf-8").replace(run, "20000101T000000Z-0"), encoding="utf-8")
    (root / "runs" / run).rename(root / "runs" / "20000101T000000Z-0")
    done = command.nimbus("run", "-o", root, "--workers", "1", "--resume", "--json")
    assert (done.code, done.json["run"]) == (0, "20000101T000000Z-0"), done.err
