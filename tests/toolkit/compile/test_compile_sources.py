"""Rules of what a user may name as the pipeline: folders, packages, installed names, and nothing else."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import spacy.cli
from tests.toolkit.compile import saved

from nimbus import assembly
from nimbus.compile.errors import CompileRefusedError, PipelineNotFoundError
from nimbus.compile.source import find
from nimbus_runtime.contract.errors import NimbusError


@pytest.fixture(scope="session")
def project(cnn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project folder that `spacy package` lays out, its setup.py run: that copies meta.json twice."""
    folder = tmp_path_factory.mktemp("packages")
    spacy.cli.package(cnn, folder, version="1.2.3", create_sdist=False, create_wheel=False, silent=True)
    project = folder / "en_cnn-1.2.3"
    for place in (project / "en_cnn", project / "en_cnn" / "en_cnn-1.2.3"):
        shutil.copyfile(project / "meta.json", place / "meta.json")
    return project


@pytest.fixture(scope="session")
def wheel(project: Path) -> Path:
    """Return its wheel, of which the build makes a zip file with the package at the top."""
    path = project.parent / "en_cnn-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in saved.contents(project / "en_cnn").items():
            archive.writestr(f"en_cnn/{name}", data)
        archive.writestr("en_cnn-1.2.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: en_cnn\n")
    return path


@pytest.fixture(scope="session")
def sdist(project: Path) -> Path:
    """Return its source package, of which the build makes a tar file with the project's folder at the top."""
    path = project.parent / "en_cnn-1.2.3.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(project, project.name)
    return path


def digest(named: str | Path, output: Path) -> str:
    """Compile what is named and return the bundle's digest."""
    return assembly.compile_pipeline(str(named), output).bundle.digest


def refused(named: str | Path, output: Path) -> NimbusError:
    """Compile what cannot be compiled; return the failure, which must say what to do and leave nothing."""
    with pytest.raises((PipelineNotFoundError, CompileRefusedError)) as caught:
        assembly.compile_pipeline(str(named), output / "new" / "bundle")
    assert caught.value.remedy
    assert caught.value.where
    assert not (output / "new").exists()
    return caught.value


def test_a_folder_may_wrap_the_pipeline(cnn: Path, tmp_path: Path) -> None:
    """The folder that spaCy wrote and one that holds it alone give the same bundle."""
    assert digest(cnn, tmp_path / "a") == digest(cnn.parent, tmp_path / "b")


def test_wheel_source_package_project_and_installed_name_are_one_pipeline(
    wheel: Path, sdist: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `spacy package` gives the same bundle as a wheel, as a source package, as a folder and installed."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site-packages")  # noqa: S202 - written above
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    names = [wheel, sdist, project, "en_cnn", "en-cnn"]
    digests = {digest(named, tmp_path / f"bundle{at}") for at, named in enumerate(names)}
    assert len(digests) == 1
    with find(str(wheel)) as source:
        assert (source.name, source.version) == ("en_cnn", "1.2.3")


def test_an_unpacked_package_is_removed_again(wheel: Path) -> None:
    """A package is unpacked for as long as it is read, also when reading fails."""
    with find(str(wheel)) as source:
        assert source.path.is_dir()
    assert not source.path.exists()


def test_linked_files_are_copied_not_linked(cnn: Path, tmp_path: Path) -> None:
    """A pipeline whose files are links, as download caches have them, gives the bundle of the files themselves."""
    linked = saved.copy(cnn, tmp_path / "linked")
    (linked / "ner" / "model").unlink()
    (linked / "ner" / "model").symlink_to(cnn / "ner" / "model")
    assert digest(linked, tmp_path / "a") == digest(cnn, tmp_path / "b")


@pytest.mark.parametrize("named", ["no/such/folder", "no_such_package", "__main__", "json", "\x00", "n" * 300])
def test_a_name_of_nothing_is_said_in_words(named: str, tmp_path: Path) -> None:
    """A missing path, a foreign package and impossible names fail with what may be named instead."""
    with pytest.raises(PipelineNotFoundError) as caught:
        assembly.compile_pipeline(named, tmp_path / "bundle")
    assert caught.value.remedy
    assert not (tmp_path / "bundle").exists()


