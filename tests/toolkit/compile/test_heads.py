"""Rules of heads: whatever spaCy trains without torch, a bundle annotates with it as the original does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from tests.supported import write_table
from tests.toolkit.compile import heads, saved

from nimbus import assembly
from nimbus.compile.errors import CompileRefusedError
from nimbus_runtime import bundle as bundles

Run = Callable[..., "subprocess.CompletedProcess[str]"]


_proved: set[tuple[str, str]] = set()


def compiled(nlp: Language, folder: Path) -> Language:
    """Return the bundle of a pipeline, opened as its users open it."""
    nlp.to_disk(folder / "pipeline")
    assembly.compile_pipeline(str(folder / "pipeline"), folder / "bundle")
    return spacy.load(folder / "bundle")


def assert_kept(nlp: Language, folder: Path) -> Language:
    """Compile a pipeline, compare every annotation of every text, and return the bundle."""
    bundle = compiled(nlp, folder)
    heads.assert_same(heads.annotated(bundle), heads.annotated(nlp))
    return bundle


@pytest.mark.parametrize("name", heads.HEADS)
def test_a_head_with_a_cnn_of_its_own_annotates_as_the_original(name: str, tmp_path: Path) -> None:
    """Every head, with random weights and vectors of its own, says in a bundle what it said before."""
    assert_kept(heads.build(heads.HEADS[name], heads.CNN), tmp_path)
    _proved.add((name, "own"))


@pytest.mark.parametrize("name", [name for name, head in heads.HEADS.items() if head.listens])
def test_a_head_that_listens_to_a_cnn_annotates_as_the_original(name: str, tmp_path: Path) -> None:
    """Every head that reads vectors reads them from a shared tok2vec too."""
    assert_kept(heads.build(heads.HEADS[name], heads.LISTENER, heads.shared(heads.CNN)), tmp_path)
    _proved.add((name, "shared"))


@pytest.mark.parametrize("name", heads.ENCODERS)
def test_every_encoder_gives_heads_its_vectors(name: str, tmp_path: Path) -> None:
    """Embeddings and window encoders of spaCy, the old ones of spacy-legacy with them."""
    assert_kept(heads.build(heads.HEADS["several heads"], heads.ENCODERS[name]), tmp_path)
    _proved.add((name, "encoder"))


def test_the_tables_of_heads_and_layers_are_what_was_proved() -> None:
    """docs/supported.md names the heads and the layers that this run has compared, and no others."""
    listening = [name for name, head in heads.HEADS.items() if head.listens]
    expected = {(name, "own") for name in heads.HEADS} | {(name, "shared") for name in listening}
    if _proved != expected | {(name, "encoder") for name in heads.ENCODERS}:
        pytest.skip("the tables are written when every head and layer has been compared, and none failed")
    rows = [[name, "equal", "equal" if name in listening else "reads no vectors"] for name in heads.HEADS]
    write_table("heads", [["component", "with layers of its own", "with a shared tok2vec"], *rows])
    write_table("layers", [["layers", "several heads on them"], *([name, "equal"] for name in heads.ENCODERS)])


@pytest.mark.parametrize("vectors", [heads.static_vectors, heads.floret_vectors])
def test_pretrained_vectors_are_in_the_bundle(vectors: Callable[[Language], None], tmp_path: Path) -> None:
    """Static and floret vectors of the vocabulary are read by heads, and no path leads to them."""
    nlp = heads.build(heads.HEADS["several heads"], heads.STATIC, prepare=vectors)
    bundle = assert_kept(nlp, tmp_path)
    assert bundle.vocab.vectors.mode == nlp.vocab.vectors.mode
    assert np.array_equal(bundle.vocab.vectors.data, nlp.vocab.vectors.data)


def test_leftovers_of_training_do_not_stand_in_the_way(tmp_path: Path) -> None:
    """What only training reads is left out, whatever functions it names and whatever paths."""
    nlp = heads.build(heads.HEADS["several heads"], heads.LISTENER, heads.shared(heads.CNN))
    expected = heads.annotated(nlp)
    nlp.to_disk(tmp_path / "pipeline")

    def left_over(config: saved.Json) -> None:
        config["paths"] = {"train": "corpus/train.spacy", "vectors": None, "init_tok2vec": "pretrain/model999.bin"}
        config["training"]["frozen_components"] = ["tagger"]
        config["training"]["annotating_components"] = ["tok2vec", "gone"]
        config["training"]["logger"] = {"@loggers": "acme.Logger.v9", "project": "secret"}
        config["training"]["batcher"] = {"@batchers": "acme.batcher.v1"}
        config["corpora"] = {"train": {"@readers": "acme.Corpus.v1", "path": "${paths.train}"}}
        config["pretraining"] = {"objective": {"@architectures": "spacy.PretrainCharacters.v1"}}
        config["initialize"]["init_tok2vec"] = "${paths.init_tok2vec}"
        config["initialize"]["before_init"] = {"@callbacks": "acme.before.v1"}
        config["initialize"]["components"] = {"ner": {"labels": {"@readers": "spacy.read_labels.v1", "path": "x.json"}}}

    saved.change_config(tmp_path / "pipeline", left_over)
    assembly.compile_pipeline(str(tmp_path / "pipeline"), tmp_path / "bundle")
    heads.assert_same(heads.annotated(spacy.load(tmp_path / "bundle")), expected)


def test_disabled_components_stay_disabled_and_can_be_enabled(tmp_path: Path) -> None:
    """A disabled component is in the bundle, gives no annotation of a run, and predicts once it is enabled."""
    nlp = heads.build(heads.HEADS["several heads"], heads.LISTENER, heads.shared(heads.CNN))
    nlp.disable_pipe("parser")
    bundle = assert_kept(nlp, tmp_path)
    assert bundle.disabled == ["parser"]
    verified = bundles.verify(tmp_path / "bundle")
    assert {c.name: c.disabled for c in verified.manifest.components}["parser"]
    assert "heads" not in verified.manifest.annotations
    assert bundles.load(verified).disabled == ["parser"]
    for pipeline in (nlp, bundle):
        pipeline.enable_pipe("parser")
    heads.assert_same(heads.annotated(bundle), heads.annotated(nlp))


def test_a_sourced_component_brings_its_vectors(tmp_path: Path) -> None:
    """A head sourced from another pipeline keeps the CNN that was put into it in its listener's place."""
    donor = heads.build(heads.HEADS["ner"], heads.LISTENER, heads.shared(heads.CNN))
    donor.replace_listeners("tok2vec", "ner", ["model.tok2vec"])
    nlp = heads.build(heads.HEADS["tagger"], heads.LISTENER, heads.shared(heads.CNN))
    nlp.add_pipe("ner", name="sourced", source=donor)
    bundle = assert_kept(nlp, tmp_path)
    assert any(doc.ents for doc in heads.annotated(bundle))


