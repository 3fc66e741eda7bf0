"""A canary as typed: begun, watched, gone on with, dropped; and killed in the middle of a run."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.faults import command
from tests.fixtures import canaries
from tests.toolkit.promotion import environments

KILLS = 4


@pytest.fixture
def project(tmp_path: Path, live_bundle: Path, same_bundle: Path, swapped_bundle: Path) -> environments.Local:
    """Return a project with a live release and two that could follow it."""
    inputs = canaries.write_inputs(tmp_path / "inputs")
    project = environments.deployed(tmp_path / "project", live_bundle, inputs)
    canaries.register(project.store, "v2", same_bundle)
    canaries.register(project.store, "worse", swapped_bundle)
    return project


def done(ended: command.Ended) -> dict[str, Any]:
    """Return what a command that succeeded has written."""
    assert ended.code == 0, ended.err
    return ended.json if ended.out else {}


def killed(project: environments.Local, run: str, files: int) -> bool:
    """Go on with a run and kill it once it has written so many files; return whether it had not ended before."""

    def written() -> int:
        return sum(path.is_file() for path in project.store.root.rglob("*"))

    before = written()
    process = project.start("redrive", run, "--json")
    command.wait_until(lambda: process.poll() is not None or written() >= before + files, "it writes")
    going = process.poll() is None
    command.kill_group(process)
    process.communicate()
    return going


def test_a_canary_goes_from_a_share_to_the_whole(project: environments.Local) -> None:
    """5, then 25 once a run was good, then 100: the release is live, and live's last own dataset is noted."""
    first = done(project.nimbus("run", "--json"))["run"]
    done(project.nimbus("promote", "v2", "--canary", "5", "--yes", "--json"))
    before = done(project.nimbus("canary", "status", "--json"))
    assert (before["canary"]["candidate"]["percent"], before["next"], before["canary"]["runs"]) == (5, None, [])
    assert done(project.nimbus("run", "--json"))["candidate"] == {"release": "v2", "kept": True}
    after = done(project.nimbus("canary", "status", "--json"))
    (shared,) = after["canary"]["runs"]
    assert (shared["shards"], shared["of"], shared["verdict"]["kept"], after["next"]) == (1, 8, True, 25)
    done(project.nimbus("promote", "v2", "--canary", "25", "--yes", "--json"))
    done(project.nimbus("run", "--json"))
    assert done(project.nimbus("canary", "status", "--json"))["next"] == 100
    done(project.nimbus("promote", "v2", "--canary", "100", "--yes", "--json"))
    state = canaries.state(project.store.root)
    assert (state.release, state.previous, state.candidate, state.datasets) == ("v2", "v1", None, {"v1": first})
    assert state.entry.reason == "gate: none, shadow: none yet"
    shown = project.nimbus("canary", "status")
    assert "No candidate; v2 is live." in shown.out


def test_a_rollback_during_a_canary_takes_its_rows_back(project: environments.Local) -> None:
    """To the last dataset without any of them."""
    first = done(project.nimbus("run", "--json"))["run"]
    done(project.nimbus("promote", "v2", "--canary", "25", "--yes", "--json"))
    done(project.nimbus("run", "--json"))
    assert canaries.state(project.store.root).dataset != first
    told = project.nimbus("rollback", "--yes")
    assert "`nimbus promote v2 --canary 25` begins the canary again" in told.err
    state = canaries.state(project.store.root)
    assert (state.release, state.candidate, state.dataset) == ("v1", None, first)
    assert [run["release"] for run in done(project.nimbus("canary", "status", "--json"))["canary"]["runs"]] == ["v2"]
    done(project.nimbus("promote", "worse", "--canary", "25", "--yes", "--json"))
    another = done(project.nimbus("canary", "status", "--json"))
    assert (another["canary"]["runs"], another["next"]) == ([], None)  # what v2 did well says nothing of this one
    back = done(project.nimbus("rollback", "--yes", "--rescore", "--json"))  # one object
    assert (back["release"], back["rescored"]["release"], back["rescored"]["publication"]) == ("v1", "v1", "published")


