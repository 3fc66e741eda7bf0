"""Runs of an environment: the same verbs and the same records, whatever executes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nimbus_runtime.contract import paths
from nimbus_tui.api.session import Session
from tests.environments import people
from tests.environments.environment import RELEASE, TEXTS, Environment
from tests.faults import command
from tests.fixtures.search_path import on_path
from tests.tui.driving import Driven, drive

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.environments.cloud import Cloud

DUE, RUN = "2024-11-22T02:00:00Z", "20241122T020000Z"


@contextmanager
def held(environment: Environment) -> Iterator[str]:
    """Start a run that holds at its last document, and return its name once the others are committed."""
    environment.write_inputs([*TEXTS, "holdzz"])
    environment.gate.path.touch()
    process = environment.start("run", "--quiet")
    try:
        command.wait_until(environment.gate.reached, "a document waits at the gate")
        command.wait_until(lambda: environment.latest().get("shards_done") == len(TEXTS), "the others are committed")
        yield environment.latest()["run"]
    finally:
        environment.gate.open()
        if process.poll() is None:
            process.wait(240)
        process.communicate()


def test_a_run_that_is_started_is_listed_with_what_it_came_to(environment: Environment) -> None:
    """By its name alone, and in the list: published, by which release, how much and how fast."""
    run = environment.run()["run"]
    latest = environment.latest()
    assert latest["run"] == run
    assert latest["standing"] == "published"
    assert latest["release"] == RELEASE
    assert (latest["shards_done"], latest["documents"], latest["quarantined"]) == (len(TEXTS), len(TEXTS), 0)
    assert latest["documents_a_second"] > 0
    assert latest["worker_seconds"] > 0
    assert environment.json("runs", run)["standing"] == "published"
    assert run in environment.nimbus("runs").out


def test_runs_of_a_load_test_are_timed_until_published_and_evidence(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several at once, each a run of its own, whose documents are counted; the release has it on record.

    One at a time where runs wait for each other, as they do on AWS. A server's key is of no concern to them.
    """
    monkeypatch.setenv("NIMBUS_API_KEY", "a key")
    asked = ("--seconds", "1", "--release", RELEASE[:-2])  # whatever is called so
    done = environment.nimbus("loadtest", "--profile", "batch", *asked, "--json")
    assert done.code == 0, done.err + done.out
    told = json.loads(done.out.splitlines()[-1])
    judged = told["judged"]
    in_turn = "one is submitted at a time" in done.err
    assert in_turn == (environment.name == "cloud")
    assert judged["finished"] >= (1 if in_turn else 2)
    assert set(judged["outcomes"]) <= {"published", "superseded", "replaced"}
    assert judged["documents"] == judged["finished"] * len(TEXTS)
    assert judged["documents_per_second"] <= 1.05 * judged["documents"] / (judged["p50"] / 1e3)  # over all of the time
    assert (told["under"], told["result"]["target"]["url"], told["evidence"]["release"]) == ("runs", None, RELEASE)
    assert len(environment.store.names(paths.RUNS)) == judged["finished"]
    assert "memory estimated" in environment.json("quote")["measured"]["source"]  # of a run: no ramp was measured


