"""Rules of a bundle where it runs: verified before anything is opened, opened with the runtime alone."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fixtures import permissions
from tests.toolkit.compile import saved

from nimbus import assembly
from nimbus_runtime import bundle as bundles
from nimbus_runtime.contract.bundle import GRAPH_FILE, MANIFEST
from nimbus_runtime.contract.errors import BundleInvalidError, BundleUnsupportedError, NimbusError
from nimbus_runtime.encoder import Encoder

Json = dict[str, Any]
GRAPH = f"transformer/{GRAPH_FILE}"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle of a small transformer pipeline, to be copied before it is changed."""
    folder = tmp_path_factory.mktemp("bundle")
    assembly.compile_pipeline(str(saved.save_trf(folder / "pipeline")), folder / "bundle")
    return folder / "bundle"


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of a bundle, to be damaged."""
    return saved.copy(whole, tmp_path / "bundle")


@pytest.fixture
def nothing_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let opening a pipeline or a graph fail the test: a bundle that is not whole must not get so far."""

    def opened(*_: object, **__: object) -> None:
        pytest.fail("something was opened")

    monkeypatch.setattr(spacy, "load", opened)
    monkeypatch.setattr("onnxruntime.InferenceSession", opened)


def refused(path: Path) -> BundleInvalidError:
    """Verify a bundle that is not whole; return the failure, which must say where and what to do."""
    with pytest.raises(BundleInvalidError) as caught:
        bundles.verify(path)
    assert caught.value.where
    assert caught.value.remedy
    return caught.value


def manifest_of(path: Path) -> Json:
    """Return a bundle's manifest as plain JSON."""
    value: Json = json.loads((path / MANIFEST).read_bytes())
    return value


def relist(path: Path, change: Callable[[Json], object] = lambda _: None) -> None:
    """Write the manifest of a bundle anew for the files as they are now, and change it."""
    manifest = manifest_of(path)
    manifest["files"] = [
        {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for name, data in saved.contents(path).items()
        if name != MANIFEST
    ]
    change(manifest)
    (path / MANIFEST).write_text(json.dumps(manifest))


# Files


def test_a_whole_bundle_is_what_its_manifest_says(whole: Path) -> None:
    """Verifying returns the manifest, and as digest the SHA-256 of its bytes."""
    verified = bundles.verify(whole)
    assert verified.digest == hashlib.sha256((whole / MANIFEST).read_bytes()).hexdigest()
    assert {file.path for file in verified.manifest.files} == saved.contents(whole).keys() - {MANIFEST}
    assert verified.manifest.size == sum(file.size for file in verified.manifest.files)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_flipped_byte_is_noticed(whole: Path, data: st.DataObject) -> None:
    """One changed byte of any file is refused; in the manifest it is refused or gives another digest."""
    digest = hashlib.sha256((whole / MANIFEST).read_bytes()).hexdigest()
    name = data.draw(st.sampled_from([MANIFEST, *sorted(saved.contents(whole))]))
    before = (whole / name).read_bytes()
    changed = bytearray(before)
    changed[data.draw(st.integers(0, len(before) - 1))] ^= data.draw(st.integers(1, 255))
    (whole / name).write_bytes(changed)
    try:
        if name != MANIFEST:
            refused(whole)
        else:
            try:
                assert bundles.verify(whole).digest != digest
            except BundleInvalidError as failure:
                assert failure.remedy  # noqa: PT017 - another digest is allowed too
    finally:
        (whole / name).write_bytes(before)


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda b: (b / "config.cfg").write_text("other"), ["changed", "bytes"], id="size"),
        pytest.param(lambda b: (b / "config.cfg").write_bytes(b""), ["changed", "0 bytes"], id="emptied"),
        pytest.param(lambda b: (b / "config.cfg").unlink(), ["missing", "config.cfg"], id="missing file"),
        pytest.param(lambda b: (b / "tagger" / "model").rename(b / "model"), ["does not list"], id="moved file"),
        pytest.param(lambda b: (b / "extra").write_text(""), ["does not list", "extra"], id="extra file"),
        pytest.param(lambda b: (b / ".hidden").write_text(""), ["does not list"], id="hidden file"),
        pytest.param(lambda b: (b / "ner" / MANIFEST).write_text("{}"), ["does not list"], id="inner manifest"),
        pytest.param(lambda b: link(b / "config.cfg"), ["link"], id="linked file"),
        pytest.param(lambda b: link(b / "tagger"), ["link"], id="linked folder"),
        pytest.param(lambda b: (b / "more").symlink_to("tagger"), ["link"], id="extra link"),
        pytest.param(lambda b: (b / "more").symlink_to("nowhere"), ["link"], id="broken link"),
        pytest.param(lambda b: link(b / MANIFEST), ["link"], id="linked manifest"),
        pytest.param(lambda b: os.mkfifo(b / "pipe"), ["special file"], id="FIFO"),
        pytest.param(
            lambda b: ((b / MANIFEST).unlink(), os.mkfifo(b / MANIFEST)), ["special file"], id="manifest a FIFO"
        ),
        pytest.param(
            lambda b: ((b / MANIFEST).unlink(), (b / MANIFEST).mkdir()), ["special file"], id="manifest a folder"
        ),
        pytest.param(lambda b: (b / MANIFEST).unlink(), ["no bundle.json"], id="no manifest"),
        pytest.param(
            lambda b: ((b / "config.cfg").unlink(), (b / "config.cfg").mkdir()), ["missing"], id="folder for file"
        ),
    ],
)
def test_anything_but_the_listed_files_is_refused(
    bundle: Path, damage: Callable[[Path], object], words: list[str]
) -> None:
    """Changed, missing, additional, linked and special files are refused, and nothing is opened before."""
    damage(bundle)
    failure = str(refused(bundle))
    for word in words:
        assert word in failure


