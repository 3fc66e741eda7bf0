"""Rules of the build itself, by the real engine."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from nimbus import assembly
from nimbus.adapters.podman import Podman
from nimbus.engines import errors
from nimbus.engines.orders import Architecture
from nimbus.image import build as building
from nimbus.image import record
from tests.faults import command

from .containers import HARDENED
from .fixtures import SOURCE, BuiltImage, alone


def test_the_same_inputs_give_the_same_image(built_image: BuiltImage, base_image: str, tmp_path: Path) -> None:
    """Built again from another folder: the same id, the same list of materials."""
    bundle = Path(shutil.copytree(built_image.bundle, tmp_path / "elsewhere" / "bundle", copy_function=shutil.copy))
    planned = assembly.plan_image(building.Order(bundle, base_image=base_image, source=SOURCE), "podman")
    with alone("build"):
        again = assembly.build_image(planned, tmp_path / "records", "podman")
    assert again.parts == built_image.record.parts


def test_the_image_says_what_it_is(podman: str, built_image: BuiltImage, base_image: str) -> None:
    """Labels name release, bundle, runtime and base; it starts the runtime as nobody, with one folder to write to."""
    done = subprocess.run([podman, "image", "inspect", built_image.tag], check=True, capture_output=True)
    config = json.loads(done.stdout)[0]["Config"]
    labels, recorded = config["Labels"], built_image.record
    assert labels["nimbus.release"] == recorded.release
    assert labels["nimbus.bundle"] == recorded.bundle_digest
    assert labels["org.opencontainers.image.source"] == SOURCE
    assert labels["org.opencontainers.image.version"] == recorded.runtime_version
    assert labels["org.opencontainers.image.base.name"] == base_image
    assert labels["org.opencontainers.image.base.digest"] == recorded.base_digest
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["python3", "-P", "-m", "nimbus_runtime"]
    assert list(config["Volumes"]) == ["/tmp"]  # noqa: S108 - the image's own


def test_the_image_has_no_shell_and_no_installer(podman: str, built_image: BuiltImage) -> None:
    """On a base without them nothing brings them: who gets in finds Python, and nothing to install with."""
    for program in ("sh", "pip", "apt-get"):
        run = [podman, "run", "--rm", *HARDENED, "--network=none", f"--entrypoint={program}", built_image.tag]
        assert subprocess.run(run, check=False, capture_output=True).returncode in (126, 127)


def test_the_materials_are_listed_beside_the_image(built_image: BuiltImage) -> None:
    """CycloneDX names the bundle, every package of Python and of the system, each once and in its version."""
    (part,) = built_image.record.parts
    data = (built_image.folder / record.SBOM.format(architecture=part.architecture.value)).read_bytes()
    assert hashlib.sha256(data).hexdigest() == part.sbom
    listed = json.loads(data)
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    assert "timestamp" not in listed["metadata"]
    assert built_image.record.bundle_digest in json.dumps(listed["metadata"]["component"])
    purls = [component["purl"] for component in listed["components"]]
    assert len(purls) == len(set(purls))
    names = {component["name"] for component in listed["components"]}
    assert {"spacy", "onnxruntime", "nimbus-runtime", "libc6", "libssl3"} <= names
    assert not {"setuptools", "hf-xet", "huggingface-hub"} & names
    assert all(one["hashes"] for one in listed["components"] if one["purl"].startswith("pkg:pypi/"))


def test_inside_a_project_its_file_says_how(built_image: BuiltImage, tmp_path: Path) -> None:
    """[image] of nimbus.toml stands for the options that are not given."""
    (tmp_path / "nimbus.toml").write_text(
        '[pipeline]\nname = "en_support"\nsource = "x"\n[input]\npaths = ["x"]\n'
        '[image]\nbase = "127.0.0.1:9/python:3.11-slim"\nengine = "podman"\n'
    )
    refused = command.nimbus("image", "build", "--bundle", built_image.bundle, "--dry-run", cwd=tmp_path)
    assert refused.code == 1
    assert "127.0.0.1:9/python:3.11-slim" in refused.err
    refused = command.nimbus(
        "image", "build", "--bundle", built_image.bundle, "--base-image", "127.0.0.1:9/other", cwd=tmp_path
    )
    assert "127.0.0.1:9/other" in refused.err


def test_a_base_image_that_cannot_be_had_is_named(built_image: BuiltImage) -> None:
    """Neither here nor reachable: the failure names it, and another place to take it from."""
    order = building.Order(built_image.bundle, base_image="127.0.0.1:9/python:3.11-slim")
    with pytest.raises(errors.BaseUnreachableError, match="cannot be fetched") as refused:
        assembly.plan_image(order, "podman")
    assert refused.value.where == "127.0.0.1:9/python:3.11-slim"
    assert "--base-image" in str(refused.value.remedy)


def test_a_base_image_without_python_is_refused(podman: str, built_image: BuiltImage, tmp_path: Path) -> None:
    """What the base lacks is said before any wheel is fetched."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    subprocess.run([podman, "build", "--quiet", "--tag=localhost/nimbus-test/empty", tmp_path], check=True)
    order = building.Order(built_image.bundle, base_image="localhost/nimbus-test/empty")
    with pytest.raises(errors.BaseUnsuitableError, match="cannot carry") as refused:
        assembly.plan_image(order, "podman")
    assert "python3" in str(refused.value.expected)


