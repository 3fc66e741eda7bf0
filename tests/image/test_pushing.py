"""Rules of pushing, to a real registry that wants a login, with the login that ECR's API gives."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimbus import assembly
from nimbus.adapters.ecr import Ecr
from nimbus.adapters.podman import Podman
from nimbus.adapters.registry import EngineRegistry
from nimbus.engines import errors
from nimbus.engines.orders import Login
from nimbus.image import push, record
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Release
from tests.aws.local_aws import ACCOUNT, LocalAws
from tests.faults import command

from .fixtures import BuiltImage
from .registry import LocalRegistry, breaking, registry

PROJECT = """
[pipeline]
name = "support"
source = "pipeline"

[input]
paths = ["texts.jsonl"]

[loadtest.profiles.quick]
shape = "steady"
rate = 5
seconds = 2
"""


@pytest.fixture(scope="module")
def local_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    """Serve a registry whose one user is the one that the local AWS's ECR names."""
    with registry(tmp_path_factory.mktemp("registry"), "AWS", f"{ACCOUNT}-auth-token") as served:
        yield served


@pytest.fixture
def folder(built_image: BuiltImage, tmp_path: Path) -> Path:
    """Return a copy of the image's records, to be changed."""
    return Path(shutil.copytree(built_image.folder, tmp_path / "bundle.image"))


@pytest.fixture
def logged_in(local_registry: LocalRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRegistry:
    """Log podman in, in a file of this test's own."""
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    user = ("--username", local_registry.user, "--password", local_registry.password)
    subprocess.run(["podman", "login", "--tls-verify=false", *user, local_registry.address], check=True)
    return local_registry


def test_an_image_is_pushed_with_the_login_of_ecr(
    built_image: BuiltImage, local_registry: LocalRegistry, aws_environment: LocalAws, folder: Path
) -> None:
    """Its layers are packed with zstd, it is recorded by its digest, and pulled by that digest it is the same image."""
    repository = f"{local_registry.address}/production/support"
    pushed = push.push(built_image.record, repository, Podman(), Ecr(), folder)
    assert pushed.reference is not None
    assert record.read(folder) == pushed
    name, _, digest = pushed.reference.partition("@")
    assert name == repository
    manifest = local_registry.ask(f"production/support/manifests/{built_image.record.release}")
    assert manifest is not None
    assert manifest["config"]["digest"] == f"sha256:{built_image.record.parts[0].id}"
    assert {layer["mediaType"].rpartition("+")[2] for layer in manifest["layers"]} == {"zstd"}
    assert local_registry.ask(f"production/support/manifests/{digest}") == manifest
    made = aws_environment.client("ecr").describe_repositories(repositoryNames=["production/support"])
    assert made["repositories"][0]["imageTagMutability"] == "IMMUTABLE"


def test_a_second_push_changes_nothing(built_image: BuiltImage, logged_in: LocalRegistry, folder: Path) -> None:
    """The same content under the same tag is the same digest."""
    repository, engine = f"{logged_in.address}/again", Podman()
    first = push.push(built_image.record, repository, engine, EngineRegistry(engine), folder)
    assert push.push(built_image.record, repository, engine, EngineRegistry(engine), folder) == first
    part = dataclasses.replace(first.parts[0], tried=False)
    record.write(dataclasses.replace(first, parts=(part,)), folder)
    told = command.nimbus("image", "push", folder, "--repository", repository)
    assert (told.code, told.out) == (0, f"{first.reference}\n"), told.err
    assert f"not tried here: {part.architecture.platform}" in told.err


def test_a_tag_of_other_content_is_never_taken(
    built_image: BuiltImage, logged_in: LocalRegistry, folder: Path, tmp_path: Path
) -> None:
    """Whoever built on another base meets the tag, and is told to name another."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /other\n")
    subprocess.run(["podman", "build", "--quiet", "--tag=localhost/nimbus-test/other", tmp_path], check=True)
    repository, engine = f"{logged_in.address}/taken", Podman()
    engine.push("localhost/nimbus-test/other", f"{repository}:{built_image.record.release}", None)
    with pytest.raises(errors.TagTakenError, match="other content") as refused:
        push.push(built_image.record, repository, engine, EngineRegistry(engine), folder)
    assert "--tag" in str(refused.value.remedy)
    assert record.read(folder).reference is None


@pytest.mark.usefixtures("podman")
def test_a_release_s_image_is_pulled_by_its_digest(local_registry: LocalRegistry, tmp_path: Path) -> None:
    """With the login of the moment, once; a digest that nobody has is told in words."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /pulled\n")
    subprocess.run(["podman", "build", "--quiet", "--tag=localhost/nimbus-test/pulled", tmp_path], check=True)
    login = Login(local_registry.address, local_registry.user, local_registry.password)
    repository, engine = f"{local_registry.address}/pulled", Podman()
    reference = f"{repository}@{engine.push('localhost/nimbus-test/pulled', f'{repository}:1', login)}"
    subprocess.run(["podman", "rmi", "--force", "localhost/nimbus-test/pulled"], check=True)
    engine.pull(reference, login)
    engine.pull(reference, None)  # it is here
    with pytest.raises(errors.ImageMissingError, match="cannot be fetched"):
        engine.pull(f"{repository}@sha256:{'0' * 64}", login)
    subprocess.run(["podman", "rmi", reference], check=True)