def link(place: Path) -> None:
    """Put a link in the place of a file or folder, to the same content elsewhere."""
    moved = place.rename(place.parent.parent / "moved")
    place.symlink_to(moved)


def test_an_empty_folder_changes_nothing(bundle: Path) -> None:
    """A folder without files is allowed: stores of objects lose it and archives bring it back."""
    (bundle / "empty" / "inside").mkdir(parents=True)
    bundles.verify(bundle)


@pytest.mark.parametrize("name", [MANIFEST, "config.cfg", "tagger"])
def test_what_may_not_be_read_is_said_in_words(bundle: Path, name: str) -> None:
    """A file or folder without the permission to read it is refused."""
    (bundle / name).chmod(0)
    try:
        with permissions.obeyed():
            refused(bundle)
    finally:
        (bundle / name).chmod(0o700)


@pytest.mark.parametrize("kind", ["nothing", "file", "long"])
def test_what_is_no_folder_is_said_in_words(tmp_path: Path, kind: str) -> None:
    """A missing path, a file and an impossible name are no bundles."""
    path = tmp_path / ("n" * 300 if kind == "long" else "bundle")
    if kind == "file":
        path.write_text("")
    refused(path)


# The manifest


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every value in a manifest; of a list, its first item stands for all."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


@pytest.mark.usefixtures("nothing_opened")
def test_every_field_of_the_manifest_is_checked(bundle: Path) -> None:
    """A field that is missing, or of another kind, is refused by its name: each of them."""
    manifest = manifest_of(bundle)
    tried, optional = 0, {"labels", "disabled", "code"}
    for *path, key in places(manifest):
        for wrong in (..., None, [7], {"x": 7}, 7, 0.5, True, "\0"):
            changed = copy.deepcopy(manifest)
            inside: Any = changed
            for step in path:
                inside = inside[step]
            same_kind = type(inside[key]) is type(wrong) or {type(inside[key]), type(wrong)} == {int, float}
            if same_kind and key not in {"precision", "schema_version"}:
                continue
            if wrong is ...:
                if isinstance(inside, list) or key in optional or path == ["requires"]:
                    continue
                del inside[key]
            else:
                inside[key] = wrong
            (bundle / MANIFEST).write_text(json.dumps(changed))
            failure = refused(bundle)
            assert failure.got or key == "path", (path, key, wrong)
            tried += 1
    assert tried > 100


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 200_000, b'{"schema_version": 2}', b"{}"]
)
def test_a_manifest_of_another_form_is_refused(bundle: Path, content: bytes) -> None:
    """What is no JSON object, or of another schema, is no manifest."""
    (bundle / MANIFEST).write_bytes(content)
    refused(bundle)


def test_a_manifest_of_another_schema_says_which(bundle: Path) -> None:
    """A bundle of a later schema is refused with both versions."""
    relist(bundle, lambda manifest: manifest.update(schema_version=2))
    failure = str(refused(bundle))
    assert "schema version 2" in failure
    assert "schema version 1" in failure


