"""Rules of load tests of an environment's releases, local and on AWS: what is served, and whose evidence it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.faults import bundles, command
from tests.serving import serving

from nimbus import assembly
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Release

TOML = """
[pipeline]
name = "support"
source = "pipeline"

[input]
paths = ["texts.jsonl"]

[gate]
require = ["loadtest"]
profile = "quick"

[loadtest.profiles.quick]
shape = "steady"
rate = 10
seconds = 2
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A project and one of its environments, where releases are registered and none is live."""

    folder: Path
    env: str

    def nimbus(self, *arguments: str, **environment: str) -> command.Ended:
        """Run a verb of the environment."""
        return command.nimbus(*arguments, "--env", self.env, "--config", self.folder, environment=environment)

    def note(self, name: str) -> None:
        """Register a release of a bundle that is elsewhere."""
        store = assembly.open_environment(assembly.environment(self.env, config=self.folder / "nimbus.toml"))
        store.create(paths.release(name), codec.encode(Release(name, "0" * 64, "support", "2.0.0")))

    def register(self, bundle: Path, name: str, image: str, kept: str | None = None) -> None:
        """Register a release."""
        store = assembly.open_environment(assembly.environment(self.env, config=self.folder / "nimbus.toml"))
        digest = verify(bundle).digest
        release = Release(name, digest, "support", "1.0.0", image=f"images@sha256:{image * 64}", bundle=kept)
        store.create(paths.release(name), codec.encode(release))

    def loadtest(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """Load-test a release, and return the result and what was said before.

        A busy machine may make it one that says nothing.
        """
        done = self.nimbus("loadtest", "--profile", "quick", "--json", *arguments, **environment)
        result: dict[str, Any] = json.loads(done.out.splitlines()[-1]) | {"said": done.err}
        assert done.code == (0 if result["outcome"] == "ok" else 3), done.err
        return result

    def gate(self, release: str) -> dict[str, Any]:
        """Ask the gate."""
        done = self.nimbus("gate", release, "--json")
        assert done.code in (0, 3), done.err
        decision: dict[str, Any] = done.json["gate"]
        return decision


@pytest.fixture(params=["local", "aws"])
def desk(request: pytest.FixtureRequest, plain: bundles.Built, tmp_path: Path) -> Desk:
    """Return a project with two releases of one bundle, in other images."""
    section = ""
    if request.param == "aws":
        from tests.fixtures import cloud  # noqa: PLC0415 - needs moto

        section = cloud.make(request.getfixturevalue("aws_environment")).section("production")
    (tmp_path / "nimbus.toml").write_text(TOML + section, encoding="utf-8")
    desk = Desk(tmp_path, "production" if section else "local")
    if section:  # as deploying from here leaves it
        (tmp_path / ".nimbus" / "compiled").mkdir(parents=True)
        (tmp_path / ".nimbus" / "compiled" / "support").symlink_to(plain.path)
    for number in ("1", "2"):
        desk.register(plain.path, f"support-{number}", number, None if section else str(plain.path))
    return desk


@pytest.mark.parametrize("desk", ["local"], indirect=True)
def test_options_that_make_no_difference_to_runs_are_refused(desk: Desk) -> None:
    """An environment's runs read its own inputs, and nothing is served: who names texts would think they were read."""
    done = desk.nimbus("loadtest", "--profile", "batch", "--payloads", "mails.jsonl", "--vcpus", "4")
    assert (done.code, "--payloads and --vcpus would make no difference" in done.err) == (2, True)


def test_a_release_is_served_here_and_its_gate_opens_by_that_alone(desk: Desk) -> None:
    """By the profile that was agreed, for the image that was named, and not for another one of the same bundle."""
    before = desk.gate("support-1")
    assert before["verdict"] == "inconclusive"
    assert "in this environment: nimbus loadtest --release support-1 --profile quick" in before["missing"][0]
    told = desk.loadtest("--release", "support-1")
    assert (told["under"], told["result"]["target"]["release"]) == ("bundle", "support-1")
    assert told["evidence"]["release"] == "support-1"
    says = {"ok": "promote", "missed": "hold", "unsound": "inconclusive"}[told["outcome"]]
    assert desk.gate("support-1")["verdict"] == says
    assert desk.gate("support-2")["verdict"] == "inconclusive"
    file = desk.folder / "nimbus.toml"
    file.write_text(file.read_text("utf-8").replace('profile = "quick"', 'profile = "ramp"'), encoding="utf-8")
    assert "none of profile ramp" in desk.gate("support-1")["missing"][0]


@pytest.mark.parametrize("desk", ["local"], indirect=True)
def test_a_server_that_runs_already_counts_for_the_release_that_it_is(desk: Desk, plain: bundles.Built) -> None:
    """nimbus.toml names its address, and the environment its key; which release it is has to be said where two may be.

    A missed limit is exit code 3 and holds the release. Neither key nor text is in anything that is kept.
    """
    (desk.folder / "texts.jsonl").write_text('{"text": "Anna paid in Berlin"}\n' * 20, encoding="utf-8")
    secret = command.nimbus("serve", "--new-key", "tester", "--keys", desk.folder / "keys").out.strip()
    with serving(plain.path, "--keys-file", str(desk.folder / "keys")) as server:
        with (desk.folder / "nimbus.toml").open("a", encoding="utf-8") as file:
            file.write("\n[loadtest]\npayloads = 'texts.jsonl'\n[loadtest.slo]\ndocuments_per_second = 100000\n")
            file.write(f"[environments.local.loadtest]\nurl = '{server.url}'\n")
        unclear = desk.loadtest(NIMBUS_API_KEY=secret)
        assert (unclear["under"], unclear["result"]["target"]["url"]) == ("address", server.url)
        assert set(unclear["judged"]["outcomes"]) == {"200"}
        assert (unclear["evidence"], "--release has to say" in unclear["not_kept"]) == (None, True)
        assert f"It will be evidence of no release: {unclear['not_kept']}" in unclear["said"]
        own = ("--payloads", str(desk.folder / "texts.jsonl"))  # as nimbus.toml says
        named = desk.loadtest("--release", "support-2", "--rate", "9", *own, NIMBUS_API_KEY=secret)
    assert any("the SLO is 100000.0" in reason for reason in named["reasons"])
    assert (named["under"], named["evidence"]["release"]) == ("address", "support-2")
    assert named["overridden"] == ["--rate"]
    assert "only with --rate" in desk.gate("support-2")["missing"][0]
    with serving(plain.path) as server:
        named = desk.loadtest("--url", server.url, "--release", "support-2")
        assert "It will be evidence of release support-2" in named["said"]
        desk.note("support-3")
        refused = desk.nimbus("loadtest", "--profile", "quick", "--url", server.url, "--release", "support-3")
        assert (refused.code, "is not that of release support-3" in refused.err) == (2, True)
    assert desk.gate("support-2")["verdict"] == {"missed": "hold", "unsound": "inconclusive"}[named["outcome"]]
    for file in (*(desk.folder / ".nimbus").rglob("*.json"), *(desk.folder / ".nimbus").rglob("*.html")):
        assert not [word for word in ("Berlin", secret) if word in file.read_text("utf-8")]
