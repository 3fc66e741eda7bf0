"""From nothing to a rollback, in an environment of each kind: what a user types, and what readers see meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import spacy

from nimbus import assembly, promoting
from nimbus.compile.cached import CachedCompiler
from nimbus_runtime import live
from nimbus_runtime.contract.records import Live
from nimbus_runtime.store import Store
from tests.faults import bundles, command

from .conftest import NIMBUS_TOML

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

TOML = NIMBUS_TOML.replace('source = "original"', 'source = "pipeline"') + "\n[gate]\ndocuments = 400\n"
DAYS = (22, 23, 24)


@dataclass(slots=True)
class Desk:
    """A project and one of its environments."""

    folder: Path
    env: str

    def nimbus(self, *arguments: str) -> command.Ended:
        """Run a verb that must be done."""
        done = command.nimbus(*arguments, "--env", self.env, "--config", self.folder)
        assert done.code == 0, done.err + done.out
        return done

    @property
    def store(self) -> Store:
        """Return the environment's root."""
        return assembly.open_environment(assembly.environment(self.env, config=self.folder))

    def live(self) -> Live:
        """Return what is live."""
        state = live.read(self.store)
        assert state is not None
        return state

    def retrain(self, version: str) -> None:
        """Save the pipeline as another version, which says the same."""
        nlp = spacy.load(self.folder / "pipeline")
        nlp.meta["version"] = version
        nlp.to_disk(self.folder / "pipeline")

    def build(self) -> None:
        """Have what runs the pipeline as it is now, where deploying does not make it itself."""

    def plan(self) -> list[str]:
        """Return what Terraform would change after all this."""
        return []

    def due(self, day: int) -> None:
        """Let the schedule's time of a day in November come, and the run end."""
        self.nimbus("run", "--scheduled-time", f"2026-11-{day}T02:00:00Z", "--quiet")


