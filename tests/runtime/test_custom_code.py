"""Rules of what a bundle asks for before it is opened: packages in their versions, and code that its manifest names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from tests.toolkit.compile import saved

from nimbus import assembly
from nimbus_runtime import bundle as bundles
from nimbus_runtime.contract.errors import BundleInvalidError, BundleUnsupportedError


@pytest.fixture
def cnn(tmp_path: Path) -> Path:
    """Return a saved CNN pipeline."""
    return saved.save_cnn(tmp_path / "pipeline")


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("spacy", ">=4,<5", ["spacy >=4,<5", "pip install 'spacy>=4,<5'"]),
        ("nimbus-runtime", ">=7", ["nimbus-runtime >=7"]),
        ("onnxruntime", "==1.0.0", ["onnxruntime ==1.0.0"]),
        ("acme-words", "==1.2", ["acme-words is not installed"]),
        ("spacy", "newest", ["in a way that this runtime does not read", "spacy newest"]),
    ],
)
def test_a_bundle_is_not_opened_without_what_it_requires(
    name: str, version: str, words: list[str], cnn: Path, tmp_path: Path
) -> None:
    """Every package that a bundle requires is looked for first, and what is not there is said in a sentence."""
    assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    place = tmp_path / "bundle" / "bundle.json"
    manifest = json.loads(place.read_text())
    manifest["requires"][name] = version
    place.write_text(json.dumps(manifest))
    with pytest.raises(BundleUnsupportedError) as caught:
        bundles.load(bundles.verify(tmp_path / "bundle"))
    for word in words:
        assert word in str(caught.value)
    assert caught.value.remedy


def with_code(bundle: Path, text: str, *, named: bool) -> Path:
    """Put a file of code into a bundle whose manifest lists it, and names it as code or does not."""
    (bundle / "code").mkdir()
    (bundle / "code" / "own.py").write_text(text)
    content = text.encode()
    listed = {"path": "code/own.py", "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    place = bundle / "bundle.json"
    manifest = json.loads(place.read_text())
    manifest["files"].append(listed)
    manifest["code"] = ["code/own.py"] if named else []
    place.write_text(json.dumps(manifest))
    return bundle


def test_code_that_only_lies_in_a_bundle_is_not_imported(cnn: Path, tmp_path: Path) -> None:
    """A listed file is carried; it is imported only where the manifest names it as code."""
    assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    text = f"raise RuntimeError({str(tmp_path)!r})"
    bundles.load(bundles.verify(with_code(tmp_path / "bundle", text, named=False)))


def test_code_that_fails_where_it_runs_is_said_in_words(cnn: Path, tmp_path: Path) -> None:
    """What was raised, in which file, and what to do."""
    assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    text = f"raise RuntimeError({str(tmp_path)!r})"
    verified = bundles.verify(with_code(tmp_path / "bundle", text, named=True))
    with pytest.raises(BundleUnsupportedError, match="own code cannot be imported") as caught:
        bundles.load(verified)
    assert "RuntimeError" in str(caught.value)
    assert str(caught.value.where).endswith("code/own.py")


def test_code_that_changed_after_it_was_verified_is_not_run(cnn: Path, tmp_path: Path) -> None:
    """The bytes that are run are the bytes whose hash the manifest states."""
    assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    verified = bundles.verify(with_code(tmp_path / "bundle", "x = 1", named=True))
    (tmp_path / "bundle" / "code" / "own.py").write_text("raise RuntimeError")
    with pytest.raises(BundleInvalidError, match="has changed"):
        bundles.load(verified)


@pytest.mark.parametrize("name", ["code/gone.py", "../own.py", "config.cfg", "tokenizer", "code/deep/own.py"])
def test_a_manifest_names_only_listed_files_of_the_code_folder(name: str, cnn: Path, tmp_path: Path) -> None:
    """Anything else that it calls code is refused before it is opened."""
    assembly.compile_pipeline(str(cnn), tmp_path / "bundle")
    place = tmp_path / "bundle" / "bundle.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "code": [name]}))
    with pytest.raises(BundleInvalidError, match="names code") as caught:
        bundles.verify(tmp_path / "bundle")
    assert caught.value.got == name
