"""Rules of what goes into an image: decided without an engine, and refused in words before one is called."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from nimbus import assembly
from nimbus.adapters.pip import Pip
from nimbus.engines import errors, refusals
from nimbus.engines.orders import Architecture, Base, BuildOrder, Built, Found, here
from nimbus.image import build, choosing, context, lock, recipe, record
from nimbus_runtime.contract.errors import BundleInvalidError, UsageError
from tests.faults import bundles

PYTHON, GLIBC = (3, 11), (2, 36)
LOCKED = lock.read(recipe.read().lock, "requirements.lock")


class Engine:
    """An engine that has any base image, and only remembers what it should build."""

    name = "podman"

    def __init__(self, glibc: tuple[int, int] = GLIBC) -> None:
        """Have bases with this C library."""
        self._glibc = glibc
        self.orders: list[BuildOrder] = []

    def base(self, name: str, architectures: Sequence[Architecture]) -> Base:
        """Return a base."""
        del architectures
        return Base(name, f"{name}@sha256:{'0' * 64}", f"sha256:{'0' * 64}", PYTHON, self._glibc)

    def build(self, order: BuildOrder) -> tuple[Built, ...]:
        """Remember, and refuse."""
        self.orders.append(order)
        raise refusals.of_build("write /x: no space left on device", "podman build")


class Wheels:
    """Has an empty wheel for every pin, but for those it lacks."""

    def __init__(self, folder: Path, lacks: str = "") -> None:
        """Keep them in a folder."""
        self._folder, self._lacks = folder, lacks
        self.platforms: list[Sequence[str]] = []

    def fetch(self, text: bytes, *, python: tuple[int, int], platforms: Sequence[str]) -> Path:
        """Return the folder."""
        del python
        self.platforms.append(platforms)
        folder = self._folder / str(len(self.platforms))
        folder.mkdir(parents=True)
        for pin in lock.read(text.decode(), "lock"):
            if pin.name != self._lacks:
                name = pin.name.replace("-", "_")
                (folder / f"{name}-{pin.version}-py3-none-any.whl").write_bytes(b"")
        return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small bundle."""
    return bundles.build(tmp_path_factory.mktemp("bundle")).path


def planned(bundle: Path, wheels: Wheels, **order: object) -> build.Planned:
    """Plan the image of a bundle."""
    return build.plan(build.Order(bundle, **order), recipe.read(), Engine(), wheels, lambda: 1.8e9)  # type: ignore[arg-type]


def test_a_context_holds_what_a_build_needs_and_no_more(bundle: Path, tmp_path: Path) -> None:
    """Dockerfile, helper, runtime, bundle, and each architecture's wheels with their lock; the base by its digest."""
    both = (Architecture.AMD64, Architecture.ARM64)
    plan = planned(bundle, Wheels(tmp_path), architectures=both)
    top = {name.partition("/")[0] for name in plan.context.files}
    assert top == {"Dockerfile", ".dockerignore", "assemble.py", "runtime", "bundle", "packages"}
    for one in both:
        assert f"packages/{one.value}/requirements.lock" in plan.context.files
    assert plan.base.reference.endswith(f"@sha256:{'0' * 64}")
    assert plan.context.labels["nimbus.bundle"] == plan.bundle.digest
    assert plan.release.startswith(plan.bundle.digest[:16])
    assert plan.tag.endswith(f":{plan.release}")


class Building(Engine):
    """An engine whose images are empty, and which remembers what was started of them."""

    def __init__(self) -> None:
        """Have started nothing."""
        super().__init__()
        self.started: list[str] = []

    def build(self, order: BuildOrder) -> tuple[Built, ...]:
        """Return an image for each processor."""
        return tuple(Built(one, f"image for {one.value}") for one in order.architectures)

    @contextlib.contextmanager
    def exported(self, image: str) -> Iterator[Path]:
        """Give an archive of nothing."""
        del image
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "image.tar")
            place.write_bytes(bytes(10240))  # what ends an archive
            yield place

    def run(self, image: str, *arguments: str) -> tuple[int, str]:
        """Remember it."""
        assert arguments == ("self-check",)
        self.started.append(image)
        return 0, ""


