"""Rules of a deployment that is killed while its image is built or pushed: the real command, engine and registry."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus import assembly, promoting, scratch
from nimbus.compile.cached import CachedCompiler
from nimbus.engines.orders import Architecture
from nimbus.image import recipe, record
from nimbus.image.tag import tag_of
from nimbus.releases import registry as releases
from nimbus_runtime import live
from nimbus_runtime.store import Store
from tests.faults import bundles, command
from tests.fixtures import cloud

from .registry import Line, LocalRegistry, holding, registry

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

TOML = """
[pipeline]
name = "en_support"
source = "pipeline"

[input]
paths = ["{inputs}"]
id_field = "id"

[image]
base = "{base}"
engine = "podman"
source = "https://sources.example/support"

{section}
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """The registry by the line to it; whoever looks into it goes there directly."""

    address: str
    served: LocalRegistry

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository."""
        return self.served.tags(repository)

    def manifest(self, repository: str, tag: str) -> bytes:
        """Return what a tag stands for."""
        return self.served.manifest(repository, tag)


@dataclass(frozen=True, slots=True)
class Desk:
    """A project, its environment, and the way to its registry."""

    folder: Path
    cloud: cloud.CloudEnvironment
    line: Line
    served: LocalRegistry

    @property
    def scratch(self) -> Path:
        """Return what commands have for a folder of temporary files."""
        return self.folder / "scratch"

    @property
    def repository(self) -> str:
        """Return the repository's name."""
        return self.cloud.outputs["repository"].partition("/")[2]

    @property
    def store(self) -> Store:
        """Return the environment's root."""
        return assembly.open_environment(assembly.environment("production", config=self.folder))

    def start(self) -> subprocess.Popen[str]:
        """Start a deployment."""
        given = ("--env", "production", "--config", self.folder, "--no-gate", "--yes", "--json")
        return command.start("deploy", *given, environment={"TMPDIR": str(self.scratch)})

    def built(self) -> list[str]:
        """Return the ids of the images that were built of the pipeline as it is now."""
        bundle = CachedCompiler(str(self.folder / "pipeline"), self.folder / promoting.COMPILED).find()
        assert bundle is not None
        return [part.id for part in record.read(bundle.path).parts]

    def stands_still(self) -> bool:
        """Say whether a push waits with one blob in the registry."""
        blobs = (self.folder / "registry" / "data").glob("docker/registry/v2/blobs/sha256/*/*/data")
        return self.line.waits.is_set() and len(list(blobs)) == 1

    def whole(self) -> dict[str, str]:
        """Return each release's image as it is in the repository, none of which may be missing."""
        images = {name: releases.release(self.store, name).image or "" for name in releases.names(self.store)}
        ecr = self.cloud.aws.client("ecr")
        for image in images.values():
            found = ecr.describe_images(repositoryName=self.repository, imageIds=[{"imageDigest": image[-71:]}])
            assert found["imageDetails"][0]["imageTags"]
        return images


@pytest.fixture
def desk(base_image: str, aws_environment: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return a project of which something is live; podman is logged in to the registry, by a line that holds."""
    shutil.copytree(bundles.build(tmp_path / "trained").original, tmp_path / "pipeline")
    for name in ("registry", "scratch"):
        (tmp_path / name).mkdir()
    with registry(tmp_path / "registry", "AWS", "password") as served, holding(served.address) as line:
        aws_environment.registry = Reached(line.address, served)
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "login.json"))
        login = ["podman", "login", "--tls-verify=false", "--username=AWS", "--password-stdin", line.address]
        subprocess.run(login, check=True, capture_output=True, input=b"password")
        desk = Desk(tmp_path, cloud.make(aws_environment), line, served)
        mails = tmp_path / "mails.jsonl"
        mails.write_text(json.dumps({"id": "a", "text": "Anna in Berlin"}) + "\n", "utf-8")
        written = TOML.format(inputs=desk.cloud.upload(mails), base=base_image, section=desk.cloud.section())
        (tmp_path / "nimbus.toml").write_text(written, "utf-8")
        bundle = CachedCompiler(str(tmp_path / "pipeline"), tmp_path / promoting.COMPILED).compile()
        desk.cloud.push(bundle, tag_of(bundle.digest, recipe.read(), [Architecture.AMD64], base_image))
        first = command.ended(desk.start())
        assert first.code == 0, first.err
        bundles.retrain(tmp_path / "pipeline", "2.0.0")
        yield desk
        subprocess.run(["podman", "rmi", "--force", *desk.built()], check=False, capture_output=True)


def _engine(process: subprocess.Popen[str], verb: str) -> psutil.Process | None:
    """Return podman as a deployment runs it for a verb, None while it does not."""
    for child in command.workers(process):
        try:
            if child.cmdline()[:2] == ["podman", verb]:
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def test_a_deployment_killed_as_its_image_is_built_and_pushed(desk: Desk) -> None:
    """Nothing is half live, the engine ends what it was doing, and the same command goes on with what it finds.

    Killed in the build, alone: podman goes on. The next one builds after it, and is killed with its podman when
    one blob is in the registry and no manifest. The third builds nothing, and pushes.
    """
    before, known = desk.store.read("live.json"), desk.whole()

    def nothing_is_half_live() -> None:
        assert (desk.store.read("live.json"), desk.whole()) == (before, known)
        assert desk.served.tags(desk.repository) == []

    first = desk.start()
    command.wait_until(lambda: _engine(first, "build") or first.poll() is not None, "podman builds")
    builds = _engine(first, "build")
    assert builds is not None, first.communicate()[1]
    (told,) = [Path(word.partition("=")[2]) for word in builds.cmdline() if word.startswith("--iidfile=")]
    context = Path(builds.cmdline()[-1])
    with scratch.held(context), scratch.held(told.parent):  # as podman does, and for as long as this looks at them
        first.kill()
        first.communicate()
        nothing_is_half_live()

        second = desk.start()
        command.wait_until(lambda: desk.stands_still() or second.poll() is not None, "one blob is pushed", 600)
        assert second.poll() is None, second.communicate()[1]
        (image,) = desk.built()
        command.kill_group(second)
        second.communicate()
        nothing_is_half_live()
        assert desk.stands_still()
        assert told.read_text(encoding="utf-8").strip() == f"sha256:{image}"
        assert (context / "Dockerfile").is_file()

        desk.line.let_go()
        third = command.ended(desk.start())
        assert third.code == 0, third.err
    assert re.search(r"^  compile +done +\w+, found as it was$", third.err, re.MULTILINE)
    assert desk.built() == [image]
    (told_of,) = json.loads(
        subprocess.run(["podman", "image", "inspect", image], check=True, capture_output=True).stdout
    )
    assert told_of["Config"]["Labels"]["org.opencontainers.image.source"] == "https://sources.example/support"
    state = live.read(desk.store)
    assert state is not None
    assert (state.release, state.previous) == (third.json["release"], next(iter(known)))
    (tag,) = desk.served.tags(desk.repository)
    digest = hashlib.sha256(desk.served.manifest(desk.repository, tag)).hexdigest()
    assert desk.whole()[state.release].endswith(f"@sha256:{digest}")

    for kind in ("context", "podman-build"):
        with scratch.folder(kind, inside=desk.scratch):  # as the next build does
            pass
    assert command.names(desk.scratch) == []