def test_a_manifest_larger_than_any_is_not_read(bundle: Path) -> None:
    """A manifest of 64 MiB and more is refused by its size alone."""
    with (bundle / MANIFEST).open("r+b") as file:
        file.truncate(2**26 + 1)
    assert "too large" in refused(bundle).what


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize("name", ["../outside", "{folder}/outside", "tagger/../../outside", "..", "/", ""])
def test_a_manifest_cannot_list_what_lies_outside(bundle: Path, name: str) -> None:
    """A path that leads out of the bundle is refused, though the file is there and its hash is right."""
    (bundle.parent / "outside").write_bytes(b"x")
    listed = {
        "path": name.format(folder=bundle.parent),
        "sha256": hashlib.sha256(b"x").hexdigest(),
        "size": 1,
    }
    relist(bundle, lambda manifest: manifest["files"].append(listed))
    refused(bundle)


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize("name", ["./config.cfg", "tagger//model", "tagger/../config.cfg", "config.cfg/", MANIFEST])
def test_a_file_has_one_name(bundle: Path, name: str) -> None:
    """A second spelling of a listed file, or the manifest itself, is not a file of the bundle."""
    relist(bundle, lambda manifest: manifest["files"].append({**manifest["files"][0], "path": name}))
    refused(bundle)


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize("changes", [{}, {"size": 1}, {"sha256": "0" * 64}])
def test_a_file_is_listed_once(bundle: Path, changes: Json) -> None:
    """A file that is listed twice is refused, whether or not both entries agree."""
    relist(bundle, lambda manifest: manifest["files"].append({**manifest["files"][0], **changes}))
    assert "twice" in refused(bundle).what


# The graph


def change_graph(path: Path, change: Callable[[onnx.ModelProto], object]) -> None:
    """Change a bundle's graph, its manifest written to suit."""
    graph = onnx.load(path / GRAPH, load_external_data=False)
    change(graph)
    (path / GRAPH).write_bytes(graph.SerializeToString())
    relist(path)


def entry(graph: onnx.ModelProto, key: str, value: str) -> None:
    """Change where the first weight of a graph lies."""
    first = next(tensor for tensor in graph.graph.initializer if tensor.external_data)
    (found,) = [e for e in first.external_data if e.key == key]
    found.value = value


def foreign(graph: onnx.ModelProto, place: str) -> None:
    """Put an operator of a foreign domain somewhere into a graph."""
    node = onnx.helper.make_node("Op", [], ["x"], domain="acme")
    if place == "graph":
        graph.graph.node.append(node)
    elif place == "subgraph":
        inner = onnx.helper.make_graph([node], "inner", [], [])
        graph.graph.node.append(onnx.helper.make_node("If", ["c"], ["y"], then_branch=inner))
    else:
        graph.functions.append(onnx.helper.make_function("", "F", [], ["x"], [node], graph.opset_import))


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize("place", ["graph", "subgraph", "function"])
def test_foreign_operators_are_refused(bundle: Path, place: str) -> None:
    """An operator that is not standard is refused wherever it stands, though every hash is right."""
    change_graph(bundle, lambda graph: foreign(graph, place))
    failure = refused(bundle)
    assert failure.got == "acme"
    assert failure.where == str(bundle / GRAPH)


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize(
    "location",
    [
        "../../outside",
        "{folder}/outside",
        "unlisted",
        "",
        "../tagger/../../../outside",
        "..\\outside",
        "\\outside",
        ".",
    ],
)
def test_weights_outside_the_bundle_are_refused(bundle: Path, location: str) -> None:
    """Weights lie in listed files of the bundle, and nowhere else."""
    (bundle.parent / "outside").write_bytes(bytes(2**20))
    change_graph(bundle, lambda graph: entry(graph, "location", location.format(folder=bundle.parent)))
    assert "outside the bundle's manifest" in refused(bundle).what


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize(("key", "value"), [("offset", "1073741824"), ("length", "1073741824")])
def test_weights_beyond_the_end_of_their_file_are_refused(bundle: Path, key: str, value: str) -> None:
    """An offset or a length past the end of the file of weights is refused before it is mapped."""
    change_graph(bundle, lambda graph: entry(graph, key, value))
    failure = refused(bundle)
    assert "beyond the end of encoder.weights" in failure.what
    assert failure.expected == f"at most {(bundle / 'transformer' / 'encoder.weights').stat().st_size} bytes"


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize("value", ["-1", "many"])
def test_an_offset_that_is_no_number_is_refused(bundle: Path, value: str) -> None:
    """An offset is a whole number from zero on."""
    change_graph(bundle, lambda graph: entry(graph, "offset", value))
    assert "not a readable ONNX file" in refused(bundle).what