def test_a_record_says_what_was_not_tried(bundle: Path, tmp_path: Path) -> None:
    """What is for another processor than this machine's is built and recorded, and nothing of it has run."""
    both, engine = tuple(Architecture), Building()
    plan = planned(bundle, Wheels(tmp_path / "wheels"), architectures=both)
    built = build.apply(plan, engine, tmp_path / "records")
    assert engine.started == [f"image for {here().value}"]
    assert built.untried == tuple(one.platform for one in both if one is not here())
    assert record.read(tmp_path / "records") == built


def test_another_base_is_another_tag(bundle: Path, tmp_path: Path) -> None:
    """A tag never changes what it stands for, so what is built on another base has another one."""
    base = f"registry.example/python@sha256:{'1' * 64}"
    plain, other = planned(bundle, Wheels(tmp_path / "1")), planned(bundle, Wheels(tmp_path / "2"), base_image=base)
    assert re.fullmatch(re.escape(plain.release) + "-b[0-9a-f]{8}", other.release)


def test_a_lock_that_is_not_there_is_named(bundle: Path, tmp_path: Path) -> None:
    """Also where nimbus.toml names it, which no option has checked."""
    with pytest.raises(UsageError, match="cannot be read") as refused:
        planned(bundle, Wheels(tmp_path), requirements=(tmp_path / "extra.lock",))
    assert refused.value.where == str(tmp_path / "extra.lock")


def test_the_same_inputs_are_the_same_context(bundle: Path, tmp_path: Path) -> None:
    """Wherever the bundle lies and whenever: the same bytes, and the same dates."""
    copy = Path(shutil.copytree(bundle, tmp_path / "elsewhere" / "copy", copy_function=shutil.copy))
    texts = []
    for number, place in enumerate((bundle, copy)):
        folder = tmp_path / f"context-{number}"
        folder.mkdir()
        context.write(planned(place, Wheels(tmp_path / str(number))).context, folder)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "packages" not in path.parts]
        texts.append([(path.relative_to(folder), path.read_bytes(), path.stat().st_mtime) for path in files])
        assert {path.stat().st_mtime for path in files} == {context.TIME}
    assert texts[0] == texts[1]


def test_the_runtimes_wheel_is_what_its_project_builds(tmp_path: Path) -> None:
    """Made without a build tool, for a toolkit that has none, with the files and the metadata of the real one."""
    name, data = recipe.wheel(recipe.read())
    (tmp_path / name).write_bytes(data)
    project = Path(__file__).parents[2] / "inference_image"
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "real", project]
    subprocess.run(command, check=True, capture_output=True)
    told = []
    for place in (tmp_path / name, tmp_path / "real" / name):
        with zipfile.ZipFile(place) as archive:
            files = {one: archive.read(one) for one in archive.namelist() if ".dist-info/" not in one}
            notes = {one.partition("/")[2]: archive.read(one).decode() for one in archive.namelist()}
            lines = notes["METADATA"].splitlines()
            requires = {str(Requirement(line.partition(": ")[2])) for line in lines if line.startswith("Requires-Dist")}
            told.append((files, requires, set(notes["entry_points.txt"].splitlines())))
    assert told[0] == told[1]
    assert recipe.wheel(recipe.read())[1] == data


