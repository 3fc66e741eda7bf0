"""Rules of real commands at once, over a folder and over a bucket: who deploys beside whom, and what readers see."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faults import bundles, command
from tests.fixtures import cloud
from tests.fixtures.readers import look, reader
from tests.fixtures.roots import ran_with_rows

from nimbus import assembly, promoting
from nimbus.adapters.folder_removal import FolderRemoval
from nimbus.adapters.s3_removal import S3Removal
from nimbus.compile.cached import CachedCompiler
from nimbus.releases import registry
from nimbus.releases.prune import Removal
from nimbus_runtime import clock, evidence, live
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Live
from nimbus_runtime.store import Store

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

TOML = """
[pipeline]
name = "support"
source = "pipeline"

[input]
paths = ["{inputs}"]
id_field = "id"

{section}
"""
LOCAL = """
[environments.production]
kind = "local"
root = "{root}"
"""
LONG_AGO = 2016  # whatever this machine's clock says


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody's copy of the project, at a version of its pipeline."""

    folder: Path
    who: str
    variables: dict[str, str]

    def arguments(self, verb: str, *more: str) -> tuple[str | Path, ...]:
        """Return what they type."""
        return (verb, *more, "--env", "production", "--config", self.folder)

    def nimbus(self, verb: str, *more: str) -> command.Ended:
        """Run a verb to its end."""
        return command.nimbus(*self.arguments(verb, *more), environment=self.variables)

    def done(self, verb: str, *more: str) -> command.Ended:
        """Run a verb that must be done."""
        ended = self.nimbus(verb, *more)
        assert ended.code == 0, ended.err
        return ended

    def deploy(self) -> str:
        """Deploy; return the release."""
        return str(self.done("deploy", "--no-gate", "--yes", "--json").json["release"])

    def bundle(self) -> Bundle:
        """Return the pipeline as it is now, compiled."""
        return CachedCompiler(str(self.folder / "pipeline"), self.folder / promoting.COMPILED).compile()


