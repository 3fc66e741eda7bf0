"""What was left out of the image is missed by nothing that is supported: each rule, by runs in the slimmed image."""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
import zstandard
from spacy.tokens import DocBin

from nimbus import assembly
from nimbus.image import sizes
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import OutputFormat, Run
from tests.faults import bundles

from .containers import HARDENED, RUN, Container
from .fixtures import BuiltImage

_ASSEMBLE = Path(__file__).parents[2] / "inference_image/assemble.py"
_TRANSFORMER = Path(__file__).parents[2] / "toolkit/nimbus/demo/pipelines/support_trf"
_TEXT = "Anna had a late order from Berlin."

# What a container says of what it can import, and this machine, which has the packages as they were published.
_QUESTION = """
import importlib, json, pkgutil
import spacy, spacy.lang
languages, refused = {}, []
for found in pkgutil.iter_modules(spacy.lang.__path__):
    if found.ispkg:
        try:
            nlp = spacy.blank(found.name)
            languages[found.name] = [token.text for token in nlp("Anna had 2 lamps, e.g. in Berlin.")]
        except ImportError:
            languages[found.name] = None
for root in ("nimbus_runtime", "spacy", "thinc", "srsly", "tokenizers", "onnxruntime.capi", "pyarrow", "zstandard"):
    package = importlib.import_module(root)
    for found in pkgutil.walk_packages(package.__path__, f"{root}.", onerror=lambda name: None):
        if ".tests" not in found.name and "__main__" not in found.name:
            try:
                importlib.import_module(found.name)
            except BaseException:
                refused.append(found.name)
print(json.dumps([languages, refused]))
"""
_LEFT_OUT = {
    *(f"pyarrow.{name}" for name in ("_azurefs", "_flight", "_gcsfs", "_hdfs", "_orc", "_s3fs", "_dataset_orc")),
    *("pyarrow._pyarrow_cpp_tests", "pyarrow.flight", "pyarrow.orc", "zstandard._cffi", "zstandard.backend_cffi"),
}
_NEEDS_OTHERS = {"pyarrow.cffi", "pyarrow.conftest", "thinc.mypy"}  # cffi, pytest, mypy
Answer = tuple[dict[str, list[str] | None], list[str]]