@pytest.mark.usefixtures("podman")
@pytest.mark.usefixtures("podman")
def test_a_release_whose_image_is_elsewhere_is_load_tested_in_it(
    built_image: BuiltImage, logged_in: LocalRegistry, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that has neither bundle nor image pulls the image by its digest, and serves that."""
    repository, engine = f"{logged_in.address}/measured", Podman()
    pushed = push.push(built_image.record, repository, engine, EngineRegistry(engine), folder)
    (tmp_path / "nimbus.toml").write_text(PROJECT, encoding="utf-8")
    release = Release("support-1", pushed.bundle_digest, "support", "1.0.0", image=pushed.reference)
    store = assembly.open_environment(assembly.environment(None, config=tmp_path / "nimbus.toml"))
    store.create(paths.release(release.release), codec.encode(release))
    elsewhere = f'[storage]\ndriver = "overlay"\ngraphroot = "{tmp_path}/images"\nrunroot = "{tmp_path}/run"\n'
    (tmp_path / "storage.conf").write_text(elsewhere, encoding="utf-8")
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    try:
        done = command.nimbus("loadtest", "--release", "support-1", "--profile", "quick", "--json", cwd=tmp_path)
    finally:
        subprocess.run(["podman", "rmi", "--all", "--force"], check=False, capture_output=True)
    assert done.code in (0, 3), done.err  # a busy machine may make it one that says nothing
    told = json.loads(done.out.splitlines()[-1])
    target = told["result"]["target"]
    assert (told["under"], target["release"], target["bundle_digest"]) == ("image", "support-1", pushed.bundle_digest)
    assert told["evidence"]["release"] == "support-1"
    assert set(told["judged"]["outcomes"]) == {"200"}


def test_a_push_without_a_login_is_refused_in_words(built_image: BuiltImage, local_registry: LocalRegistry) -> None:
    """The command's words say who refused what and what to do; no reference is recorded."""
    with pytest.raises(errors.PushRefusedError, match="refused the image") as refused:
        assembly.push_image(built_image.record, f"{local_registry.address}/closed", built_image.folder)
    assert "log in" in str(refused.value.remedy)
    assert record.read(built_image.folder).reference is None


def test_a_push_that_breaks_off_leaves_no_name(
    built_image: BuiltImage, local_registry: LocalRegistry, aws_environment: LocalAws, folder: Path
) -> None:
    """Cut after some megabytes, the registry has no tag and the record no reference: a release cannot name the half."""
    del aws_environment
    with breaking(local_registry.address, 8 << 20) as address, pytest.raises(errors.PushRefusedError):
        push.push(built_image.record, f"{address}/broken", Podman(), Ecr(), folder)
    assert local_registry.ask("broken/tags/list") in (None, {"name": "broken", "tags": None})
    assert record.read(folder).reference is None
    whole = push.push(built_image.record, f"{local_registry.address}/broken", Podman(), Ecr(), folder)
    assert record.read(folder).reference == whole.reference


def test_a_registry_that_is_not_there_is_told_from_one_that_refuses(built_image: BuiltImage, folder: Path) -> None:
    """An address that nobody listens at is the network's failure, not the login's."""
    with pytest.raises(errors.PushRefusedError, match="could not be pushed") as refused:
        assembly.push_image(dataclasses.replace(built_image.record), "127.0.0.1:9/nobody", folder)
    assert "address" in str(refused.value.remedy)