def test_a_candidate_that_was_dropped_is_told_of(project: environments.Local) -> None:
    """By the run that dropped it: which rule, which figures."""
    done(project.nimbus("promote", "worse", "--canary", "25", "--yes", "--json"))
    assert "Canary: worse was dropped, and live scored its 2 of 8 shards again" in project.nimbus("run").err
    shown = project.nimbus("canary", "status")
    assert shown.code == 0, shown.err
    assert "No candidate; v1 is live." in shown.out
    assert "the last was dropped" in shown.out
    assert "BEYOND  mix of entities" in shown.out
    told = done(project.nimbus("canary", "status", "--json"))
    assert (told["canary"]["dropped"]["action"], told["canary"]["candidate"]) == ("drop", None)


def test_a_candidate_is_dropped_by_hand_once(project: environments.Local) -> None:
    """A second time there is none."""
    done(project.nimbus("promote", "v2", "--canary", "25", "--yes", "--json"))
    assert done(project.nimbus("canary", "drop", "--yes", "--reason", "enough", "--json"))["dropped"] == "v2"
    assert canaries.state(project.store.root).entry.reason == "enough"
    again = project.nimbus("canary", "drop", "--yes", "--json")
    assert (again.code, "no candidate to drop" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("v1", "--canary", "5"), "live already"),
        (("v3", "--canary", "5"), "no such release"),
        (("v2", "--canary", "0"), "0 is not in the range"),
    ],
)
def test_a_canary_that_cannot_be_is_refused(
    project: environments.Local, arguments: tuple[str, ...], words: str
) -> None:
    """In words, with nothing changed."""
    before = canaries.state(project.store.root)
    ended = project.nimbus("promote", *arguments, "--yes")
    assert ended.code in (1, 2)
    assert words in ended.err
    assert canaries.state(project.store.root) == before


def test_two_candidates_at_once_are_refused(project: environments.Local) -> None:
    """The first has to be promoted or dropped."""
    done(project.nimbus("promote", "v2", "--canary", "5", "--yes", "--json"))
    ended = project.nimbus("promote", "worse", "--canary", "5", "--yes")
    assert (ended.code, "another release is in its canary" in ended.err) == (2, True)


@pytest.mark.parametrize("candidate", ["v2", "worse"])
def test_a_run_with_a_candidate_that_is_killed_gives_the_same_bytes(
    project: environments.Local, tmp_path: Path, candidate: str
) -> None:
    """Kept or dropped: wherever it is killed, what is published is what an undisturbed run publishes."""
    done(project.nimbus("promote", candidate, "--canary", "25", "--yes", "--json"))
    process = project.start("run", "--json")
    root = project.store.root
    command.wait_until(lambda: list(root.glob("runs/*/plan.json")), "the run is planned")
    command.kill_group(process)
    process.communicate()
    (run,) = command.names(root / "runs")
    undisturbed = environments.Local(tmp_path / "undisturbed")
    shutil.copytree(project.folder, undisturbed.folder)
    done(undisturbed.nimbus("redrive", run, "--json"))
    rng, kills = random.Random(candidate), 0
    while kills < KILLS and not (root / "runs" / run / "run.json").exists():
        kills += killed(project, run, rng.randint(1, 4))
    if canaries.state(root).dataset != run:
        done(project.nimbus("redrive", run, "--json"))
    assert kills > 0
    records = [json.loads((p.store.root / "runs" / run / "run.json").read_bytes()) for p in (project, undisturbed)]
    for name in ("rows", "features", "quarantine", "counts", "candidate"):
        assert records[0][name] == records[1][name]
    assert records[0]["candidate"] == ("v2" if candidate == "v2" else None)
    states = [canaries.state(p.store.root) for p in (project, undisturbed)]
    assert states[0].candidate == states[1].candidate
    assert states[0].dataset == states[1].dataset == run