@dataclass(frozen=True, slots=True)
class Place:
    """An environment that several people work in."""

    folder: Path
    trained: Path
    toml: str
    aws: cloud.CloudEnvironment | None

    def desk(self, who: str, version: str) -> Desk:
        """Return a desk of somebody's, whose pipeline is another version; its image is there, where images are."""
        folder = self.folder / who
        shutil.copytree(self.trained, folder / "pipeline")
        bundles.retrain(folder / "pipeline", version)
        (folder / "nimbus.toml").write_text(self.toml, "utf-8")
        if self.aws is None:
            return Desk(folder, who, {"LOGNAME": who})
        role = f"arn:aws:iam::123456789012:role/{who}"
        keys = self.aws.aws.client("sts").assume_role(RoleArn=role, RoleSessionName=who)["Credentials"]
        signed = {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        desk = Desk(folder, who, signed)
        self.aws.push(desk.bundle())
        return desk

    @property
    def store(self) -> Store:
        """Return the root."""
        somebody = next(self.folder.glob("*/nimbus.toml"))
        return assembly.open_environment(assembly.environment("production", config=somebody))

    @property
    def removal(self) -> Removal:
        """Return what deletes in the root."""
        if self.aws is None:
            return FolderRemoval(Path(self.store.location))
        return S3Removal.at(self.aws.outputs["root"])

    def age(self, days: int) -> None:
        """Let all that the records tell have been so many days earlier: nobody waits that long in a test."""
        store = self.store
        present = store.read_versioned(paths.LIVE)
        assert present is not None
        assert store.compare_and_swap(paths.LIVE, _aged(present.data, days), present.version)
        ledger = [paths.ledger(number) for number in range(1, self.live().sequence)]
        found = [
            f"{paths.evidences(name)}/{one}.json"
            for name in registry.names(store)
            for one in evidence.names(store, name)
        ]
        for name in (*ledger, *found):
            data = store.read(name) or b""
            self.removal.remove([name])
            store.create(name, _aged(data, days))

    def live(self) -> Live:
        """Return what is live."""
        return registry.present(self.store)


def _aged(data: bytes, days: int) -> bytes:
    told = json.loads(data)
    holder = told.get("entry", told)
    holder["time"] = clock.iso(datetime.fromisoformat(holder["time"]) - timedelta(days=days))
    return codec.canonical(told) + b"\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trained pipeline."""
    return bundles.build(tmp_path_factory.mktemp("trained")).original


@pytest.fixture(params=["directory", "s3"])
def place(request: pytest.FixtureRequest, trained: Path, tmp_path: Path) -> Place:
    """Return an environment of each kind, in which nothing is."""
    mails = tmp_path / "mails.jsonl"
    mails.write_text(json.dumps({"id": "a", "text": "Anna in Berlin"}) + "\n", "utf-8")
    if request.param == "directory":
        section = LOCAL.format(root=tmp_path / "root")
        return Place(tmp_path / "desks", trained, TOML.format(inputs=mails, section=section), None)
    aws: LocalAws = request.getfixturevalue("aws_environment")
    made = cloud.make(aws)
    toml = TOML.format(inputs=made.upload(mails), section=made.section())
    return Place(tmp_path / "desks", trained, toml, made)


@dataclass(frozen=True, slots=True)
class Asked:
    """A deployment in a terminal, which waits for somebody's word before anything live changes."""

    process: subprocess.Popen[str]
    terminal: int
    words: Path

    @property
    def said(self) -> str:
        """Return what is on the screen."""
        return self.words.read_text("utf-8")

    def agree(self) -> None:
        """Type yes."""
        os.write(self.terminal, b"y\n")

    def ended(self) -> int:
        """Wait for its end; return its exit code."""
        return self.process.wait(240)


@contextmanager
def asked(desk: Desk) -> Iterator[Asked]:
    """Have a deployment that has come as far as its question."""
    terminal, own = pty.openpty()
    words = desk.folder / "words"
    with words.open("wb") as screen:
        process = command.start(
            *desk.arguments("deploy", "--no-gate"), stdin=own, stdout=screen, stderr=screen, environment=desk.variables
        )
    os.close(own)
    waiting = Asked(process, terminal, words)
    try:
        command.wait_until(lambda: "[y/N]" in waiting.said or process.poll() is not None, "it is asked")
        assert process.poll() is None, waiting.said
        yield waiting
    finally:
        command.kill_group(process)
        process.wait()
        os.close(terminal)


def test_of_two_who_deploy_at_once_one_wins_and_the_other_is_told(place: Place) -> None:
    """Both were shown the same; nothing of the other's is live until they decide again, and then it goes on."""
    first = place.desk("first", "1.0.0").deploy()
    people = [place.desk("ana", "2.0.0"), place.desk("ben", "3.0.0")]
    with asked(people[0]) as one, asked(people[1]) as other:
        both = [one, other]
        for each in both:
            each.agree()
        codes = [each.ended() for each in both]
        said = [each.said for each in both]
    assert sorted(codes) == [0, 1], said
    winner, loser = codes.index(0), codes.index(1)
    state = place.live()
    assert (state.previous, state.sequence, state.entry.action) == (first, 2, "deploy")
    assert people[winner].who in state.entry.actor
    assert "somebody else has changed what is live, so nothing was done" in said[loser]
    assert f"deploy by {state.entry.actor} at {state.entry.time}: release {state.release}" in " ".join(
        said[loser].split()
    )
    assert len(registry.names(place.store)) == 3

    second = people[loser].deploy()
    after = place.live()
    assert (after.release, after.previous, after.sequence) == (second, state.release, 3)
    assert people[loser].who in after.entry.actor
    assert [each.entry.action for each in live.states(place.store, after)] == ["deploy", "deploy", "deploy"]


@pytest.mark.parametrize("place", ["directory"], indirect=True)
def test_two_who_deploy_the_same_at_once_both_have_it(place: Place) -> None:
    """It is one release, which becomes live once."""
    with asked(place.desk("ana", "1.0.0")) as one, asked(place.desk("ben", "1.0.0")) as other:
        for each in (one, other):
            each.agree()
        assert [one.ended(), other.ended()] == [0, 0], one.said + other.said
    assert (place.live().sequence, len(registry.names(place.store))) == (1, 1)


def test_readers_see_one_whole_dataset_while_all_of_that_goes_on(place: Place, tmp_path: Path) -> None:
    """A process reads by live.json, every file by its hash, while others deploy, roll back and prune by three policies.

    After each prune, what any rollback would give back is whole as well.
    """
    desk = place.desk("ana", "1.0.0")
    v1 = desk.deploy()
    days = iter(range(1, 31))

    def sees(run: str) -> None:  # and so no look is under way that began before
        command.wait_until(lambda: seen.runs[-1:] == [run] or seen.wrong, f"{run} is read")
        assert seen.wrong == []

    def publish(release: str) -> str:
        run = ran_with_rows(place.store, next(days), release, year=LONG_AGO)
        sees(run)
        return run

    def deploy(version: str) -> str:
        bundles.retrain(desk.folder / "pipeline", version)
        if place.aws is not None:
            place.aws.push(desk.bundle())
        return desk.deploy()

    def prune(*policy: str) -> list[str]:
        place.age(40)
        done = desk.nimbus("prune", "--yes", "--json", *policy)
        assert done.code == 0, done.err
        for run in place.live().datasets.values():
            assert look(place.store.location, run) == run
        gone: list[str] = done.json["runs"]
        return gone

    first = ran_with_rows(place.store, next(days), v1, year=LONG_AGO)
    with reader(place.store.location, tmp_path / "read") as seen:
        sees(first)
        v2 = deploy("2.0.0")
        second, third = publish(v2), publish(v2)
        assert prune("--runs", "1") == [second]

        desk.done("rollback", "--yes", "--keep-data")
        desk.done("rollback", "--yes")
        desk.done("rollback", "--yes")
        assert (place.live().release, place.live().dataset) == (v1, first)
        sees(first)
        fourth = publish(v1)
        assert prune("--days", "1", "--runs", "0") == [first]

        v3 = deploy("3.0.0")
        fifth = publish(v3)
        place.age(40)
        back = command.start(*desk.arguments("rollback", "--yes"), environment=desk.variables)
        done = desk.nimbus("prune", "--yes", "--days", "30", "--runs", "0", "--json")
        assert (command.ended(back).code, place.live().release) == (0, v1)
        assert done.code == 0 or "somebody else has changed what is live" in done.err
        sees(fourth)
        assert prune("--days", "30", "--runs", "0") + (done.json["runs"] if done.code == 0 else []) == [third]
        assert registry.names(place.store) == sorted((v1, v3))
    assert seen.wrong == []
    assert (seen.runs[-1], set(seen.runs)) == (fourth, {first, second, third, fourth, fifth})
