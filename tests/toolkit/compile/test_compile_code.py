"""Rules of a pipeline's own code: named by its owner, carried or required, and never imported for lying about."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.util import registry
from tests.toolkit.compile import saved

from nimbus.compile.known_functions import known

Run = Callable[..., "subprocess.CompletedProcess[str]"]

COMPONENT = """
    import dataclasses
    from spacy.language import Language
    from spacy.tokens import Span
    from spacy.util import registry

    print("imported")

    @dataclasses.dataclass
    class Shout:
        words: list[str]

        def __call__(self, doc):
            if "raisezz" in doc.text:
                raise ValueError(doc.text)
            doc.ents = [Span(doc, t.i, t.i + 1, "SHOUT") for t in doc if t.lower_ in self.words]
            return doc

    @Language.factory("acme_shout", assigns=["doc.ents"], default_config={"words": {"@misc": "acme.words.v1"}})
    def make(nlp, name, words):
        return Shout(words)

    @registry.misc("acme.words.v1")
    def words():
        return ["late", "broken"]
"""


def code(folder: Path, text: str = COMPONENT, name: str = "shout.py") -> Path:
    """Write a file of code."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(textwrap.dedent(text))
    return folder / name


@pytest.fixture
def pipeline(cnn: Path, tmp_path: Path) -> Path:
    """Return a pipeline with a component that only somebody's own code has; this process never imports that."""

    def change(config: saved.Json) -> None:
        config["nlp"]["pipeline"] = ["tok2vec", "tagger", "shout"]
        config["components"] = {name: config["components"][name] for name in ("tok2vec", "tagger")}
        config["components"]["shout"] = {"factory": "acme_shout", "words": {"@misc": "acme.words.v1"}}

    return saved.change_config(saved.copy(cnn, tmp_path / "pipeline"), change)


def manifest(folder: Path) -> saved.Json:
    """Return a bundle's manifest."""
    value: saved.Json = json.loads((folder / "bundle.json").read_text())
    return value


