"""The real image, built by the toolkit with podman. A folder that wants it imports these names in its conftest.

Both images are kept by podman: the next run of the tests finds the base as it is, and builds on what it has.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from nimbus import assembly
from nimbus.image import build as building
from nimbus.image.record import RECORD, ImageRecord
from nimbus_runtime.contract import codec

from . import base

SOURCE = "https://sources.example/support"
_PIPELINE = Path(__file__).parents[2] / "toolkit/nimbus/demo/pipelines/support_cnn"
_SETTINGS = Path(__file__).with_name("containers.conf")


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image, the bundle that it carries, and the folder of its records."""

    tag: str
    """Its name for podman: the id, since another checkout may build another image of this bundle."""
    bundle: Path
    folder: Path
    record: ImageRecord


@pytest.fixture(scope="session")
def podman() -> str:
    """Return the program, set up so that it runs containers here; a machine where nothing helps skips."""
    program = shutil.which("podman")
    if program is None:
        pytest.skip("images are built and run by podman, which is not installed")
    for settings in (None, str(_SETTINGS)):
        if settings is not None and "CONTAINERS_CONF" not in os.environ:
            os.environ["CONTAINERS_CONF"] = settings  # for good: children of other fixtures need it, too
        done = subprocess.run([program, "info"], check=False, capture_output=True, text=True)
        if done.returncode == 0 and _runs(program, base_of(program)):
            return program
    pytest.skip("podman does not run containers here")


def base_of(program: str) -> str:
    """Return the base image, made under a lock: test processes run side by side."""
    del program
    with alone("base"):
        return base.make()


@pytest.fixture(scope="session")
def base_image(podman: str) -> str:
    """Return the name of a base image that is on this machine."""
    return base_of(podman)


@pytest.fixture(scope="session")
def built_image(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> BuiltImage:
    """Build the image of the demo's CNN pipeline as `nimbus image build` does."""
    folder = tmp_path_factory.mktemp("image")
    assembly.compile_pipeline(str(_PIPELINE), folder / "bundle")
    return build(folder / "bundle", base_image)


def build(bundle: Path, base_image: str) -> BuiltImage:
    """Build the image of a bundle, unless an earlier run of the tests has built it of the same."""
    planned = assembly.plan_image(building.Order(bundle=bundle, base_image=base_image, source=SOURCE), "podman")
    folder = Path(tempfile.gettempdir(), "nimbus-test-images", _key(planned))
    with alone("build"):
        kept = folder / RECORD
        record = codec.decode(ImageRecord, kept.read_bytes(), str(kept)) if kept.is_file() else None
        if record is None or subprocess.run(["podman", "image", "exists", record.parts[0].id], check=False).returncode:
            record = assembly.build_image(planned, folder, "podman")
    return BuiltImage(record.parts[0].id, bundle, folder, record)


def _key(planned: building.Planned) -> str:
    """Return a name for all that decides an image and its record."""
    told = hashlib.sha256(repr((planned.base, sorted(planned.context.labels.items()))).encode())
    for name, content in sorted(planned.context.files.items()):
        told.update(name.encode())
        told.update(content if isinstance(content, bytes) else b"")  # wheels: their lock has their hashes
    for module in sorted(Path(building.__file__).parent.glob("*.py")):  # the record is theirs
        told.update(module.read_bytes())
    return told.hexdigest()[:32]


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold the others back while an image is made: they would make the same."""
    with Path(tempfile.gettempdir(), f"nimbus-test-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _runs(program: str, image: str) -> bool:
    command = [program, "run", "--rm", "--network=none", image, "python3", "-c", "print(1)"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
