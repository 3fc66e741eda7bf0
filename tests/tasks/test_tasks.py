"""Rules of the tasks that a state machine starts: they leave what `nimbus run` leaves, however often they start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nimbus_runtime import live
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import InputChangedError, NimbusError, UsageError, WorkerLostError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import (
    AttemptEnd,
    Dispatch,
    Ending,
    Execution,
    Job,
    Live,
    Outcome,
    OutputFormat,
    Release,
    RunKind,
)
from nimbus_runtime.store import DirectoryStore
from nimbus_runtime.tasks import failure
from nimbus_runtime.tasks.commit import commit_task
from nimbus_runtime.tasks.plan import plan_task
from nimbus_runtime.tasks.score import score_task
from nimbus_runtime.tasks.settings import TaskSettings, read_settings
from tests.faults import bundles, command

from .datasets import rows, write_inputs

RELEASE = "support-1"


@dataclass
class Known:
    """Executions that still run."""

    going: set[str] = field(default_factory=set)

    def running(self, execution: Execution) -> bool:
        """Say whether one of them is meant."""
        return execution.id in self.going


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a small bundle."""
    return bundles.build(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of eight inputs."""
    folder = tmp_path_factory.mktemp("inputs")
    write_inputs(folder)
    return folder


@pytest.fixture
def root(tmp_path: Path, bundle: bundles.Built, inputs: Path) -> DirectoryStore:
    """Return a root with a release that was deployed."""
    store = DirectoryStore(tmp_path / "root")
    job = Job((str(inputs),), Fields(id="id"), None, OutputFormat.JSONL, 0.1)
    release = Release(RELEASE, verify(bundle.path).digest, "en_pipeline", "0.0.0", "arn:task:1", job)
    store.create(paths.release(RELEASE), codec.encode(release))
    return store


@pytest.fixture
def settings(root: DirectoryStore, bundle: bundles.Built) -> TaskSettings:
    """Return the environment of a scheduled run's tasks."""
    return read_settings(
        {
            "NIMBUS_ROOT": root.location,
            "NIMBUS_BUNDLE": str(bundle.path),
            "NIMBUS_EXECUTION": "arn:aws:states:eu:1:execution:support:first",
            "NIMBUS_KIND": "scheduled",
            "NIMBUS_RELEASE": RELEASE,
            "NIMBUS_SCHEDULED_TIME": "2026-11-22T02:00:00Z",
            "NIMBUS_WORKERS": "1",
        }
    )


def due(settings: TaskSettings, hour: int, release: str = RELEASE) -> TaskSettings:
    """Return the settings of the same day's run of another hour."""
    assert settings.scheduled_time is not None
    time = settings.scheduled_time.replace(hour=hour)
    return replace(settings, scheduled_time=time, execution=f"due at {hour}", release=release)


def promote(root: DirectoryStore, release: str) -> None:
    """Make another release live, which is the first by another name."""
    known = codec.decode(Release, root.read(paths.release(RELEASE)) or b"", RELEASE)
    root.create(paths.release(release), codec.encode(replace(known, release=release)))
    live.update(root, lambda now: now and replace(now, sequence=now.sequence + 1, release=release, previous=RELEASE))


def roll_back(root: DirectoryStore, dataset: str) -> None:
    """Take release and data back."""
    live.update(
        root,
        lambda now: (
            now and replace(now, sequence=now.sequence + 1, release=RELEASE, dataset=dataset, epoch=now.epoch + 1)
        ),
    )


def published(root: DirectoryStore) -> tuple[str, str | None]:
    """Return the live release, and what readers see."""
    present = live.read(root)
    assert present is not None
    return present.release, present.dataset


def fanned_out(settings: TaskSettings) -> TaskSettings:
    """Return settings under which nothing is small, and a batch is one shard."""
    return replace(settings, alone_seconds=0.0, batch_seconds=1e-9)


def test_a_small_run_is_one_task(settings: TaskSettings, root: DirectoryStore) -> None:
    """The task that plans it scores, commits and publishes it."""
    dispatch = plan_task(settings, Known())
    assert (dispatch.outcome, dispatch.run) == (Outcome.DONE, "20261122T020000Z")
    present = live.read(root)
    assert present is not None
    assert (present.dataset, present.release) == (dispatch.run, RELEASE)
    assert root.read(paths.dispatch("first")) == codec.encode(dispatch)


def test_tasks_of_batches_give_the_bytes_of_one_machine(
    settings: TaskSettings, root: DirectoryStore, bundle: bundles.Built, inputs: Path, tmp_path: Path
) -> None:
    """Planned by one task, scored by eight, committed by another: the rows of `nimbus run`."""
    dispatch = plan_task(fanned_out(settings), Known())
    batches = json.loads(root.read(paths.batches("first")) or b"")
    assert dispatch.outcome is Outcome.FAN_OUT
    assert [batch["shards"] for batch in batches] == [str(number) for number in range(8)]
    assert {batch["task_definition"] for batch in batches} == {"arn:task:1"}
    for batch in reversed(batches):
        shards = tuple(map(int, batch["shards"].split(",")))
        assert score_task(replace(settings, run=dispatch.run, shards=shards)) == 1
        assert score_task(replace(settings, run=dispatch.run, shards=shards)) == 0
    assert commit_task(replace(settings, run=dispatch.run)) is live.Publication.PUBLISHED
    assert commit_task(replace(settings, run=dispatch.run)) is live.Publication.PUBLISHED
    alone = tmp_path / "alone"
    ended = command.run(inputs, "--id-field", "id", "--format", "jsonl", root=alone, bundle=bundle)
    assert ended.code == 0, ended.err
    assert rows(root, dispatch.run) == rows(DirectoryStore(alone), ended.json["run"])


def test_a_second_delivery_finds_the_claim(settings: TaskSettings, root: DirectoryStore) -> None:
    """While the first execution runs, a second of the same time ends as a duplicate and changes nothing."""
    first = plan_task(fanned_out(settings), Known())
    second = replace(fanned_out(settings), execution="arn:aws:states:eu:1:execution:support:second")
    dispatch = plan_task(second, Known({settings.execution}))
    assert (dispatch.outcome, dispatch.run) == (Outcome.DUPLICATE, first.run)
    assert root.read(paths.batches("second")) is None


def test_the_run_of_an_execution_that_died_is_taken_over(settings: TaskSettings, root: DirectoryStore) -> None:
    """A later execution does what is missing, under the next claim."""
    first = plan_task(fanned_out(settings), Known())
    score_task(replace(settings, run=first.run, shards=(0, 1, 2)))
    second = replace(fanned_out(settings), execution="arn:aws:states:eu:1:execution:support:second")
    dispatch = plan_task(second, Known())
    assert dispatch.outcome is Outcome.FAN_OUT
    batches = json.loads(root.read(paths.batches("second")) or b"")
    assert [batch["shards"] for batch in batches] == ["3", "4", "5", "6", "7"]
    assert root.read(paths.claim(first.run, 2)) is not None
    assert root.read(paths.attempt_end(first.run, 1)) is not None


def test_a_task_that_is_started_again_decides_the_same(settings: TaskSettings, root: DirectoryStore) -> None:
    """A retried plan continues its own run, also one that is due when it is asked for."""
    manual = replace(fanned_out(settings), scheduled_time=None, kind=type(settings.kind).MANUAL)
    first = plan_task(manual, Known())
    root.path(paths.dispatch("first")).unlink()  # as if the task had died just before it
    assert plan_task(manual, Known({manual.execution})) == first
    assert root.names(paths.RUNS) == [first.run]


def test_a_paused_pipeline_does_nothing_by_schedule(settings: TaskSettings, root: DirectoryStore) -> None:
    """It says so; a run by hand still goes."""
    plan_task(replace(settings, execution="earlier"), Known())
    live.update(root, lambda present: replace(present, paused=True) if isinstance(present, Live) else None)
    later = replace(settings, scheduled_time=settings.scheduled_time.replace(hour=3))  # type: ignore[union-attr]
    assert plan_task(later, Known()).outcome is Outcome.PAUSED
    assert root.read(paths.paused("20261122T030000Z")) is not None  # by the run's name, for the watch
    manual = replace(later, kind=type(settings.kind).MANUAL, execution="by hand")
    assert plan_task(manual, Known()).outcome is Outcome.DONE


def test_a_run_waits_for_its_turn_or_overlaps_without_harm(settings: TaskSettings, root: DirectoryStore) -> None:
    """As configured; a wait is asked again, and a late run never replaces a newer dataset."""
    first = plan_task(fanned_out(settings), Known())
    later = replace(
        settings,
        scheduled_time=settings.scheduled_time.replace(hour=3),  # type: ignore[union-attr]
        execution="later",
    )
    assert plan_task(later, Known({settings.execution})).outcome is Outcome.WAIT
    assert root.read(paths.dispatch("later")) is None
    second = plan_task(replace(later, waits=False), Known({settings.execution}))
    assert second.outcome is Outcome.DONE
    score_task(replace(settings, run=first.run, shards=tuple(range(8))))
    assert commit_task(replace(settings, run=first.run)) is live.Publication.SUPERSEDED
    present = live.read(root)
    assert present is not None
    assert present.dataset == second.run


def test_runs_that_wait_for_one_go_one_by_one(settings: TaskSettings, root: DirectoryStore) -> None:
    """Whichever asks first when it has ended; the other waits for that one, though it was due before."""
    first = fanned_out(settings)
    second, third = (due(first, hour) for hour in (3, 4))
    plan_task(first, Known())
    waiting = Known({first.execution, second.execution, third.execution})
    assert [plan_task(one, waiting).outcome for one in (second, third)] == [Outcome.WAIT] * 2
    waiting.going.remove(first.execution)
    assert plan_task(third, waiting).outcome is Outcome.FAN_OUT
    assert plan_task(second, waiting).outcome is Outcome.WAIT
    waiting.going.remove(third.execution)
    assert plan_task(second, waiting).outcome is Outcome.FAN_OUT
    assert root.names(paths.RUNS) == ["20261122T020000Z", "20261122T030000Z", "20261122T040000Z"]


def test_what_began_while_a_run_was_planned_goes_before_it(settings: TaskSettings, root: DirectoryStore) -> None:
    """Reading bundle and inputs takes its time: who goes is asked again before there is a plan."""
    first, second = fanned_out(settings), due(settings, 3)
    plan_task(first, Known())

    class Meanwhile(Known):
        looks = 0

        def running(self, execution: Execution) -> bool:
            self.looks += 1
            return self.looks > 1 or super().running(execution)

    assert plan_task(second, Meanwhile()).outcome is Outcome.WAIT
    assert root.names(paths.RUNS) == ["20261122T020000Z"]
    assert plan_task(second, Known()).outcome is Outcome.DONE


def test_a_run_that_waited_is_of_what_is_live_when_it_is_planned(settings: TaskSettings, root: DirectoryStore) -> None:
    """Not of the release that was live when it first asked: that was taken back meanwhile."""
    before = plan_task(settings, Known())
    promote(root, "bad")
    going, later = fanned_out(due(settings, 3, "bad")), due(settings, 4, "bad")
    plan_task(going, Known())
    assert plan_task(later, Known({going.execution})).outcome is Outcome.WAIT
    roll_back(root, before.run)
    assert plan_task(later, Known()).outcome is Outcome.WAIT  # until the state machine has read what is live
    assert root.names(paths.RUNS) == [before.run, "20261122T030000Z"]
    done = plan_task(replace(later, release=RELEASE), Known())
    assert done.outcome is Outcome.DONE
    assert published(root) == (RELEASE, done.run)


def test_a_rollback_while_a_run_is_planned_fences_it(settings: TaskSettings, root: DirectoryStore) -> None:
    """Its epoch is of the same look at live.json as its release."""
    before = plan_task(settings, Known())
    promote(root, "bad")
    going, later = fanned_out(due(settings, 3, "bad")), due(settings, 4, "bad")
    plan_task(going, Known())

    class Meanwhile(Known):
        def running(self, execution: Execution) -> bool:
            roll_back(root, before.run)
            return super().running(execution)

    assert plan_task(later, Meanwhile()).outcome is Outcome.DONE
    assert root.read(paths.dataset("20261122T040000Z")) is not None
    assert published(root) == (RELEASE, before.run)


def test_a_run_of_a_named_release_that_waited_through_a_rollback_is_not_published(
    settings: TaskSettings, root: DirectoryStore
) -> None:
    """It is the release that was asked for, and of the time when it was."""
    before = plan_task(settings, Known())
    promote(root, "bad")
    going, named = fanned_out(due(settings, 3, "bad")), replace(due(settings, 4, "bad"), requested=True)
    plan_task(going, Known())
    assert plan_task(named, Known({going.execution})).outcome is Outcome.WAIT
    roll_back(root, before.run)
    assert plan_task(named, Known()).outcome is Outcome.DONE
    assert root.read(paths.dataset("20261122T040000Z")) is not None
    assert published(root) == (RELEASE, before.run)


def test_a_rollback_before_the_first_task_of_a_run_of_a_named_release_fences_it(
    settings: TaskSettings, root: DirectoryStore
) -> None:
    """A task takes a minute to start: the epoch is that of the execution's first look at live.json."""
    before = plan_task(settings, Known())
    promote(root, "bad")
    named = replace(due(settings, 4, "bad"), requested=True, epoch=0)
    roll_back(root, before.run)
    assert plan_task(named, Known()).outcome is Outcome.DONE
    assert published(root) == (RELEASE, before.run)


def test_a_run_that_is_not_due_yet_is_refused(settings: TaskSettings, root: DirectoryStore) -> None:
    """Before anything is planned; but whatever a schedule delivers is due, and what was planned is gone on with."""
    typed = replace(due(settings, 2), kind=RunKind.MANUAL, scheduled_time=datetime(2999, 11, 22, 2, tzinfo=UTC))
    with pytest.raises(UsageError, match="has not come yet"):
        plan_task(typed, Known())
    assert root.names(paths.RUNS) == []
    soon = replace(typed, scheduled_time=datetime.now(UTC) + timedelta(seconds=20), execution="soon")
    assert plan_task(soon, Known()).outcome is Outcome.DONE  # clocks differ
    delivered = plan_task(replace(fanned_out(typed), kind=RunKind.SCHEDULED), Known())
    assert plan_task(replace(typed, run=delivered.run, execution="again"), Known()).outcome is Outcome.DONE


def test_a_deadline_ends_a_task_and_keeps_what_is_done(settings: TaskSettings) -> None:
    """It is a failure, so that the next attempt does the rest."""
    dispatch = plan_task(fanned_out(settings), Known())
    with pytest.raises(NimbusError, match="its deadline"):
        score_task(replace(settings, run=dispatch.run, shards=tuple(range(8)), deadline=0.05))
    score_task(replace(settings, run=dispatch.run, shards=tuple(range(8))))
    assert commit_task(replace(settings, run=dispatch.run)) is live.Publication.PUBLISHED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NIMBUS_ROOT", ""),
        ("NIMBUS_EXECUTION", ""),
        ("NIMBUS_KIND", "sometimes"),
        ("NIMBUS_EPOCH", "late"),
        ("NIMBUS_EPOCH", "²"),
        ("NIMBUS_SCHEDULED_TIME", "tomorrow"),
        ("NIMBUS_SHARDS", "1-"),
        ("NIMBUS_WORKERS", "0"),
        ("NIMBUS_WORKERS", "²"),
        ("NIMBUS_DEADLINE_SECONDS", "soon"),
    ],
)
def test_a_wrong_environment_is_named(name: str, value: str) -> None:
    """Each variable that is missing or wrong is an error with its name."""
    whole = {"NIMBUS_ROOT": "s3://b/p", "NIMBUS_EXECUTION": "e", name: value}
    with pytest.raises(UsageError, match=name):
        read_settings(whole)