def failure(result: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """Return the words of a command that failed with them and without a traceback."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert "to do:" in result.stderr
    return result.stderr


def test_code_that_is_named_is_carried_and_imported_in_workers(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """Compile, inspect, verify and a run, where the code is no longer; a document it fails on is quarantined."""
    file = code(tmp_path / "elsewhere")
    result = nimbus("compile", pipeline, "--code", file, "--output", tmp_path / "bundle", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["code"] == ["code/shout.py"]
    file.unlink()
    written = manifest(tmp_path / "bundle")
    assert written["code"] == ["code/shout.py"]
    assert "code/shout.py" in [listed["path"] for listed in written["files"]]
    assert nimbus("verify", tmp_path / "bundle").returncode == 0
    assert "code       code/shout.py" in nimbus("inspect", tmp_path / "bundle").stdout
    (tmp_path / "texts.txt").write_text("the late order\nraisezz here\nall is broken\n")
    run = nimbus(
        *("run", tmp_path / "texts.txt", "--bundle", tmp_path / "bundle", "--output", tmp_path / "out"),
        *("--format", "jsonl", "--workers", "1", "--max-quarantine", "50%"),
    )
    assert run.returncode == 0, run.stderr
    files = nimbus("dataset", tmp_path / "out").stdout.split()
    rows = [json.loads(line) for name in files for line in Path(name).read_text().splitlines()]
    assert [[(e["start"], e["label"]) for e in row["ents"]] for row in rows] == [[(4, "SHOUT")], [(7, "SHOUT")]]
    assert nimbus("verify", tmp_path / "bundle").returncode == 0, "importing left something in the bundle"


def test_the_same_code_gives_the_same_bundle_anywhere(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """The folder that a file of code came from does not show."""
    for place in ("one", "two"):
        file = code(tmp_path / place)
        assert nimbus("compile", pipeline, "--code", file, "--output", tmp_path / f"b-{place}").returncode == 0
    assert saved.contents(tmp_path / "b-one") == saved.contents(tmp_path / "b-two")


def test_code_that_is_not_named_is_refused_and_not_imported(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """A file beside the pipeline, or in it, is not reached for; the refusal says how to name it."""
    code(pipeline)
    code(tmp_path)
    result = nimbus("compile", pipeline, "--output", tmp_path / "bundle", cwd=tmp_path)
    words = failure(result)
    assert "imported" not in words
    for word in ("'shout'", "'acme_shout'", "--code FILE.py", "--allow PACKAGE"):
        assert word in words
    assert not (tmp_path / "bundle").exists()


def test_inspect_takes_code_too(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """With the code, the component is kept; without it, it is refused."""
    assert nimbus("inspect", pipeline).returncode == 3
    result = nimbus("inspect", pipeline, "--code", code(tmp_path / "code"))
    assert result.returncode == 0
    assert "kept, with its code" in result.stdout
    assert "imported" not in result.stdout, "what code prints is no result"


def test_a_function_is_refused_with_its_place_and_taken_with_its_code(cnn: Path, tmp_path: Path, nimbus: Run) -> None:
    """An architecture of somebody's own, deep in a head, is a matter of code as a component is."""
    architecture = """
        from spacy.util import registry

        @registry.architectures("acme.Tagger.v1")
        def build(tok2vec, nO=None, normalize=False):
            return registry.get("architectures", "spacy.Tagger.v2")(tok2vec, nO, normalize)
    """

    def change(config: saved.Json) -> None:
        config["components"]["tagger"]["model"]["@architectures"] = "acme.Tagger.v1"

    pipeline = saved.change_config(saved.copy(cnn, tmp_path / "pipeline"), change)
    words = failure(nimbus("compile", pipeline, "--output", tmp_path / "bundle"))
    assert "components.tagger.model" in words
    assert "--code" in words
    file = code(tmp_path / "code", architecture, "tagger.py")
    assert nimbus("compile", pipeline, "--code", file, "--output", tmp_path / "bundle").returncode == 0


@pytest.mark.parametrize(
    ("text", "exit_code", "words"),
    [
        ("raise RuntimeError('no licence')", 1, ["cannot be imported", "RuntimeError: no licence"]),
        ("def broken(:", 1, ["cannot be imported", "SyntaxError", "line 1"]),
        ("import acme_that_is_not_installed", 1, ["acme_that_is_not_installed"]),
        ("raise SystemExit(0)", 1, ["SystemExit"]),
        ("x = '\0'", 1, ["cannot be imported"]),
        (None, 2, ["cannot be read", "No such file"]),
    ],
)
def test_code_that_fails_is_said_in_words(
    text: str | None, exit_code: int, words: list[str], pipeline: Path, tmp_path: Path, nimbus: Run
) -> None:
    """A file that raises, does not parse or does not exist is named, and nothing is written."""
    file = tmp_path / "gone.py" if text is None else code(tmp_path / "code", text)
    said = failure(nimbus("compile", pipeline, "--code", file, "--output", tmp_path / "new" / "bundle"), exit_code)
    for word in (str(file), *words):
        assert word in said
    assert not (tmp_path / "new").exists()


def test_two_files_of_one_name_are_refused(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """In a bundle they would be one file."""
    one, two = code(tmp_path / "one"), code(tmp_path / "two", "x = 1")
    said = failure(nimbus("compile", pipeline, "--code", one, "--code", two, "--output", tmp_path / "bundle"), 2)
    assert "same name" in said
    assert not (tmp_path / "bundle").exists()


def test_what_is_no_python_file_is_no_code(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """A folder or another file is refused by what was expected."""
    said = failure(nimbus("compile", pipeline, "--code", tmp_path, "--output", tmp_path / "bundle"), 2)
    assert "--code FILE.py" in said


def package(folder: Path, *, entry_points: str, requires: str = "", version: str = "1.2.3") -> Path:
    """Install a package with the component into a folder that goes onto the path."""
    code(folder / "acme_shout", name="__init__.py")
    meta = folder / f"Acme_Shout-{version}.dist-info"
    meta.mkdir()
    needed = f"Requires-Dist: {requires}\n" if requires else ""
    (meta / "METADATA").write_text(f"Metadata-Version: 2.1\nName: Acme.Shout\nVersion: {version}\n{needed}")
    (meta / "entry_points.txt").write_text(entry_points)
    return folder


FACTORY = "[spacy_factories]\nacme_shout = acme_shout:make\n"


def on_path(folder: Path) -> str:
    """Return a PYTHONPATH with a folder before the present one."""
    return ":".join([str(folder), *filter(None, sys.path)])


def test_a_package_is_required_in_its_version(pipeline: Path, tmp_path: Path, nimbus: Run) -> None:
    """The manifest names the very version; an environment without it, or with another, says so in a sentence."""
    site = package(tmp_path / "site", entry_points=FACTORY)
    command = ("compile", pipeline, "--output", tmp_path / "bundle")
    refused = failure(nimbus(*command, PYTHONPATH=on_path(site)))
    assert "--allow acme-shout" in refused
    assert "imported" not in refused
    result = nimbus(*command, "--allow", "acme-shout", PYTHONPATH=on_path(site))
    assert result.returncode == 0, result.stderr
    assert manifest(tmp_path / "bundle")["requires"]["acme-shout"] == "==1.2.3"
    assert "acme-shout ==1.2.3" in nimbus("inspect", tmp_path / "bundle").stdout
    (tmp_path / "texts.txt").write_text("the late order\n")
    run = ("run", tmp_path / "texts.txt", "--bundle", tmp_path / "bundle", "--workers", "1", "--output")
    assert nimbus(*run, tmp_path / "out", PYTHONPATH=on_path(site)).returncode == 0
    without = failure(nimbus(*run, tmp_path / "out1"))
    assert "acme-shout is not installed" in without
    other = package(tmp_path / "other", entry_points=FACTORY, version="2.0.0")
    assert "acme-shout 2.0.0" in failure(nimbus(*run, tmp_path / "out2", PYTHONPATH=on_path(other)))


@pytest.mark.parametrize(
    ("entry_points", "requires", "allowed", "exit_code", "words"),
    [
        (FACTORY, "", "acme-other", 2, ["'acme-other' is not installed", "pip install"]),
        ("[console_scripts]\nx = acme_shout:make\n", "", "acme-shout", 2, ["brings nothing to spaCy", "--code"]),
        (FACTORY, "torch (>=2)", "acme-shout", 1, ["computes with torch"]),
    ],
)
def test_a_package_that_is_of_no_use_is_refused(
    entry_points: str,
    requires: str,
    allowed: str,
    exit_code: int,
    words: list[str],
    pipeline: Path,
    tmp_path: Path,
    nimbus: Run,
) -> None:
    """Not installed, without anything for spaCy, or made of torch: said before anything is imported."""
    site = package(tmp_path / "site", entry_points=entry_points, requires=requires)
    command = ("compile", pipeline, "--output", tmp_path / "bundle", "--allow", allowed)
    said = failure(nimbus(*command, PYTHONPATH=on_path(site)), exit_code)
    for word in words:
        assert word in said
    assert "imported" not in said


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        ("llm", ["language model by prompts", "label examples"]),
        ("experimental_coref", ["experimental", "torch"]),
        ("experimental_span_resolver", ["experimental", "torch"]),
        ("experimental_edit_tree_lemmatizer", ["trainable_lemmatizer"]),
        ("experimental_span_finder", ["span_finder"]),
    ],
)
def test_components_that_no_bundle_holds_are_refused_with_what_to_do(
    factory: str, words: list[str], cnn: Path, tmp_path: Path, nimbus: Run
) -> None:
    """Prompts and experiments are refused by name, whatever is installed."""

    def change(config: saved.Json) -> None:
        config["components"]["ner"]["factory"] = factory

    pipeline = saved.change_config(saved.copy(cnn, tmp_path / "pipeline"), change)
    said = failure(nimbus("compile", pipeline, "--output", tmp_path / "bundle"))
    for word in ("'ner'", *words):
        assert word in said


def test_a_pipeline_of_spacy_2_is_told_by_its_files(cnn: Path, tmp_path: Path, nimbus: Run) -> None:
    """A meta.json without a config.cfg is spaCy 2's, and it is said so."""
    pipeline = saved.change_meta(saved.copy(cnn, tmp_path / "pipeline"), spacy_version=">=2.3.0,<2.4.0")
    (pipeline / "config.cfg").unlink()
    said = failure(nimbus("compile", pipeline, "--output", tmp_path / "bundle"))
    assert "spaCy 2" in said


def test_spacys_own_functions_are_known_by_name() -> None:
    """Every function of spaCy that a component may be made of is known, those of torch and pretraining apart."""
    kinds = ("architectures", "layers", "misc", "scorers", "tokenizers", "vectors")
    names = {name for kind in kinds for name in getattr(registry, kind).get_all() if name.startswith("spacy.")}
    unknown = {name for name in names if not known(name)}
    assert unknown <= {
        *("spacy.TorchBiLSTMEncoder.v1", "spacy.PretrainVectors.v1", "spacy.PretrainCharacters.v1"),
        *("spacy.FewShotReader.v1", "spacy.FileReader.v1"),  # of spacy-llm, where it is installed
    }
    assert not known("spacy.Tagger.v9")
