"""The verbs of releases, as typed: what they print, write and end with."""

from __future__ import annotations

import json
import os
import pty
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.faults import bundles, command
from tests.fixtures.roots import ran

from nimbus.config import load
from nimbus.releases import registry
from nimbus_runtime import clock, evidence, live
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.records import Entry, Live
from nimbus_runtime.store import DirectoryStore

TOML = """
schema_version = 1

[pipeline]
name = "support"
source = "pipeline"

[input]
paths = ["mails/*.jsonl"]
id_field = "id"

[environments.prod]
root = "prod"
protected = true
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with a project."""

    folder: Path

    @property
    def root(self) -> Path:
        """Return the local environment's root."""
        return self.folder / ".nimbus" / "local"

    @property
    def store(self) -> DirectoryStore:
        """Return the local environment's store."""
        return DirectoryStore(self.root)

    def nimbus(self, *arguments: str) -> command.Ended:
        """Run `nimbus` in the folder."""
        return command.nimbus(*arguments, cwd=self.folder)

    def at_a_terminal(self, *arguments: str, typed: str) -> command.Ended:
        """Run `nimbus` in the folder where somebody has typed ahead."""
        terminal, own = pty.openpty()
        try:
            os.write(terminal, typed.encode())
            process = command.start(*arguments, cwd=self.folder, stdin=own)
            os.close(own)
            return command.ended(process)
        finally:
            os.close(terminal)

    def live(self) -> Live:
        """Return what is live."""
        state = live.read(self.store)
        assert state is not None
        return state

    def retrain(self, version: str) -> None:
        """Save the pipeline as another version."""
        bundles.retrain(self.folder / "pipeline", version)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trained pipeline."""
    return bundles.build(tmp_path_factory.mktemp("bundle")).original


@pytest.fixture
def desk(tmp_path: Path, original: Path) -> Desk:
    """Return a folder with a project that was never deployed."""
    shutil.copytree(original, tmp_path / "pipeline")
    (tmp_path / "nimbus.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "1.jsonl").write_text(json.dumps({"id": "a", "text": "Anna in Berlin"}) + "\n", "utf-8")
    return Desk(tmp_path)


def test_from_a_trained_pipeline_to_a_rollback(desk: Desk) -> None:
    """Deploy, deploy another version, roll back, undo, take data back, promote by hand: in words and as JSON."""
    planned = desk.nimbus("deploy", "--dry-run", "--json")
    assert {step["step"]: step["state"] for step in planned.json["steps"]} == {
        "compile": "to do",
        "place": "to do",
        "preflight": "to do",
        "register": "to do",
        "shadow": "skipped",
        "gate": "skipped",
        "promote": "to do",
    }
    assert not (desk.folder / ".nimbus" / "compiled").exists()
    first = desk.nimbus("deploy", "--yes", "--json", "--reason", "first try")
    assert first.code == 0, first.err
    assert {check["status"] for check in first.json["checks"]} <= {"ok", "skipped"}
    v1 = first.json["release"]
    assert (desk.live().release, desk.live().entry.action, desk.live().entry.reason) == (v1, "deploy", "first try")
    ran(desk.store, 1, v1)
    again = desk.nimbus("deploy", "--yes", "--json")
    assert (again.code, again.json["release"], again.json["changed"]) == (0, v1, False)

    desk.retrain("2.0.0")
    compared = desk.nimbus("deploy", "--diff", "--json")
    assert {"name": "pipeline_version", "before": "0.0.0", "after": "2.0.0"} in compared.json["changes"]
    second = desk.nimbus("deploy", "--yes", "--no-gate", "--json")
    assert second.code == 0, second.err
    v2 = second.json["release"]
    ran(desk.store, 2, v2)
    shown = desk.nimbus("show", v1, "--json").json
    assert (shown["role"], shown["runnable"], shown["dataset"]) == ("previous", True, "20261101T020000Z")
    assert [item["kind"] for item in shown["evidence"]] == ["preflight", "preflight"]

    looked = desk.nimbus("rollback", "--dry-run", "--json")
    assert (looked.code, looked.json["done"], desk.live().release) == (0, False, v2)
    assert "Readers will see 0 documents, finished" in looked.err
    back = desk.nimbus("rollback", "--yes", "--json", "--reason", "cities went missing")
    assert back.code == 0, back.err
    assert (desk.live().release, desk.live().dataset) == (v1, "20261101T020000Z")
    assert back.json["seconds"] > 0
    confirmed = desk.at_a_terminal("rollback", "--yes", typed="n\n")
    assert (confirmed.code, desk.live().release) == (0, v2)
    assert "Score the latest inputs again" not in confirmed.err  # whoever says --yes is asked nothing
    told = desk.nimbus("history", "--json").json["history"]
    assert [change["action"] for change in told] == ["rollback", "rollback", "publish", "deploy", "publish", "deploy"]
    assert told[1]["reason"] == "cities went missing"
    lines = desk.nimbus("history", "-n", "2").out
    assert f"release {v1} → {v2}" in lines
    _the_data_alone_go_back(desk, v1, v2)
    _against_the_gate(desk, v2, v1)


def _the_data_alone_go_back(desk: Desk, v1: str, v2: str) -> None:
    ran(desk.store, 3, v2)
    for wrong in ((v1, "--data", "20261102T020000Z"), ("--keep-data", "--data", "20261102T020000Z")):
        assert desk.nimbus("rollback", *wrong, "--yes").code == 2
    never = desk.nimbus("rollback", "--data", "20261109T020000Z", "--yes")
    assert (never.code, "one of 20261101T020000Z, 20261102T020000Z" in never.err) == (1, True)
    data = desk.nimbus("rollback", "--data", "20261102T020000Z", "--yes", "--json", "--reason", "half of the mails")
    assert data.code == 0, data.err
    assert (desk.live().release, desk.live().dataset, desk.live().entry.reason) == (
        v2,
        "20261102T020000Z",
        "half of the mails",
    )
    assert "`nimbus rollback --data 20261103T020000Z` undoes this." in data.err

    offered = desk.at_a_terminal("rollback", typed="y\nn\n")
    assert (offered.code, desk.live().release) == (0, v1)
    assert "Score the latest inputs again with it in local now?" in offered.err


def _against_the_gate(desk: Desk, other: str, live: str) -> None:
    nothing = desk.nimbus("promote", other, "--dry-run", "--json")
    assert (nothing.json["gate"]["verdict"], desk.live().release) == ("none", live)
    digest, profile = registry.release(desk.store, other).bundle_digest, load(desk.folder).loadtest.profile
    body = {"bundle_digest": digest, "image": None, "profile": profile, "words": "too slow"}
    evidence.write(desk.store, other, "loadtest", body, outcome="missed", actor="ana")
    with (desk.folder / "nimbus.toml").open("a", encoding="utf-8") as file:
        file.write('\n[gate]\nrequire = ["loadtest"]\n')
    against = desk.nimbus("promote", other, "--yes", "--json", "--reason", "the lesser evil")
    assert (against.code, against.json["gate"]["verdict"]) == (0, "hold")
    assert "This goes against the gate" in against.err
    assert desk.live().entry.reason == "the lesser evil (gate: hold, loadtest missed: too slow)"


def test_a_protected_environment_wants_its_name(desk: Desk) -> None:
    """--yes is not enough, and another environment's name is none."""
    refused = desk.nimbus("deploy", "--env", "prod", "--yes")
    assert refused.code == 2
    assert "prod is protected" in refused.err
    assert not (desk.folder / "prod" / "live.json").exists()
    assert desk.nimbus("deploy", "--env", "prod", "--confirm", "local").code == 2
    done = desk.nimbus("deploy", "--env", "prod", "--confirm", "prod", "--json")
    assert done.code == 0
    prod = DirectoryStore(desk.folder / "prod")
    ran(prod, 1, done.json["release"])
    ran(prod, 2, done.json["release"])
    assert desk.nimbus("rollback", "--env", "prod", "--data", "20261101T020000Z", "--yes").code == 2