@dataclass(slots=True)
class CloudDesk(Desk):
    """A project on the local AWS, whose images are this Python."""

    aws: LocalAws
    outputs: dict[str, Any]
    terraform: Path

    def plan(self) -> list[str]:
        """Return what Terraform would change, by the project that it was applied for.

        The local AWS forgets the tags of rules of security groups; nothing here touches those.
        """
        done = command.nimbus("infra", "plan", "--json", "--env", "cloud", "--config", self.terraform.parents[1])
        assert done.code in (0, 3), done.err
        return [one["resource"] for one in done.json["resources"] if "aws_vpc_security_group_" not in one["resource"]]

    def clear(self) -> None:
        """Remove what was deployed and published."""
        self.aws.fargate.images.clear()
        bucket = self.outputs["root"].removeprefix("s3://").partition("/")[0]
        s3, ecr = self.aws.client("s3"), self.aws.client("ecr")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
        repository = self.outputs["repository"].partition("/")[2]
        images = ecr.describe_images(repositoryName=repository)["imageDetails"]
        ids = [{"imageDigest": image["imageDigest"]} for image in images]
        if ids:
            ecr.batch_delete_image(repositoryName=repository, imageIds=ids)

    def build(self) -> None:
        """Put an image into the repository, as building and pushing one does, and let Fargate know what it is."""
        from tests.aws.fargate.images import Program  # noqa: PLC0415 - needs moto
        from tests.fixtures.cloud import CloudEnvironment  # noqa: PLC0415 - as above

        bundle = CachedCompiler(str(self.folder / "pipeline"), self.folder / promoting.COMPILED).compile()
        digest = CloudEnvironment(self.aws, self.outputs).push(bundle)
        path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
        told = {"NIMBUS_BUNDLE": str(bundle.path), "NIMBUS_WORKERS": "1", "PYTHONPATH": path}
        self.aws.fargate.images.add(
            f"{self.outputs['repository']}@{digest}", Program((sys.executable, "-m", "nimbus_runtime"), told)
        )

    def due(self, day: int) -> None:
        """Let the clock pass the schedule's time."""
        self.aws.clock.now = datetime(2026, 11, day, 1, tzinfo=UTC)
        deliveries = [d for d in self.aws.clock.advance(timedelta(hours=2)) if "/run" in str(d.schedule)]
        (ended,) = [self.aws.ended(delivery.execution or "", timeout_seconds=240) for delivery in deliveries]
        assert ended["status"] == "SUCCEEDED", ended


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trained pipeline."""
    return bundles.build(tmp_path_factory.mktemp("trained")).original


@pytest.fixture(params=["local", "aws"])
def desk(request: pytest.FixtureRequest, trained: Path, tmp_path: Path) -> Iterator[Desk]:
    """Return a project whose inputs are there, and that was never deployed."""
    shutil.copytree(trained, tmp_path / "pipeline")
    texts = [f"Anna had a late order from Berlin {number}" for number in range(400)]
    lines = [json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(texts)]
    if request.param == "local":
        (tmp_path / "nimbus.toml").write_text(TOML, encoding="utf-8")
        (tmp_path / "inputs").mkdir()
        (tmp_path / "inputs" / "mails.jsonl").write_text("".join(lines), encoding="utf-8")
        yield Desk(tmp_path, "local")
        return
    folder, outputs = request.getfixturevalue("applied")
    from tests.environments.cloud import CLOUD  # noqa: PLC0415 - needs moto

    aws = request.getfixturevalue("local_aws")
    bucket = str(outputs["root"]).removeprefix("s3://").partition("/")[0]
    (tmp_path / "nimbus.toml").write_text(TOML + CLOUD.format(terraform=folder, bucket=bucket), encoding="utf-8")
    aws.client("s3").put_object(Bucket=bucket, Key="inputs/mails.jsonl", Body="".join(lines).encode())
    cloud = CloudDesk(tmp_path, "cloud", aws, outputs, folder)
    yield cloud
    cloud.clear()


def test_from_a_trained_pipeline_to_a_rollback_and_on(desk: Desk) -> None:
    """Deploy, run by schedule, deploy another version by its gate, run, roll back, and the next run is the first's."""
    desk.build()
    v1 = json.loads(desk.nimbus("deploy", "--yes", "--json", "--reason", "first").out)["release"]
    assert (desk.live().release, desk.live().dataset) == (v1, None)
    desk.due(DAYS[0])
    assert desk.live().dataset == "20261122T020000Z"

    desk.retrain("2.0.0")
    desk.build()
    second = json.loads(desk.nimbus("deploy", "--yes", "--json").out)
    v2 = second["release"]
    assert (second["verdict"], desk.live().release, desk.live().previous) == ("promote", v2, v1)
    assert desk.live().dataset == "20261122T020000Z"
    kinds = [item["kind"] for item in json.loads(desk.nimbus("show", v2, "--json").out)["evidence"]]
    assert sorted(set(kinds)) == ["gate", "preflight", "shadow"]
    desk.due(DAYS[1])
    assert desk.live().datasets == {v1: "20261122T020000Z", v2: "20261123T020000Z"}

    told = json.loads(desk.nimbus("rollback", "--yes", "--json", "--reason", "cities went missing").out)
    assert (desk.live().release, desk.live().dataset, desk.live().epoch) == (v1, "20261122T020000Z", 1)
    assert told["seconds"] < 10  # on a busy machine; docs/releases.md has the figure
    desk.due(DAYS[2])
    assert (desk.live().release, desk.live().dataset) == (v1, "20261124T020000Z")
    actions = [change["action"] for change in json.loads(desk.nimbus("history", "--json").out)["history"]]
    assert actions == ["publish", "rollback", "publish", "deploy", "publish", "deploy"]

    (traced,) = json.loads(desk.nimbus("explain", "20261123T020000Z", "17", "--json").out)["rows"]
    assert (traced["release"]["name"], traced["input"]["name"]) == (v2, "mails.jsonl")
    bundle = CachedCompiler(str(desk.folder / "pipeline"), desk.folder / promoting.COMPILED).compile()
    again = json.loads(desk.nimbus("replay", "20261123T020000Z", "17", "--bundle", str(bundle.path), "--json").out)
    assert again["rows"][0]["sameness"] == "equal"
    assert desk.plan() == []
