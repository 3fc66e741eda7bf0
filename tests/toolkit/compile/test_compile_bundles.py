"""Rules of what compiling writes: the same bytes anywhere, whole or not at all, and over nothing else."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from tests.faults import command
from tests.fixtures import permissions
from tests.toolkit.compile import saved

from nimbus import assembly
from nimbus.compile.cached import CachedCompiler
from nimbus.compile.errors import BundleExistsError
from nimbus_runtime import bundle as bundles
from nimbus_runtime.contract.errors import StoreError

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=["cnn", "trf"])
def pipeline(request: pytest.FixtureRequest) -> Path:
    """Return each of the saved pipelines in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


def test_a_cnn_bundle_says_what_the_pipeline_says(cnn: Path, tmp_path: Path) -> None:
    """Compiling a pipeline without a transformer changes none of its annotations."""
    assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    expected = saved.predictions(spacy.load(cnn))
    assert saved.predictions(spacy.load(tmp_path / "bundle")) == expected
    assert any(said["ents"] for said in expected)


def test_a_saved_transformer_compiles_and_annotates_without_torch(trf: Path, tmp_path: Path) -> None:
    """A bundle of a transformer pipeline opens with plain spacy.load, and its heads hear the transformer."""
    compiled = assembly.compile_pipeline(str(trf), tmp_path / "bundle")
    nlp = spacy.load(tmp_path / "bundle")
    said = saved.predictions(nlp)
    assert [len(doc["tags"]) for doc in said] == [len(nlp.make_doc(text)) for text in saved.TEXTS]
    assert any(doc["ents"] for doc in said)
    assert len({tag for doc in said for tag in doc["tags"]}) > 1
    assert compiled.bundle.manifest.precision.value == "fp32"


def test_a_transformers_vectors_are_those_of_its_weights(trf: Path, tmp_path: Path) -> None:
    """Another weight in the saved state dict is another vector on the document."""
    changed = saved.copy(trf, tmp_path / "changed")
    other = saved.transformer(weights=saved.state(saved.bert_weights(seed=6)))
    (changed / "transformer" / "model").write_bytes(other)
    vectors = []
    for source in (trf, changed):
        assembly.compile_pipeline(str(source), tmp_path / f"bundle{len(vectors)}")
        doc = spacy.load(tmp_path / f"bundle{len(vectors)}")(saved.TEXTS[0])
        vectors.append(doc._.get(saved.EXTENSION).pieces)
    assert vectors[0].shape == vectors[1].shape
    assert not np.allclose(*vectors)


