"""Two processes at one root do not get in each other's way."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nimbus_runtime import live
from nimbus_runtime.contract.records import Entry, Live
from nimbus_runtime.store import DirectoryStore

from . import bundles, command, texts

WRITERS, CHANGES = 52, 2
_FORK = multiprocessing.get_context("fork")


def test_two_runs_on_one_root_both_finish_and_the_later_one_is_live(
    plain: bundles.Built, root: Path, tmp_path: Path
) -> None:
    """Each dataset is whole and its own; whichever ends first, readers see the run that was due last."""
    inputs = [texts.many(tmp_path / name, files=2, documents=size) for name, size in (("a", 40), ("b", 60))]
    options = ["-o", root, "--workers", "1", "--id-field", "id", "--json"]
    processes = [command.start("run", given, *options, bundle=plain) for given in inputs]
    done = [command.ended(process) for process in processes]
    assert {end.code for end in done} <= {0, 3}, [end.err for end in done]
    runs = [end.json["run"] for end in done]
    times = [command.record(root / "runs" / run / "run.json")["scheduled_time"] for run in runs]
    later = runs[times.index(max(times))]
    assert (command.live(root) or {})["dataset"] == later
    assert [end.json["documents"] for end in done] == [80, 120]
    assert {end.json["publication"] for end in done} <= {"published", "superseded"}
    command.check_root(root)
    for run in runs:
        whole = command.record(root / "runs" / run / "run.json")
        listed = {file["file"] for kind in ("rows", "features", "quarantine") for file in whole[kind]}
        assert listed == set(command.names(root / "runs" / run / "data"))


def test_a_run_that_is_being_executed_is_not_taken_over(foreign: bundles.Built, root: Path, tmp_path: Path) -> None:
    """The owner is named by its process; once it is dead, exactly one of two that try goes on."""
    given = texts.write(tmp_path / "in.jsonl", [{"text": "holdzz"}])
    with command.held(tmp_path, "run", given, "-o", root, "--workers", "1", bundle=foreign) as (owner, gate):
        refused = command.nimbus("run", "-o", root, "--resume", "--json")
        assert (refused.code, refused.json["error"]) == (1, "RunOwnedError")
        assert f"process {owner.pid} on " in refused.json["got"]
        assert f"process {owner.pid} on " in refused.err
    gate.path.touch()
    again = ("run", "-o", root, "--workers", "1", "--resume", "--json")
    both = [command.start(*again, bundle=foreign, environment=gate.environment) for _ in range(2)]
    command.wait_until(lambda: any(one.poll() is not None for one in both), "one of the two is refused")
    gate.open()
    ends = sorted((command.ended(one) for one in both), key=lambda end: end.code)
    assert [end.code for end in ends] == [0, 1]
    assert ends[1].json["error"] == "RunOwnedError"
    assert command.names(root / "runs" / ends[0].json["run"] / "claims") == ["0002.json"]


def _together(count: int, work: Callable[..., None], *arguments: object) -> None:
    """Let processes do something at the same moment, and wait until all have."""
    barrier = _FORK.Barrier(count)
    processes = [_FORK.Process(target=work, args=(barrier, number, *arguments)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
    assert [process.exitcode for process in processes] == [0] * count


def _publish(barrier: multiprocessing.synchronize.Barrier, number: int, root: Path) -> None:
    store = DirectoryStore(root)
    barrier.wait()
    for turn in range(CHANGES):
        mine = f"{number}-{turn}"

        def change(present: Live | None, mine: str = mine) -> Live:
            entry = Entry("publish", "test", "now", "", mine)
            if present is None:
                return Live(1, entry, mine, datasets={mine: mine})
            datasets = {**present.datasets, mine: mine}
            return replace(present, sequence=present.sequence + 1, entry=entry, datasets=datasets)

        live.update(store, change)


def test_no_change_of_the_live_state_is_lost(root: Path) -> None:
    """However many change it at once, each change is in the last state, and each earlier state in the ledger."""
    DirectoryStore(root)
    _together(WRITERS, _publish, root)
    state = command.live(root) or {}
    assert state["sequence"] == WRITERS * CHANGES
    assert sorted(state["datasets"]) == sorted(f"{n}-{t}" for n in range(WRITERS) for t in range(CHANGES))
    states = [command.record(root / "ledger" / name) for name in command.names(root / "ledger")]
    assert [earlier["sequence"] for earlier in states] == list(range(1, WRITERS * CHANGES))
    assert len({earlier["entry"]["attempt"] for earlier in [*states, state]}) == WRITERS * CHANGES


def _create(barrier: multiprocessing.synchronize.Barrier, number: int, root: Path) -> None:
    store = DirectoryStore(root)
    barrier.wait()
    created = store.create("record.json", json.dumps(number).encode() * 1000)
    (root / f"said-{number}-{created}").touch()


def test_one_of_many_creates_a_record(root: Path) -> None:
    """Exactly one of a hundred processes is told that it did, and the record is that one's, whole."""
    DirectoryStore(root)
    _together(100, _create, root)
    (winner,) = root.glob("said-*-True")
    assert len(list(root.glob("said-*-False"))) == 99
    number = winner.name.split("-")[1]
    assert (root / "record.json").read_bytes() == json.dumps(int(number)).encode() * 1000