def test_nobody_there_is_no_yes(desk: Desk) -> None:
    """Without a terminal and without --yes nothing is live, and the words name the option."""
    refused = desk.nimbus("deploy")
    assert (refused.code, desk.store.read("live.json")) == (2, None)
    assert "--yes" in refused.err


def test_a_failed_preflight_stops_a_deployment(desk: Desk) -> None:
    """Nothing is registered; the check is named with what to do, and kept as evidence."""
    (desk.folder / "mails" / "1.jsonl").write_text(json.dumps({"id": "a", "body": "Anna"}) + "\n", "utf-8")
    refused = desk.nimbus("deploy", "--yes")
    assert refused.code == 1
    assert "FAILED" in refused.err
    assert "input" in refused.err
    assert desk.store.names("releases") == []
    assert desk.store.read("live.json") is None
    looked = desk.nimbus("preflight", "--json")
    assert looked.code == 1
    failed = [check for check in looked.json["checks"] if check["status"] == "failed"]
    assert [(check["subject"], bool(check["remedy"])) for check in failed] == [("input", True)]


def test_a_release_whose_bundle_is_gone_is_refused_and_deployed_again(desk: Desk) -> None:
    """A rollback says so; deploying the same content makes a release that can run."""
    v1 = desk.nimbus("deploy", "--yes", "--json").json["release"]
    desk.retrain("2.0.0")
    assert desk.nimbus("deploy", "--yes", "--no-gate").code == 0
    shutil.rmtree(desk.root / registry.release(desk.store, v1).bundle)  # type: ignore[operator]
    refused = desk.nimbus("rollback", "--yes")
    assert refused.code == 1
    assert "can no longer run" in refused.err
    desk.retrain("0.0.0")
    again = desk.nimbus("deploy", "--yes", "--no-gate", "--json")
    assert (again.code, again.json["release"]) == (0, v1), again.err


