"""A project on somebody's desk, and one of its environments: what is typed there, and what comes of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus import assembly, promoting
from nimbus.compile.cached import CachedCompiler
from nimbus.releases import registry
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Live, Release
from nimbus_runtime.store import Store
from tests.faults import bundles, command

from . import people

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_KEPT = ("taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu", "memory", "volumes")


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

    def killed(self, *arguments: str, spared: Sequence[str] = ()) -> Iterator[str]:
        """Run a verb until it is done; yield what it would change next each time that it is killed, unless spared."""
        allowed = self.folder / "allowed"
        allowed.write_text("".join(f"{change}\n" for change in spared), encoding="utf-8")
        while True:
            done = command.doomed(allowed, *arguments, "--env", self.env, "--config", self.folder)
            if done.code == 0:
                return
            assert done.code == -signal.SIGKILL, done.err + done.out
            yield allowed.read_text(encoding="utf-8").splitlines()[-1]

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
        bundles.retrain(self.folder / "pipeline", version)

    def build(self) -> None:
        """Have what runs the pipeline as it is now, where deploying does not make it itself."""

    def abandon(self, name: str) -> set[str]:
        """Leave an old release that nothing needs any more; return its task definition and image, if it has them."""
        release = self._abandoned(name)
        self.store.create(paths.release(name), codec.encode(release))
        return {made for made in (release.task_definition, release.image) if made is not None}

    def _abandoned(self, name: str) -> Release:
        return replace(self._present(), release=name)

    def _present(self) -> Release:
        return registry.release(self.store, self.live().release)

    def prune(self) -> dict[str, Any]:
        """Prune, as whoever may do that and nothing else; what was said of it."""
        return self.nimbus("prune", "--runs", "0", "--yes", "--json").json

    def plan(self) -> list[str]:
        """Return what Terraform would change after all this."""
        return []

    def due(self, day: int) -> None:
        """Let the schedule's time of a day in November come, and the run end."""
        self.nimbus("run", "--scheduled-time", f"2024-11-{day}T02:00:00Z", "--quiet")

    def late(self, day: int) -> None:
        """Start the run of a day in November for whose time a later one is published already: this one is not."""
        given = ("run", "--scheduled-time", f"2024-11-{day}T02:00:00Z", "--wait", "--quiet")
        done = command.nimbus(*given, "--env", self.env, "--config", self.folder)
        assert done.code in (0, 3), done.err + done.out


@dataclass(slots=True)
class CloudDesk(Desk):
    """A project on the local AWS, whose images are this Python."""

    aws: LocalAws
    outputs: dict[str, Any]
    terraform: Path

    def _abandoned(self, name: str) -> Release:
        from moto.ecr.models import ecr_backends  # noqa: PLC0415 - moto is loaded with the server
        from moto.ecs.models import ecs_backends  # noqa: PLC0415 - as above

        from tests.fixtures.cloud import CloudEnvironment  # noqa: PLC0415 - needs moto

        kept, ecs = self._present(), self.aws.client("ecs")
        bundle = CachedCompiler(str(self.folder / "pipeline"), self.folder / promoting.COMPILED).compile()
        image = f"{self.outputs['repository']}@{CloudEnvironment(self.aws, self.outputs).push(bundle, name)}"
        known = ecs.describe_task_definition(taskDefinition=kept.task_definition)["taskDefinition"]
        container = {**known["containerDefinitions"][0], "image": image}
        given = {key: known[key] for key in _KEPT if key in known}
        made = ecs.register_task_definition(
            family=self.outputs["release_family"], containerDefinitions=[container], **given
        )["taskDefinition"]["taskDefinitionArn"]
        # Nothing that AWS offers makes what is registered or pushed now older than it is.
        account, region = made.split(":")[4], made.split(":")[3]
        definition = ecs_backends[account][region].describe_task_definition(made)
        definition.registered_at = datetime(2024, 1, 1, tzinfo=UTC)
        for one in ecr_backends[account][region].repositories[self.outputs["repository"].partition("/")[2]].images:
            if one.get_image_digest() == image.partition("@")[2]:
                one.image_pushed_at = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
        return replace(kept, release=name, image=image, task_definition=made)

    def prune(self) -> dict[str, Any]:
        """Prune with that policy alone."""
        given = ("prune", "--runs", "0", "--yes", "--json", "--env", self.env, "--config", self.folder)
        done = command.nimbus(*given, environment=self.aws.environment(role=people.PRUNER))
        assert done.code == 0, done.err + done.out
        return done.json

    def plan(self) -> list[str]:
        """Return what Terraform would change, by the project that it was applied for.

        The local AWS forgets the tags of rules of security groups; nothing here touches those.
        """
        given = ("infra", "plan", "--json", "--env", "cloud", "--config", self.terraform.parents[1])
        done = command.nimbus(*given, environment=self.aws.environment())
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
        ended = self.fire(day)
        assert ended["status"] == "SUCCEEDED", ended

    def fire(self, day: int) -> dict[str, Any]:
        """Let the clock pass the schedule's time, and return how the execution ended."""
        self.aws.clock.now = datetime(2024, 11, day, 1, tzinfo=UTC)
        deliveries = [d for d in self.aws.clock.advance(timedelta(hours=2)) if "/run" in str(d.schedule)]
        (ended,) = [self.aws.ended(delivery.execution or "", timeout_seconds=240) for delivery in deliveries]
        return ended