def test_an_installed_toolkit_has_its_recipe(tmp_path: Path) -> None:
    """What the root wheel carries is what a checkout builds by."""
    project = Path(__file__).parents[2]
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, project]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = "from nimbus.image import recipe; import nimbus; print(nimbus.__file__); print(*recipe.read().files)"
    environment = {"PYTHONPATH": str(tmp_path / "installed"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    place, files = done.stdout.splitlines()
    assert place.startswith(str(tmp_path))
    assert files.split() == list(recipe.read().files)


@pytest.mark.parametrize("architecture", list(Architecture))
def test_a_lock_says_what_each_processor_needs(architecture: Architecture) -> None:
    """Markers are read for where the image runs, whatever builds it."""
    target = lock.Target(architecture, PYTHON, GLIBC)
    names = {pin.name for pin in lock.wanted(LOCKED, target)}
    assert "colorama" not in names
    assert {"spacy", "onnxruntime", "pyarrow", "hf-xet"} <= names
    assert target.platforms[0] == f"manylinux_2_36_{architecture.machine}"
    assert f"manylinux2014_{architecture.machine}" in target.platforms


@pytest.mark.parametrize("architecture", list(Architecture))
def test_every_locked_package_has_a_wheel_for_each_processor(architecture: Architecture) -> None:
    """Resolved with hashes, by pip, for the Python and the C library of the base: nothing would have to be compiled."""
    target = lock.Target(architecture, PYTHON, GLIBC)
    pins = lock.wanted(LOCKED, target)
    text = ("\n".join(map(str, pins)) + "\n").encode()
    folder = Pip().fetch(text, python=target.python, platforms=target.platforms)
    wheels = [path.name for path in folder.glob("*.whl")]
    assert len(wheels) == len(pins)
    other = next(one for one in Architecture if one is not architecture)
    assert not [name for name in wheels if other.machine in name]


def test_a_wheel_that_is_missing_for_a_processor_is_named(bundle: Path, tmp_path: Path) -> None:
    """Which package, for which processor, and what may be done: nothing has been built."""
    with pytest.raises(errors.WheelMissingError, match="linux/arm64") as refused:
        planned(bundle, Wheels(tmp_path, lacks="blis"), architectures=(Architecture.ARM64,))
    assert str(refused.value.got).startswith("blis ")
    assert "--platform" in str(refused.value.remedy)


def test_pip_says_which_wheel_it_could_not_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is published for no such machine, with pip's own words; nothing half-fetched is kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    blis = next(pin for pin in LOCKED if pin.name == "blis")
    with pytest.raises(errors.WheelMissingError) as refused:
        Pip().fetch(f"{blis}\n".encode(), python=(3, 11), platforms=("manylinux2014_s390x",))
    assert "blis" in str(refused.value.got)
    assert list((tmp_path / "nimbus/wheels").iterdir()) == []


def test_a_package_that_a_bundle_requires_must_be_locked(tmp_path: Path) -> None:
    """An image never lacks what its bundle needs: the lock to add is asked for before anything is built."""
    with pytest.raises(errors.RequirementMissingError) as refused:
        lock.check_covers(
            LOCKED, {"spacy": ">=3.8,<3.9", "jieba": "==0.42.1", "nimbus-runtime": ">=0.1"}, str(tmp_path)
        )
    assert refused.value.expected == "jieba ==0.42.1"
    assert "--requirements" in str(refused.value.remedy)
    pins = (*LOCKED, *lock.read(f"jieba==0.42.1 --hash=sha256:{'0' * 64}\n", "extra.lock"))
    lock.check_covers(pins, {"jieba": "==0.42.1"}, str(tmp_path))


@pytest.mark.parametrize("line", ["jieba", "jieba==0.42.1", "-e .", "jieba>=1 --hash=sha256:" + "0" * 64])
def test_a_requirement_without_version_or_hash_is_refused(line: str) -> None:
    """What is not pinned by hash may be anything tomorrow."""
    with pytest.raises(UsageError, match="not locked"):
        lock.read(line, "extra.lock")


def test_a_changed_bundle_gets_no_image(bundle: Path, tmp_path: Path) -> None:
    """One byte after compile is enough, and no wheel is fetched for it."""
    changed = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    with (changed / "config.cfg").open("a") as file:
        file.write("\n")
    wheels = Wheels(tmp_path / "wheels")
    with pytest.raises(BundleInvalidError, match="has changed"):
        planned(changed, wheels)
    assert wheels.platforms == []


def test_a_clock_that_nobody_set_is_refused_first(bundle: Path, tmp_path: Path) -> None:
    """Before 1980 no archive can be dated and no certificate holds."""
    with pytest.raises(errors.ClockWrongError, match="not set") as refused:
        build.plan(build.Order(bundle), recipe.read(), Engine(), Wheels(tmp_path), lambda: 86400.0)
    assert refused.value.got == "1970-01-02 00:00 UTC"


def test_a_full_disk_is_told_from_a_broken_build(bundle: Path, tmp_path: Path) -> None:
    """The engine's words are read, and no record is left."""
    plan, engine = planned(bundle, Wheels(tmp_path)), Engine()
    with pytest.raises(errors.DiskFullError, match="no room"):
        build.apply(plan, engine, tmp_path / "records")
    assert len(engine.orders) == 1
    assert not (tmp_path / "records").exists()


def test_a_disk_that_fills_up_while_the_context_is_written_is_told(bundle: Path, tmp_path: Path) -> None:
    """The folder for temporary files is named, and how to take another."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "nimbus-test", small]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no small disk can be mounted here")
    try:
        with pytest.raises(errors.DiskFullError) as refused:
            context.write(planned(bundle, Wheels(tmp_path)).context, small)
    finally:
        subprocess.run(["umount", small], check=True)
    assert "TMPDIR" in str(refused.value.remedy)


WORKS = Found("podman", "4.3.1", usable=True, detail="/usr/bin/podman")
DOWN = Found("docker", "", usable=False, detail="Cannot connect to the Docker daemon")
MISSING = Found("docker", "", usable=False, detail="not installed")


@pytest.mark.parametrize(
    ("found", "wanted", "chosen"),
    [
        ([DOWN, WORKS], None, "podman"),
        ([MISSING, WORKS], None, "podman"),
        ([dataclasses.replace(DOWN, usable=True), WORKS], None, "docker"),
        ([dataclasses.replace(DOWN, usable=True), WORKS], "podman", "podman"),
    ],
)
def test_the_first_engine_that_works_builds(found: list[Found], wanted: str | None, chosen: str) -> None:
    """Unless one is named."""
    assert choosing.choose(found, wanted).engine == chosen


def test_without_an_engine_it_is_said_what_was_looked_for() -> None:
    """Not installed is another failure than not running, with another remedy."""
    with pytest.raises(errors.EngineMissingError, match="neither") as missing:
        choosing.choose([MISSING, dataclasses.replace(MISSING, engine="podman")])
    assert "install" in str(missing.value.remedy)
    with pytest.raises(errors.EngineDownError, match="does not work") as down:
        choosing.choose([DOWN, WORKS], "docker")
    assert "Cannot connect" in str(down.value.got)


def test_engines_that_are_there_are_told_from_those_that_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Programs that fail, and no programs at all, by the real preflight."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {found.detail for found in assembly.engines()} == {"not installed"}
    for name in ("docker", "podman"):
        program = tmp_path / name
        program.write_text(
            "#!/bin/sh\necho 'Cannot connect to the daemon. Is the docker daemon running?' >&2\nexit 1\n"
        )
        program.chmod(0o755)
    assert {found.usable for found in assembly.engines()} == {False}
    with pytest.raises(errors.EngineDownError, match="does not work"):
        assembly.plan_image(build.Order(tmp_path))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("error: denied: requested access to the resource is denied", errors.PushRefusedError),
        ("tag invalid: The image tag 'x' already exists in the 'y' repository and is immutable", errors.TagTakenError),
        ("name unknown: The repository with name 'y' does not exist in the registry", errors.RepositoryMissingError),
        ("dial tcp 127.0.0.1:9: connect: connection refused", errors.PushRefusedError),
        ("write /var/lib: no space left on device", errors.DiskFullError),
        ("Cannot connect to the Docker daemon at unix:///x.sock", errors.EngineDownError),
        ("runc create failed: error setting rlimit type 7: operation not permitted", errors.EngineDownError),
    ],
)
def test_an_engines_words_become_a_cause(words: str, kind: type[errors.ImageError]) -> None:
    """What registries and engines say in their own words is one of our failures, with what to do."""
    refusal = refusals.of_push(words, "registry/y:x", "podman push")
    assert type(refusal) is kind
    assert refusal.remedy