def test_what_does_not_fit_is_told_and_changes_nothing(desk: Desk) -> None:
    """A clock behind the ledger's, a release that was pruned, a record and a file of a newer version: in words."""
    later = clock.iso(clock.now() + timedelta(hours=3))
    state = Live(1, Entry("deploy", "ben@ci", later, "", "a"), "support-0")
    desk.store.create("live.json", codec.encode(state))
    behind = desk.nimbus("deploy", "--yes")
    assert (behind.code, desk.store.names("releases")) == (1, [])
    assert "the latest change is 180 minutes from now" in behind.err
    assert "set this machine's clock" in behind.err
    gone = desk.nimbus("rollback", "support-7", "--yes")
    assert gone.code == 2
    assert "no such release" in gone.err
    assert "`nimbus history` tells which were live" in gone.err

    (desk.root / "live.json").write_bytes(codec.encode(state).replace(b'"schema_version":1', b'"schema_version":9'))
    toml = (desk.folder / "nimbus.toml").read_text("utf-8")
    for verb in ("deploy", "rollback", "history"):
        yes = () if verb == "history" else ("--yes",)
        newer = desk.nimbus(verb, *yes)
        assert newer.code == 1
        assert "schema version 9" in newer.err
        (desk.folder / "nimbus.toml").write_text(toml.replace("schema_version = 1", "schema_version = 9"), "utf-8")
        refused = desk.nimbus(verb, *yes)
        assert refused.code == 2
        assert "schema_version = 9" in refused.err
        assert "Traceback" not in newer.err + refused.err + behind.err + gone.err
        (desk.folder / "nimbus.toml").write_text(toml, "utf-8")