@pytest.fixture(scope="module")
def answers(built_image: BuiltImage) -> tuple[Answer, Answer]:
    """Return what a Python in the image says, and what this one does."""
    run = ["podman", "run", "--rm", *HARDENED, "--network=none", "--entrypoint=python3", built_image.tag]
    told = []
    for python in (run, [sys.executable]):
        done = subprocess.run([*python, "-c", _QUESTION], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        told.append(tuple(json.loads(done.stdout.splitlines()[-1])))
    return told[0], told[1]


def test_every_language_cuts_texts_as_it_does_elsewhere(answers: tuple[Answer, Answer]) -> None:
    """All of spaCy's languages but those that need packages of their own, which a bundle's requirements bring."""
    (there, _), (here, _) = answers
    both = {name for name in there if there[name] is not None and here[name] is not None}
    assert len(both) > 60
    assert {name: there[name] for name in both} == {name: here[name] for name in both}


def test_what_cannot_be_imported_is_what_was_left_out(answers: tuple[Answer, Answer]) -> None:
    """Every module of what workers run is there, but for what a rule names and nobody asks for."""
    (_, there), (_, here) = answers
    assert set(there) - set(here) <= _LEFT_OUT | _NEEDS_OTHERS


def test_a_transformer_is_scored_as_by_the_whole_packages(built_image: BuiltImage, tmp_path: Path) -> None:
    """The encoder runs, the tokenizer cuts, and the rows are this machine's to the byte."""
    assembly.compile_pipeline(str(_TRANSFORMER), tmp_path / "bundle")
    bundle = bundles.Built(tmp_path / "bundle", _TRANSFORMER)
    container = Container(built_image.tag, bundle, tmp_path / "data")
    container.deploy([{"id": str(n), "text": f"{_TEXT} {n}"} for n in range(3)], output=OutputFormat.JSONL)
    done = container.run("plan")
    assert done.returncode == 0, done.stdout + done.stderr
    run = codec.decode(Run, container.store.read(paths.dataset(RUN)) or b"", RUN)
    (rows,) = [container.store.read(paths.data(RUN, file.file)) or b"" for file in run.rows]
    program = [sys.executable, "-m", "nimbus.cli.main", "run", container.folder / "inputs"]
    options = [
        "--bundle",
        bundle.path,
        "--output",
        tmp_path / "here",
        "--format",
        "jsonl",
        "--id-field",
        "id",
        "--quiet",
    ]
    subprocess.run([*program, *options], check=True)
    (here,) = (tmp_path / "here" / "runs").glob("*/data/*.jsonl")
    scored = [[json.loads(line) for line in data.splitlines()] for data in (rows, here.read_bytes())]
    assert [row["ents"] for row in scored[0]] == [row["ents"] for row in scored[1]]
    assert [row["tags"] for row in scored[0]] == [row["tags"] for row in scored[1]]


def test_every_format_is_read(built_image: BuiltImage, tmp_path: Path) -> None:
    """JSON lines, CSV, Parquet, text and DocBin, packed and not, by one task."""
    container = Container(built_image.tag, bundles.Built(built_image.bundle, built_image.bundle), tmp_path / "data")
    container.deploy([{"id": "jsonl", "text": _TEXT}])
    inputs = container.folder / "inputs"
    line = (json.dumps({"id": "packed", "text": _TEXT}) + "\n").encode()
    (inputs / "a.jsonl.gz").write_bytes(gzip.compress(line))
    (inputs / "b.jsonl.zst").write_bytes(zstandard.compress(line))
    (inputs / "c.csv").write_text(f"id,text\ncsv,{_TEXT}\n", encoding="utf-8")
    pq.write_table(pa.table({"id": ["parquet"], "text": [_TEXT]}), inputs / "d.parquet")
    (inputs / "e.txt").write_text(f"{_TEXT}\n", encoding="utf-8")
    DocBin(docs=[spacy.blank("en")(_TEXT)]).to_disk(inputs / "f.spacy")
    for path in inputs.iterdir():
        path.chmod(0o644)
    done = container.run("plan")
    assert done.returncode == 0, done.stdout + done.stderr
    present = live.read(container.store)
    assert present is not None
    run = codec.decode(Run, container.store.read(paths.dataset(present.dataset or "")) or b"", RUN)
    assert (run.counts.scored, run.counts.quarantined) == (7, 0)


def test_every_byte_is_accounted_for_and_the_limits_are_kept(built_image: BuiltImage) -> None:
    """The table counts each file once; without the bundle it is below 450 MB unpacked and 150 MB packed."""
    (weighed,) = assembly.weigh_image(built_image.record).values()
    assert isinstance(weighed, sizes.Sizes)
    assert weighed.without_bundle < 450e6
    assert weighed.zstd < 150e6
    assert weighed.zstd < weighed.gzip
    assert abs(weighed.total - built_image.record.parts[0].size) < 0.05 * weighed.total
    assert all(one.files > 0 and one.bytes > 0 and one.why for one in weighed.left_out)
    names = {row.part.rpartition(" ")[0] or row.part for row in weighed.rows}
    assert {"base", "bundle", "nimbus-runtime", "spacy", "pyarrow", "onnxruntime"} <= names
    assert not {"huggingface_hub", "setuptools", "hf_xet"} & names


@pytest.fixture(scope="module")
def assemble() -> object:
    """Return the helper of the Dockerfile as a module."""
    spec = importlib.util.spec_from_file_location("assemble", _ASSEMBLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["assemble"] = module
    spec.loader.exec_module(module)
    return module


def test_a_library_is_cut_behind_what_is_loaded(assemble: object, tmp_path: Path) -> None:
    """What a compiler left behind the last segment goes; what is cut still loads and computes."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    source, whole, cut = tmp_path / "x.c", tmp_path / "whole.so", tmp_path / "cut.so"
    source.write_text("int twice(int x) { return 2 * x; }\n")
    subprocess.run([compiler, "-g", "-shared", "-fPIC", "-o", whole, source], check=True)
    after = assemble.loaded(whole.read_bytes())  # type: ignore[attr-defined]
    assert len(after) < whole.stat().st_size
    cut.write_bytes(after)
    code = f"import ctypes; print(ctypes.CDLL({str(cut)!r}).twice(21))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "42\n"
    assert assemble.loaded(after) == after  # type: ignore[attr-defined]
    assert assemble.loaded(b"no library") == b"no library"  # type: ignore[attr-defined]