def test_two_shared_encoders_serve_their_own_heads(tmp_path: Path) -> None:
    """A head listens to the encoder that its config names, not to the nearest."""
    named = {**heads.LISTENER, "upstream": "second"}
    before = {**heads.shared(heads.CNN), "second": {"factory": "tok2vec", "model": {**heads.CNN, "depth": 1}}}
    components = heads.HEADS["tagger"].with_vectors(heads.LISTENER) | heads.HEADS["ner"].with_vectors(named)
    assert_kept(heads.build(heads.Head(components, ("tags", "ents")), {}, before), tmp_path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("gone", ["missing or damaged", "kb"]),
        ("cut short", ["missing or damaged", "kb"]),
        ("no strings", ["missing or damaged", "kb"]),
        ("empty", ["empty", "set_kb"]),
    ],
)
def test_a_linker_without_its_knowledge_base_is_refused(damage: str, words: list[str], tmp_path: Path) -> None:
    """The original would link nothing, or fail in the middle of a run."""
    heads.build(heads.HEADS["entity_linker"], heads.CNN).to_disk(tmp_path / "pipeline")
    base = tmp_path / "pipeline" / "entity_linker" / "kb"
    if damage == "cut short":
        (base / "contents").write_bytes(b"\1\0")
    elif damage == "empty":
        (base / "contents").write_bytes(bytes(8) + (base / "contents").read_bytes()[8:])
    else:
        (base / ("contents" if damage == "gone" else "strings.json")).unlink()
    assert_refused(tmp_path, "entity_linker", words)


def with_knowledge_of_its_own(config: saved.Json) -> None:
    """Let the linker's knowledge base be of a class that is somebody's own."""
    config["components"]["entity_linker"]["generate_empty_kb"] = {"@misc": "acme.KB.v1"}


def test_a_knowledge_base_of_another_class_is_refused(tmp_path: Path) -> None:
    """Only code that is named could read it."""
    heads.build(heads.HEADS["entity_linker"], heads.CNN).to_disk(tmp_path / "pipeline")
    saved.change_config(tmp_path / "pipeline", with_knowledge_of_its_own)
    assert_refused(tmp_path, "entity_linker", ["acme.KB.v1", "generate_empty_kb", "--code"])