def test_an_empty_folder_is_no_pipeline(tmp_path: Path) -> None:
    """A folder without config.cfg and meta.json says what is missing."""
    (tmp_path / "empty").mkdir()
    assert "no config.cfg" in str(refused(tmp_path / "empty", tmp_path))


def test_several_pipelines_are_named(cnn: Path, tmp_path: Path) -> None:
    """Of a folder with several pipelines, as spacy train leaves it, each is named to choose from."""
    for name in ("model-best", "model-last"):
        saved.copy(cnn, tmp_path / "training" / name)
    failure = refused(tmp_path / "training", tmp_path)
    assert failure.got == "model-best, model-last"


def test_a_bundle_is_no_pipeline(cnn: Path, tmp_path: Path) -> None:
    """Compiling a bundle says that it is compiled already."""
    digest(cnn, tmp_path / "bundle")
    assert "compiled already" in str(refused(tmp_path / "bundle", tmp_path))


@pytest.mark.parametrize(
    "content", [b"", b"a text", b"PK\x03\x04 cut short", b"\x1f\x8b\x08 cut short", bytes(range(256)) * 8]
)
def test_a_file_that_is_no_package_is_said_in_words(tmp_path: Path, content: bytes) -> None:
    """Any other file fails by its own name with what it should have been."""
    (tmp_path / "file.whl").write_bytes(content)
    assert refused(tmp_path / "file.whl", tmp_path).where == str(tmp_path / "file.whl")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.999])
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_package_that_is_cut_short_is_said_in_words(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, share: float
) -> None:
    """A download that broke off fails by the package's name and asks for a whole copy."""
    whole: Path = request.getfixturevalue(kind)
    data = whole.read_bytes()
    (tmp_path / whole.name).write_bytes(data[: int(len(data) * share)])
    failure = refused(tmp_path / whole.name, tmp_path)
    assert failure.where == str(tmp_path / whole.name)
    assert "whole" in str(failure.remedy)


def test_a_package_with_a_flipped_byte_compiles_to_the_same_or_not_at_all(wheel: Path, tmp_path: Path) -> None:
    """Damage in the middle of an archive's data is noticed by its check sums."""
    data = bytearray(wheel.read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / wheel.name).write_bytes(data)
    refused(tmp_path / wheel.name, tmp_path)


@pytest.mark.parametrize("name", ["../escaped", "/tmp/nimbus-escaped", "en/../../../escaped"])  # noqa: S108
@pytest.mark.parametrize("kind", ["zip", "tar", "link"])
def test_an_archive_cannot_write_outside(tmp_path: Path, cnn: Path, kind: str, name: str) -> None:
    """Names that lead out of the archive are refused or kept inside; nothing appears elsewhere."""
    package = tmp_path / "in" / f"package.{kind}"
    package.parent.mkdir()
    files = {**{f"en/{key}": data for key, data in saved.contents(cnn).items()}, name: b"escaped"}
    if kind == "zip":
        with zipfile.ZipFile(package, "w") as archive:
            for entry, data in files.items():
                archive.writestr(entry, data)
    else:
        with tarfile.open(package, "w:gz") as archive:
            for entry, data in files.items():
                member = tarfile.TarInfo(entry)
                member.size = len(data)
                if kind == "link" and entry == name:
                    member = tarfile.TarInfo("en/link")
                    member.type, member.linkname = tarfile.SYMTYPE, name
                archive.addfile(member, io.BytesIO(data))
    before = {path for folder in (tmp_path, Path("/tmp")) for path in folder.glob("*escaped*")}  # noqa: S108
    try:
        assembly.compile_pipeline(str(package), tmp_path / "bundle")
    except PipelineNotFoundError as failure:
        assert (failure.where, bool(failure.remedy)) == (str(package), True)  # noqa: PT017 - either will do
    after = {path for folder in (tmp_path, Path("/tmp")) for path in folder.glob("*escaped*")}  # noqa: S108
    assert after == before