@pytest.mark.usefixtures("nothing_opened")
@pytest.mark.parametrize("size", [0, 1, 100, 2000])
def test_a_graph_that_is_cut_short_is_refused(bundle: Path, size: int) -> None:
    """An empty or truncated graph is refused, though its hash is the listed one."""
    (bundle / GRAPH).write_bytes((bundle / GRAPH).read_bytes()[:size])
    relist(bundle)
    assert "not a readable ONNX file" in refused(bundle).what


# Opening


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (GRAPH, b"\x3a\x00"),
        ("transformer/tokenizer.json", b"{}"),
        ("transformer/tokenizer.json", b"\xff"),
        ("transformer/settings.json", b"{}"),
        ("transformer/settings.json", b"[]"),
        ("transformer/settings.json", b'{"stack": "other"}'),
        ("transformer/settings.json", b'{"stack": "spacy-transformers", "spans": {"strategy": "other"}}'),
        ("tagger/model", b"\xc1"),
        ("tagger/model", b""),
        ("config.cfg", b"[nlp]\n"),
        ("meta.json", b"{"),
        ("vocab/strings.json", b"7"),
        ("tokenizer", b"\x93"),
    ],
)
def test_a_bundle_that_cannot_be_opened_is_said_in_words(bundle: Path, name: str, content: bytes) -> None:
    """A file that is listed as it is and means nothing is refused in words when the bundle is opened."""
    (bundle / name).write_bytes(content)
    relist(bundle)
    with pytest.raises((BundleUnsupportedError, BundleInvalidError)) as caught:
        bundles.load(bundles.verify(bundle))
    assert caught.value.remedy
    assert str(bundle) in str(caught.value.where)


def test_an_opened_bundle_can_be_saved_and_opened_again(whole: Path, tmp_path: Path) -> None:
    """What nlp.to_disk writes of a bundle is a pipeline that plain spacy.load opens and that says the same."""
    nlp = bundles.load(bundles.verify(whole))
    nlp.to_disk(tmp_path / "saved")
    assert saved.predictions(spacy.load(tmp_path / "saved")) == saved.predictions(nlp)


def test_a_transformer_without_a_bundle_is_said_in_words(tmp_path: Path) -> None:
    """The factory alone makes a component that says how it is opened."""
    nlp = spacy.blank("en")
    nlp.add_pipe("nimbus_onnx_transformer")
    for use in (lambda: nlp("a text"), lambda: nlp.to_disk(tmp_path / "saved")):
        with pytest.raises(NimbusError, match="has no encoder yet") as caught:
            use()
        assert "spacy.load" in str(caught.value.remedy)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(lengths=st.lists(st.integers(1, saved.POSITIONS), max_size=24), seed=st.integers(0, 99))
def test_a_sequence_does_not_depend_on_its_company(whole: Path, lengths: list[int], seed: int) -> None:
    """An encoder gives a sequence the same vectors in a batch and alone, to the last bit."""
    encoder = _encoder(whole)
    random = np.random.default_rng(seed)
    sequences = [random.integers(0, len(saved.PIECES), length, dtype=np.int32) for length in lengths]
    together = encoder.encode(sequences)
    assert [vectors.shape for vectors in together] == [(length, saved.WIDTH) for length in lengths]
    for sequence, vectors in zip(sequences, together, strict=True):
        (alone,) = encoder.encode([sequence])
        assert np.array_equal(alone, vectors)


_ENCODERS: dict[Path, Encoder] = {}


def _encoder(path: Path) -> Encoder:
    if path not in _ENCODERS:
        _ENCODERS[path] = Encoder(path / GRAPH)
    return _ENCODERS[path]


def test_a_document_does_not_depend_on_its_company(whole: Path) -> None:
    """Whatever the batch size, a pipeline says the same of every text."""
    nlp = bundles.load(bundles.verify(whole))
    said = saved.predictions(nlp)
    assert saved.predictions(nlp, batch_size=1) == said
    assert saved.predictions(nlp, batch_size=2) == said


ALONE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "spacy_transformers", "onnx", "nimbus", "nimbus_tui"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from pathlib import Path
from nimbus_runtime.bundle import load, verify
nlp = load(verify(Path(sys.argv[1])))
print([token.tag_ for token in nlp(sys.argv[2])])
"""


def test_a_bundle_opens_where_there_is_nothing_but_the_runtime(whole: Path) -> None:
    """Neither torch nor transformers, onnx or the toolkit is imported to verify, open and annotate."""
    result = subprocess.run(
        [sys.executable, "-c", ALONE, str(whole), saved.TEXTS[0]],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert result.returncode == 0, result.stderr
    tags = [token.tag_ for token in spacy.load(whole)(saved.TEXTS[0])]
    assert result.stdout.splitlines() == [repr(tags)]