@pytest.mark.parametrize("component", ["ner", "textcat", "tagger", "tok2vec"])
@pytest.mark.parametrize("damage", ["missing", "cut short", "no msgpack", "no layers", "other dimensions"])
def test_a_heads_weights_must_be_whole_and_fit(component: str, damage: str, cnn: Path, tmp_path: Path) -> None:
    """Weights that are missing, damaged or of other dimensions are refused by the component's name."""
    pipeline = saved.copy(cnn, tmp_path / "pipeline")
    place = pipeline / component / "model"
    content = place.read_bytes()

    def wider(config: saved.Json) -> None:
        model = config["components"][component]["model"]
        model["width" if component == "tok2vec" else "tok2vec"] = 24 if component == "tok2vec" else {**heads.CNN}

    if damage == "missing":
        place.unlink()
    elif damage == "other dimensions":
        saved.change_config(pipeline, wider)
    else:
        place.write_bytes({"cut short": content[: len(content) // 2], "no msgpack": b"\xc1"}.get(damage, b"\x93\1\2\3"))
    assert_refused(tmp_path, component, ["weights"])


@pytest.mark.parametrize("table", ["lemma_lookup", "lemma_rules"])
def test_a_lemmatizer_without_its_tables_is_refused(table: str, tmp_path: Path) -> None:
    """A table that the pipeline was saved without is named, and nothing is written."""
    mode = {"lemma_lookup": "lookup", "lemma_rules": "rule"}[table]
    nlp = heads.build(heads.HEADS[f"lemmatizer, mode {mode}"], heads.CNN)
    nlp.get_pipe("lemmatizer").lookups.remove_table(table)
    nlp.to_disk(tmp_path / "pipeline")
    assert_refused(tmp_path, "lemmatizer", [table])


def assert_refused(folder: Path, component: str, words: list[str]) -> None:
    """Compile a pipeline that is refused with these words, before anything is written."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(CompileRefusedError) as caught:
        assembly.compile_pipeline(str(folder / "pipeline"), folder / "new" / "bundle")
    assert sorted(folder.rglob("*")) == before
    assert repr(component) in caught.value.what
    assert caught.value.remedy
    for word in words:
        assert word in str(caught.value)


def test_a_run_writes_what_the_heads_say(tmp_path: Path, nimbus: Run) -> None:
    """Entities with their identities, spans, categories, lemmas and heads survive a run on the command line."""
    components: saved.Json = {}
    initialize: saved.Json = {}
    for name in ("parser", "lemmatizer, mode rule", "textcat, TextCatBOW.v3", "span_ruler", "entity_linker"):
        components |= heads.HEADS[name].components
        initialize |= heads.HEADS[name].initialize
    del components["sentencizer"]
    components["span_ruler"] = {"factory": "span_ruler"}
    gives = ("heads", "lemmas", "cats", "spans", "ents")
    nlp = heads.build(heads.Head(components, gives, initialize), heads.CNN)
    compiled(nlp, tmp_path)
    inputs = [{"id": str(number), "text": text} for number, text in enumerate(heads.TEXTS)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in inputs))
    ran = nimbus(
        *("run", tmp_path / "texts.jsonl", "--bundle", tmp_path / "bundle", "--output", tmp_path / "out"),
        *("--id-field", "id", "--format", "jsonl", "--workers", "1"),
    )
    assert ran.returncode == 0, ran.stderr
    files = nimbus("dataset", tmp_path / "out").stdout.split()
    rows = [json.loads(line) for file in files for line in Path(file).read_text().splitlines()]
    assert len(rows) == len(heads.TEXTS)
    for row, doc in zip(rows, heads.annotated(nlp), strict=True):
        assert [(e["start"], e["end"], e["label"], e["kb_id"], e["id"]) for e in row["ents"]] == [
            (e.start_char, e.end_char, e.label_, e.kb_id_ or None, e.id_ or None) for e in doc.ents
        ]
        assert [(s["key"], s["start"], s["label"], s["id"]) for s in row["spans"]] == [
            (key, s.start_char, s.label_, s.id_ or None) for key in sorted(doc.spans) for s in doc.spans[key]
        ]
        assert row["lemmas"] == [token.lemma_ for token in doc]
        assert row["heads"] == [token.head.i for token in doc]
        assert row["cats"] == pytest.approx(doc.cats, abs=heads.TOLERANCE)
    assert any(entity["kb_id"] for row in rows for entity in row["ents"])
    assert any(entity["id"] for row in rows for entity in row["ents"])