def test_the_command_says_what_it_found_and_prints_the_image(
    built_image: BuiltImage, base_image: str, tmp_path: Path
) -> None:
    """Prose on stderr, the image's name on stdout; a dry run builds nothing and records nothing."""
    command = [sys.executable, "-m", "nimbus.cli.main", "image", "build", "--bundle", built_image.bundle, "--dry-run"]
    command += ["--base-image", base_image, "--engine", "podman", "--output", tmp_path / "records"]
    dry = subprocess.run(command, check=True, capture_output=True, text=True)
    assert dry.stdout == f"{built_image.record.tag}\n"
    assert "podman" in dry.stderr
    told = json.loads(subprocess.run([*command, "--json"], check=True, capture_output=True, text=True).stdout)
    assert told["labels"]["nimbus.bundle"] == built_image.record.bundle_digest
    assert not (tmp_path / "records").exists()


@pytest.mark.slow
def test_an_index_carries_both_processors_without_an_emulator(
    podman: str, base_image: str, built_image: BuiltImage, tmp_path: Path
) -> None:
    """Built on a base that is an index: each member has its own processor's libraries, and nothing of arm64 was run."""
    base = "localhost/nimbus-test/both"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /tmp/x\n")  # of arm64, only layers are copied
    other = [podman, "build", "--quiet", "--platform=linux/arm64", f"--tag={base}:arm64", tmp_path]
    with alone("build"):
        subprocess.run(other, check=True)
        subprocess.run([podman, "tag", base_image, f"{base}:amd64"], check=True)
        subprocess.run([podman, "manifest", "rm", f"{base}:index"], check=False, capture_output=True)
        members = [f"containers-storage:{base}:{name}" for name in ("amd64", "arm64")]
        subprocess.run([podman, "manifest", "create", f"{base}:index", *members], check=True)
        order = building.Order(built_image.bundle, f"{base}:index", tuple(Architecture), tag="both")
        planned = assembly.plan_image(order, "podman")
        built = assembly.build_image(planned, tmp_path / "records", "podman")
        told = subprocess.run([podman, "manifest", "inspect", built.tag], check=True, capture_output=True).stdout
    index = json.loads(told)
    assert [one["platform"]["architecture"] for one in index["manifests"]] == ["amd64", "arm64"]
    machines = {}
    for part in built.parts:
        with Podman().exported(part.id) as place, tarfile.open(place) as archive:
            (name,) = [n for n in archive.getnames() if "onnxruntime_pybind11_state" in n and n.endswith(".so")]
            library = archive.extractfile(name)
            assert library is not None
            machines[part.architecture] = struct.unpack_from("<H", library.read(20), 18)[0]
            assert any(n.startswith("opt/nimbus/packages/spacy/__pycache__/") for n in archive.getnames())
    assert machines == {Architecture.AMD64: 62, Architecture.ARM64: 183}


def test_a_base_image_for_another_processor_is_refused(base_image: str, built_image: BuiltImage) -> None:
    """A base that is no index cannot carry another processor's image, and nobody notices too late."""
    order = building.Order(built_image.bundle, base_image, (Architecture.ARM64,))
    with pytest.raises(errors.BaseUnsuitableError, match="is not there for linux/"):
        assembly.plan_image(order, "podman")