def test_the_entry_point_says_what_it_did_and_how_it_ended(settings: TaskSettings, bundle: bundles.Built) -> None:
    """One JSON object a line; exit code 0 for what is done, or has left that it would fail again."""
    environment = {
        **os.environ,
        "NIMBUS_ROOT": settings.root,
        "NIMBUS_BUNDLE": str(bundle.path),
        "NIMBUS_EXECUTION": "by-hand",
        "NIMBUS_RELEASE": RELEASE,
        "NIMBUS_WORKERS": "1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    command = [sys.executable, "-m", "nimbus_runtime", "plan"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "done"
    wrong = {"NIMBUS_RELEASE": "gone", "NIMBUS_REQUESTED_RELEASE": "gone"}
    for code, told in (
        (0, {**wrong, "NIMBUS_EXECUTION": "x"}),
        (1, {**wrong, "NIMBUS_EXECUTION": ""}),  # nowhere to leave it
        (1, {**wrong, "NIMBUS_EXECUTION": "y", "NIMBUS_ROOT": "/dev/null/root"}),
    ):
        failed = subprocess.run(command, env={**environment, **told}, capture_output=True, text=True, check=False)
        assert failed.returncode == code
        assert not failed.stderr
    left = codec.decode(Dispatch, DirectoryStore(Path(settings.root)).read(paths.dispatch("x")) or b"", "x")
    assert (left.outcome, left.error) == (Outcome.FAILED, "UsageError")
    assert re.fullmatch(r"\d{8}T\d{6}Z-\w{6}", left.run)
    scoring = [*command[:-1], "score"]
    lost = {"NIMBUS_EXECUTION": "z", "NIMBUS_RUN": "19990101T000000Z", "NIMBUS_SHARDS": "0"}
    assert subprocess.run(scoring, env={**environment, **lost}, capture_output=True, check=False).returncode == 4


def test_a_failure_that_would_come_again_is_left_for_the_state_machine(
    settings: TaskSettings, root: DirectoryStore
) -> None:
    """Its class, and the words as the attempt's end; what another attempt may do better is not."""
    run = plan_task(fanned_out(settings), Known()).run
    told = {"NIMBUS_ROOT": settings.root, "NIMBUS_EXECUTION": settings.execution, "NIMBUS_RUN": run}
    assert not failure.leave("commit", WorkerLostError("worker processes keep ending"), told)
    assert root.read(paths.failure("first")) is None
    other = {**told, "NIMBUS_EXECUTION": "another's"}
    assert failure.leave("commit", InputChangedError("an input has changed"), other)
    assert root.read(paths.attempt_end(run, 1)) is None
    assert failure.leave("commit", InputChangedError("an input has changed"), told)
    left = codec.decode(Dispatch, root.read(paths.failure("first")) or b"", "first")
    assert left == Dispatch(Outcome.FAILED, run, error="InputChangedError")
    ended = codec.decode(AttemptEnd, root.read(paths.attempt_end(run, 1)) or b"", run)
    assert (ended.ending, ended.error["what"]) == (Ending.FAILED, "an input has changed")
    assert plan_task(replace(fanned_out(settings), run=run, execution="redrive"), Known()).outcome is Outcome.FAN_OUT