def test_what_is_published_is_listed_and_exported(environment: Environment, tmp_path: Path) -> None:
    """Paths of a folder, addresses of a bucket; and all of it as one file, wherever it lies."""
    environment.run()
    listed = environment.json("dataset")
    assert listed["scored"] == len(TEXTS)
    assert len(listed["files"]) == len(TEXTS)
    assert all(file.startswith(environment.store.location) for file in listed["files"])
    environment.json("export", "--to", str(tmp_path / "rows.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [str(number) for number in range(len(TEXTS))]


def test_a_run_that_was_due_is_made_up_for_once(environment: Environment) -> None:
    """Its name is its due time, and asking for it again does nothing."""
    first = environment.run("--scheduled-time", DUE)
    assert first["run"] == RUN
    again = environment.run("--scheduled-time", DUE)
    assert again["run"] == RUN
    assert again["outcome"] in {"duplicate", "done"}
    assert environment.store.names(paths.RUNS) == [RUN]
    assert environment.latest()["documents"] == len(TEXTS)


def test_a_paused_pipeline_begins_no_scheduled_run_and_still_runs_by_hand(environment: Environment) -> None:
    """The flag stands in live.json with who and why; to pause twice changes nothing."""
    assert environment.json("pause", "--reason", "moving house")["changed"] is True
    assert environment.json("pause")["changed"] is False
    assert environment.run("--scheduled-time", DUE)["outcome"] == "paused"
    assert environment.store.names(paths.RUNS) == []
    assert environment.json("schedule show")["paused"] is True
    manual = environment.run()["run"]
    assert environment.json("unpause")["changed"] is True
    assert environment.run("--scheduled-time", DUE)["run"] == RUN
    assert environment.store.names(paths.RUNS) == [RUN, manual]


def test_a_run_that_is_cancelled_keeps_what_it_has_and_is_gone_on_with(environment: Environment) -> None:
    """Cancelled where it stood; redriven, it does only what is missing, and publishes."""
    with held(environment) as run:
        going = environment.json("runs", run)
        assert (going["standing"], going["shards_done"], going["shards"]) == ("running", len(TEXTS), len(TEXTS) + 1)
        assert going["eta"] > 0
        refused = environment.nimbus("redrive", run)
        assert refused.code in (1, 2)
        assert environment.json("cancel", run, "--reason", "by mistake")["ended"] is True
    stopped = environment.json("runs", run)
    assert (stopped["standing"], stopped["shards_done"]) == ("cancelled", len(TEXTS))
    commits = environment.store.names(paths.commits(run, RELEASE))
    before = [environment.store.read(f"{paths.commits(run, RELEASE)}/{name}") for name in commits]
    environment.json("redrive", run, "--wait", "--quiet")
    done = environment.json("runs", run)
    assert (done["standing"], done["attempt"], done["documents"]) == ("published", 2, len(TEXTS) + 1)
    assert environment.latest()["run"] == run  # and not its first execution, as if that had planned nothing
    assert [environment.store.read(f"{paths.commits(run, RELEASE)}/{name}") for name in commits] == before


def test_the_same_by_keys_alone(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the terminal interface: x stops the run, its shards show which one waits, w does that one alone."""
    for name, value in {**environment.gate.environment, "PYTHONPATH": on_path(environment.bundle.package)}.items():
        monkeypatch.setenv(name, value)

    async def cancel(driven: Driven) -> None:
        await driven.press("3")
        await driven.until("◐", "running", f"{len(TEXTS)} of {len(TEXTS) + 1}")
        await driven.press("s")
        await driven.until("Shards", "03.jsonl", "waits")
        await driven.press("x")
        await driven.agree(f"Cancel a run in {environment.name}", f"{len(TEXTS)} of {len(TEXTS) + 1} shards")
        await driven.until(f"■  {run}", "last run was cancelled")

    async def redrive(driven: Driven) -> None:
        await driven.press("3")
        await driven.until("■ cancelled")
        await driven.press("w")
        await driven.agree(f"Redrive a run in {environment.name}", "missing", f"1 of {len(TEXTS) + 1} shards")
        await driven.until("redrive", "✓ done")
        await driven.press("escape")
        await driven.until("● published", "attempt 2")

    session, store = Session(environment.folder / "nimbus.toml", environment.name), environment.store
    with held(environment) as run:
        drive(session, cancel, size=(150, 44))
    commits = store.names(paths.commits(run, RELEASE))
    before = [store.read(f"{paths.commits(run, RELEASE)}/{name}") for name in commits]
    assert len(before) == len(TEXTS)
    drive(session, redrive, size=(150, 44))
    assert [store.read(f"{paths.commits(run, RELEASE)}/{name}") for name in commits] == before
    assert environment.json("runs", run)["documents"] == len(TEXTS) + 1


def test_what_tasks_say_can_be_read_and_holds_no_text(environment: Environment) -> None:
    """A line for what was planned and committed, in the order of time; --follow ends with the run."""
    run = environment.run()["run"]
    done = environment.nimbus("logs", run, "--follow", "--json")
    assert done.code == 0, done.err
    said = [json.loads(line) for line in done.out.splitlines()]
    assert [line["time"] for line in said] == sorted(line["time"] for line in said)
    events: list[dict[str, Any]] = [json.loads(line["text"]) for line in said if line["text"].startswith("{")]
    assert sum(event.get("event") == "committed" for event in events) == len(TEXTS)
    assert not [text for text in TEXTS if text in done.out]
    assert "committed shard=0" in environment.nimbus("logs", run).out


def test_what_is_not_there_is_refused_with_what_is(environment: Environment) -> None:
    """A mistyped run, a release that was never registered, a finished run to go on with."""
    run = environment.run()["run"]
    for verb in ("logs", "cancel", "redrive", "runs"):
        refused = environment.nimbus(verb, run[:-1])
        assert refused.code == 2, refused.err
        assert run in refused.err
    refused = environment.nimbus("run", "--release", "en_support-2")
    assert refused.code == 1
    assert "no such release" in refused.err
    refused = environment.nimbus("redrive", run)
    assert refused.code == 2
    assert "nothing of it failed" in refused.err
    refused = environment.nimbus("cancel", run)
    assert refused.code == 2
    assert "does not go any more" in refused.err


def test_before_anything_is_live_a_run_says_what_to_do(environment: Environment) -> None:
    """As after `infra apply`, or in an empty folder."""
    (environment.folder / "nimbus.toml").write_text(
        (environment.folder / "nimbus.toml").read_text() + "\n[environments.empty]\nroot = 'empty'\n"
    )
    refused = command.nimbus("run", "--env", "empty", "--config", environment.folder)
    assert refused.code == 2
    assert "nimbus deploy" in refused.err


def test_an_execution_that_failed_before_it_planned_is_found_by_its_own_name(cloud: Cloud) -> None:
    """On AWS there is no run to name then: it stands in the list, and its tasks' words are found by it."""
    cloud.hasten()
    cloud.deploy()  # and there are no inputs
    done = cloud.nimbus("run", "--wait", "--json")
    assert done.code == 1
    assert (done.json["outcome"], done.json["error"]) == ("failed", "InputNotFoundError")
    name = done.json["execution"].rpartition(":")[2]
    latest = cloud.latest()
    assert (latest["run"], latest["standing"], latest["execution"]) == ("", "failed", name)
    assert latest["error"] == "InputNotFoundError"
    said = cloud.nimbus("logs", name)
    assert said.code == 0, said.err
    assert "InputNotFoundError" in said.out


def test_whoever_deploys_may_do_all_of_that(applied: tuple[Path, dict[str, Any]], local_aws: LocalAws) -> None:
    """Every call that was signed with their key is allowed by the policy that Terraform makes for them."""
    del applied
    assert people.calls(local_aws)
    assert people.refused(local_aws) == []