def test_the_same_pipeline_gives_the_same_bytes_anywhere(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """Source, output, home, temporary folder, hash seed and process do not show in a bundle."""
    here = assembly.compile_pipeline(str(pipeline), tmp_path / "one" / "bundle")
    elsewhere = saved.copy(pipeline, tmp_path / "some" / "other" / "place")
    for folder in ("home", "temporary"):
        (tmp_path / folder).mkdir()
    result = nimbus(
        *("compile", elsewhere, "--output", "deep/er"),
        cwd=tmp_path,
        HOME=str(tmp_path / "home"),
        TMPDIR=str(tmp_path / "temporary"),
        PYTHONHASHSEED="7",
    )
    assert result.returncode == 0, result.stderr
    assert here.bundle.digest in result.stderr
    assert saved.contents(tmp_path / "one" / "bundle") == saved.contents(tmp_path / "deep" / "er")


def test_no_path_of_a_machine_survives_in_a_bundle(pipeline: Path, tmp_path: Path) -> None:
    """Neither the places of training data and vectors, nor those of source, output, home and encoder."""

    def with_paths(config: saved.Json) -> None:
        config["paths"]["train"] = "/data/secret-corpus/train.spacy"
        config["paths"]["vectors"] = "/data/secret-vectors"

    source = saved.copy(pipeline, tmp_path / "secret-source" / "model-best")
    saved.change_config(source, with_paths)
    if (source / "transformer").is_dir():
        config = saved.bert_config(_name_or_path="/models/secret-encoder")
        (source / "transformer" / "model").write_bytes(saved.transformer(config))
    assembly.compile_pipeline(str(source), tmp_path / "secret-output" / "bundle")
    home = str(Path.home())
    for name, data in saved.contents(tmp_path / "secret-output" / "bundle").items():
        assert b"secret-" not in data, name
        assert str(tmp_path).encode() not in data, name
        assert home == "/" or home.encode() + b"/" not in data, name


def test_a_killed_compile_leaves_nothing_and_stands_in_nobodys_way(trf: Path, tmp_path: Path, nimbus: Run) -> None:
    """After kill -9 there is no bundle, and the next compile makes one."""
    output, changes = tmp_path / ".nimbus" / "compiled" / "bundle", tmp_path / "changes"
    changes.touch()
    while (done := command.doomed(changes, "compile", trf, "--output", output)).code == -signal.SIGKILL:
        assert not output.exists()
    assert done.code == 0, done.err
    assert changes.read_text("utf-8").splitlines() == ["os.mkdir compiled", "os.rename compiled"]
    (left,) = output.parent.glob(".bundle.*")  # of the one that died before it gave its bundle a name
    assert (left / "bundle.json").is_file()
    assert nimbus("verify", output).returncode == 0


def test_what_a_killed_compile_left_is_swept(cnn: Path, tmp_path: Path) -> None:
    """The next compile to the same output removes it; what is held, fresh, or of another name stays."""
    stale, fresh, held, other = (tmp_path / f".{name}" for name in ("bundle.0123abcd", *_KEPT))
    for folder in (stale, fresh, held, other):
        folder.mkdir()
        (folder / "file").touch()
        if folder != fresh:
            os.utime(folder, (1e9, 1e9))
    descriptor = os.open(held, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    finally:
        os.close(descriptor)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["bundle", fresh.name, held.name, other.name])


_KEPT = ("bundle.1123abcd", "bundle.2123abcd", "bundle.old.0123abcd")


def test_a_folder_of_compiled_pipelines_keeps_itself_clean(cnn: Path, tmp_path: Path) -> None:
    """What was left of pipelines that nobody compiles any more goes too; and git leaves out all of it."""
    folder = tmp_path / ".nimbus" / "compiled"
    stale, bundle = folder / ".other-0123456789abcdef.0123abcd", folder / "other-0123456789abcdef"
    for place in (stale, bundle):
        place.mkdir(parents=True)
        os.utime(place, (1e9, 1e9))
    compiled = CachedCompiler(str(cnn), folder).compile()
    assert sorted(path.name for path in folder.iterdir()) == sorted([bundle.name, compiled.path.name])
    assert (tmp_path / ".nimbus" / ".gitignore").read_text() == "*\n"


def test_the_same_bundle_is_left_as_it_is(cnn: Path, tmp_path: Path) -> None:
    """Compiling again into the same place changes nothing there, and says so."""
    first = assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    inode = (tmp_path / "bundle").stat().st_ino
    again = assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    assert (first.unchanged, again.unchanged) == (False, True)
    assert (tmp_path / "bundle").stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_another_bundle_is_replaced_only_when_asked(cnn: Path, trf: Path, tmp_path: Path) -> None:
    """A different bundle at the output stays, and the remedy names --replace; with it, the new one stands there."""
    output = tmp_path / "bundle"
    old = assembly.compile_pipeline(str(cnn), output).bundle
    with pytest.raises(BundleExistsError) as refused:
        assembly.compile_pipeline(str(trf), output)
    assert "--replace" in str(refused.value)
    assert bundles.verify(output).digest == old.digest
    new = assembly.compile_pipeline(str(trf), output, replace=True).bundle
    assert bundles.verify(output).digest == new.digest != old.digest
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("damage", ["config.cfg", "bundle.json"])
def test_a_damaged_bundle_is_replaced_only_when_asked(cnn: Path, tmp_path: Path, damage: str) -> None:
    """A bundle of the same digest whose files changed is not taken for the same; --replace mends it."""
    output = tmp_path / "bundle"
    assembly.compile_pipeline(str(cnn), output)
    (output / damage).write_bytes((output / damage).read_bytes()[:-3])
    with pytest.raises(BundleExistsError) as refused:
        assembly.compile_pipeline(str(cnn), output)
    assert "damaged" in str(refused.value)
    assert "--replace" in str(refused.value)
    assembly.compile_pipeline(str(cnn), output, replace=True)
    bundles.verify(output)


def test_a_replaced_link_leaves_what_it_points_to(cnn: Path, trf: Path, tmp_path: Path) -> None:
    """Replacing a link to a bundle puts a bundle in the link's place and does not touch the old one."""
    kept = assembly.compile_pipeline(str(cnn), tmp_path / "kept").bundle
    (tmp_path / "link").symlink_to("kept")
    assembly.compile_pipeline(str(trf), tmp_path / "link", replace=True)
    assert bundles.verify(tmp_path / "kept").digest == kept.digest
    assert bundles.verify(tmp_path / "link").digest != kept.digest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "link"]


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("kind", ["folder", "file", "broken link"])
def test_what_is_no_bundle_is_never_written_over(cnn: Path, tmp_path: Path, kind: str, *, replace: bool) -> None:
    """A folder with other files, a file or a broken link at the output stays, whatever was asked."""
    output = tmp_path / "output"
    if kind == "folder":
        output.mkdir()
        (output / "thesis.txt").write_text("years of work")
    elif kind == "file":
        output.write_text("years of work")
    else:
        output.symlink_to("nowhere")
    with pytest.raises(BundleExistsError, match="not a bundle") as refused:
        assembly.compile_pipeline(str(cnn), output, replace=replace)
    assert refused.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["output"]
    assert kind != "file" or output.read_text() == "years of work"