def damage(folder: Path, name: str, content: bytes) -> Path:
    """Overwrite a file of a pipeline."""
    (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.cfg", b""),
        ("config.cfg", b"[nlp"),
        ("config.cfg", b"\xff\xfe\x00 not text"),
        ("config.cfg", b"[nlp]\nlang = 7\npipeline = []\n[components]\n"),
        ("config.cfg", b'[nlp]\nlang = "en"\npipeline = ["ner"]\n[components]\n'),
        ("config.cfg", b'[nlp]\nlang = "en"\npipeline = ["ner"]\n[components]\nner = 7\n'),
        ("config.cfg", b'[nlp]\nlang = "en"\npipeline = 7\n[components]\n'),
        ("config.cfg", b'[nlp]\nlang = "en"\npipeline = ["${nowhere.at_all}"]\n[components]\n'),
        ("meta.json", b""),
        ("meta.json", b"[]"),
        ("meta.json", b"7"),
        ("meta.json", b'{"name": "x"'),
        ("meta.json", b"\xff\xfe"),
        ("meta.json", b'{"labels": []}'),
        ("meta.json", b'{"labels": {"ner": 7}}'),
        ("meta.json", b"[" * 100_000),
    ],
)
def test_damaged_settings_are_said_in_words(cnn: Path, tmp_path: Path, name: str, content: bytes) -> None:
    """A config.cfg or meta.json of another shape than spaCy's is refused, by compile and by inspect alike."""
    damaged = damage(saved.copy(cnn, tmp_path / "damaged"), name, content)
    failure = refused(damaged, tmp_path)
    assert failure.where == str(damaged)
    with pytest.raises(CompileRefusedError):
        assembly.inspect(str(damaged))


def test_damage_in_a_package_is_named_by_the_package(cnn: Path, tmp_path: Path) -> None:
    """The place in a failure is the package's, not that of a temporary folder that is gone."""
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as archive:
        for name, data in saved.contents(cnn).items():
            archive.writestr(f"en_cnn/{name}", b"" if name == "config.cfg" else data)
    assert refused(tmp_path / "package.whl", tmp_path).where == str(tmp_path / "package.whl" / "en_cnn")


@pytest.mark.parametrize("name", ["../outside", "/etc", "..", "a/b", "a\\b", ""])
def test_a_component_cannot_be_named_like_a_path(cnn: Path, tmp_path: Path, name: str) -> None:
    """A component whose name leads out of the folder is refused: its files would be read and written elsewhere."""

    def rename(config: saved.Json) -> None:
        config["components"] = {**config["components"], name: {"factory": "sentencizer"}}
        config["nlp"]["pipeline"] = [*config["nlp"]["pipeline"], name]

    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("not the pipeline's")
    source = saved.change_config(saved.copy(cnn, tmp_path / "named"), rename)
    refused(source, tmp_path / "out")
    with pytest.raises(CompileRefusedError):
        assembly.inspect(str(source))


def test_a_component_may_be_named_like_a_file_of_the_bundle(cnn: Path, tmp_path: Path) -> None:
    """A component's files never replace the bundle's own settings."""
    nlp = spacy.load(cnn)
    nlp.add_pipe("merge_entities", name="config")
    nlp.to_disk(tmp_path / "named")
    compiled = assembly.compile_pipeline(str(tmp_path / "named"), tmp_path / "bundle")
    assert "config" in [component.name for component in compiled.bundle.manifest.components]
    assert json.loads((tmp_path / "bundle" / "meta.json").read_text())["name"] == "cnn"
    assert "training" not in (tmp_path / "bundle" / "config.cfg").read_text()


@pytest.mark.parametrize("kind", ["broken link", "FIFO"])
def test_what_is_neither_file_nor_folder_is_refused(cnn: Path, tmp_path: Path, kind: str) -> None:
    """A broken link or a special file among a component's files is named."""
    source = saved.copy(cnn, tmp_path / "source")
    place = source / "ner" / "strange"
    place.symlink_to("nowhere") if kind == "broken link" else os.mkfifo(place)
    with pytest.raises(CompileRefusedError, match="broken link or a special file") as caught:
        assembly.compile_pipeline(str(source), tmp_path / "bundle")
    assert caught.value.where == str(place)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