def test_an_empty_folder_becomes_the_bundle(cnn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder is taken for the output, also by the name "."."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assembly.compile_pipeline(str(cnn), Path())
    bundles.verify(tmp_path / "empty")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_bundle_is_not_written_into_its_own_source(cnn: Path, tmp_path: Path) -> None:
    """The output may not lie in the pipeline's folder: the next compile would take it for a part of it."""
    source = saved.copy(cnn, tmp_path / "source")
    before = saved.contents(source)
    with pytest.raises(BundleExistsError, match="inside the pipeline's own folder"):
        assembly.compile_pipeline(str(source), source / "bundle")
    assert saved.contents(source) == before


def test_a_parent_that_is_a_file_is_said_in_words(cnn: Path, tmp_path: Path) -> None:
    """An output below a file fails with the place and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as failed:
        assembly.compile_pipeline(str(cnn), tmp_path / "file" / "bundle")
    assert failed.value.remedy
    assert failed.value.where == str(tmp_path / "file" / "bundle")


def test_a_read_only_parent_is_said_in_words(cnn: Path, tmp_path: Path) -> None:
    """An output in a folder that may not be written to fails with the place and what to do."""
    (tmp_path / "fixed").mkdir(mode=0o555)
    with permissions.obeyed(), pytest.raises(StoreError, match="Permission denied") as failed:
        assembly.compile_pipeline(str(cnn), tmp_path / "fixed" / "bundle")
    assert failed.value.remedy


def test_an_impossible_name_is_said_in_words(cnn: Path, tmp_path: Path) -> None:
    """A name that no file system takes is a failure with words, and leaves nothing."""
    with pytest.raises(StoreError, match="cannot be written"):
        assembly.compile_pipeline(str(cnn), tmp_path / ("n" * 300))
    assert not list(tmp_path.iterdir())
