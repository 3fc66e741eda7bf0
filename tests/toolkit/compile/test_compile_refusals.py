"""Rules of what is not compiled: refused by component, reason and remedy before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from tests.toolkit.compile import saved

from nimbus import assembly
from nimbus.compile.errors import CompileRefusedError

Change = Callable[[saved.Json], object]


def refused(pipeline: Path, component: str, output: Path) -> CompileRefusedError:
    """Compile a pipeline that is refused; return the refusal, which inspect must give too."""
    before = sorted(output.rglob("*"))
    with pytest.raises(CompileRefusedError) as caught:
        assembly.compile_pipeline(str(pipeline), output / "new" / "bundle")
    assert sorted(output.rglob("*")) == before, "something was written"
    assert caught.value.remedy
    assert caught.value.got or caught.value.expected
    assert caught.value.where
    assert component in caught.value.what
    description = assembly.inspect(str(pipeline))
    assert not description.compiles
    refusals = {part.name: part.refusal for part in description.parts if part.refusal is not None}
    refusal = refusals[component]
    assert refusal.what in caught.value.what
    assert refusal.remedy == caught.value.remedy
    return caught.value


def put(path: str, value: object) -> Change:
    """Return a change that sets one setting by its dotted path."""
    *sections, key = path.split(".")

    def change(config: saved.Json) -> None:
        for section in sections:
            config = config.setdefault(section, {})
        config[key] = value

    return change


def without_the_transformer(config: saved.Json) -> None:
    """Take the transformer out of the pipeline, its listeners left."""
    config["nlp"]["pipeline"] = ["tagger", "ner"]
    del config["components"]["transformer"]


MODEL = "components.transformer.model"
STRIDED = {"@span_getters": "spacy-transformers.strided_spans.v1"}


@pytest.mark.parametrize(
    ("component", "change", "words"),
    [
        pytest.param("ner", put("components.ner.factory", "my_ner"), ["my_ner", "remove_pipe"], id="factory"),
        pytest.param(
            "transformer",
            put("components.transformer.factory", "my_transformer"),
            ["my_transformer", "torch"],
            id="factory of the transformer",
        ),
        pytest.param(
            "transformer",
            put(
                "components.transformer",
                {"factory": "curated_transformer", "model": {"@architectures": "x.v1"}},
            ),
            ["curated_transformer"],
            id="curated transformer",
        ),
        pytest.param(
            "tagger",
            put("components.tagger.model.@architectures", "acme.Tagger.v1"),
            ["acme.Tagger.v1", "components.tagger.model", "spaCy's own"],
            id="function in a model",
        ),
        pytest.param(
            "tagger",
            put("components.tagger.model.tok2vec.pooling", {"@layers": "acme.pool.v1"}),
            ["acme.pool.v1", "components.tagger.model.tok2vec.pooling"],
            id="function deep in a model",
        ),
        pytest.param(
            "ner",
            put("components.ner.model.tok2vec", {"@architectures": "spacy.TorchBiLSTMEncoder.v1", "width": 8}),
            ["TorchBiLSTMEncoder"],
            id="layer of torch",
        ),
        pytest.param(
            "transformer",
            put(f"{MODEL}.get_spans", {"@span_getters": "acme.spans.v1"}),
            ["acme.spans.v1", "strided_spans"],
            id="span getter",
        ),
        pytest.param("transformer", put(f"{MODEL}.get_spans", None), ["span getter"], id="no span getter"),
        pytest.param(
            "transformer",
            put("components.transformer.set_extra_annotations", {"@annotation_setters": "acme.set.v1"}),
            ["acme.set.v1", "remove set_extra_annotations"],
            id="annotation setter",
        ),
        *(
            pytest.param(
                "transformer",
                put(f"{MODEL}.get_spans", {**STRIDED, "window": window, "stride": stride}),
                [f"window {window}, stride {stride}"],
                id=f"window {window} stride {stride}",
            )
            for window, stride in ((9, 10), (9, 0), (9, -1), ("9", 7), (0, 0))
        ),
        *(
            pytest.param(
                "pipeline",
                put(f"nlp.{key}", {"@callbacks": "acme.callback.v1"}),
                [key, "acme.callback.v1"],
                id=key,
            )
            for key in ("before_creation", "after_creation", "after_pipeline_creation")
        ),
        pytest.param(
            "pipeline",
            put("nlp.tokenizer", {"@tokenizers": "acme.Tokenizer.v1"}),
            ["acme.Tokenizer.v1", "nlp.tokenizer"],
            id="tokenizer of its own",
        ),
        pytest.param("tagger", without_the_transformer, ["listens to a transformer"], id="no transformer"),
        pytest.param(
            "tagger",
            put("nlp.pipeline", ["tagger", "transformer", "ner"]),
            ["does not stand before it", "put the transformer before it"],
            id="listener before the transformer",
        ),
    ],
)
def test_a_config_that_cannot_be_kept_is_refused(
    trf: Path, tmp_path: Path, component: str, change: Change, words: list[str]
) -> None:
    """Whatever a bundle cannot carry is named with the component, the reason and what to do."""
    pipeline = saved.change_config(saved.copy(trf, tmp_path / "pipeline"), change)
    refusal = refused(pipeline, component, tmp_path)
    for word in words:
        assert word in str(refusal)


@pytest.mark.parametrize("version", [">=2.3.0,<2.4.0", ">=4.0.0,<4.1.0", "2.0.0", "==4.0.0a1"])
def test_another_major_version_of_spacy_is_refused(cnn: Path, tmp_path: Path, version: str) -> None:
    """A pipeline of spaCy 2 or 4 is refused with its version."""
    pipeline = saved.change_meta(saved.copy(cnn, tmp_path / "pipeline"), spacy_version=version)
    assert version in str(refused(pipeline, "pipeline", tmp_path))


@pytest.mark.parametrize("version", [">=3.8.2,<3.9.0", "<4.0,>=3.5", "3.8.7", "", "~=3.8"])
def test_any_spacy_3_is_accepted(cnn: Path, tmp_path: Path, version: str) -> None:
    """A pipeline of spaCy 3 is taken however its version is written; an upper bound is no version."""
    pipeline = saved.change_meta(saved.copy(cnn, tmp_path / "pipeline"), spacy_version=version)
    assert assembly.inspect(str(pipeline)).compiles


def test_every_component_at_fault_is_named_at_once(trf: Path, tmp_path: Path) -> None:
    """One run tells of all refused components, so that nobody mends them one by one."""

    def change(config: saved.Json) -> None:
        config["components"]["tagger"]["factory"] = "my_tagger"
        config["components"]["ner"]["factory"] = "my_ner"

    pipeline = saved.change_config(saved.copy(trf, tmp_path / "pipeline"), change)
    assert "(also refused: ner)" in refused(pipeline, "tagger", tmp_path).what


def with_model(trf: Path, folder: Path, data: bytes) -> Path:
    """Copy a pipeline and give its transformer another file."""
    pipeline = saved.copy(trf, folder / "pipeline")
    (pipeline / "transformer" / "model").write_bytes(data)
    return pipeline


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "deberta-v2"}, ["'deberta-v2'", "bert", "roberta"]),
        ({"model_type": "longformer"}, ["'longformer'"]),
        ({"model_type": "gpt2"}, ["'gpt2'"]),
        ({"model_type": None}, ["family"]),
        ({"model_type": ["bert"]}, ["family"]),
        (
            {"position_embedding_type": "relative_key"},
            ["position_embedding_type", "'relative_key'", "'absolute'"],
        ),
        ({"hidden_act": "mish"}, ["hidden_act", "'mish'", "'gelu'"]),
        ({"hidden_act": {}}, ["hidden_act"]),
        ({"is_decoder": True}, ["is_decoder", "True"]),
        ({"add_cross_attention": True}, ["add_cross_attention"]),
        ({"num_attention_heads": 3}, ["3 heads", "multiple"]),
        ({"hidden_size": None}, ["hidden_size", "whole number"]),
        ({"num_hidden_layers": 0}, ["num_hidden_layers"]),
        ({"vocab_size": "26"}, ["vocab_size"]),
        ({"type_vocab_size": True}, ["type_vocab_size"]),
        ({"layer_norm_eps": "tiny"}, ["layer_norm_eps"]),
        ({"layer_norm_eps": float("nan")}, ["layer_norm_eps"]),
    ],
)
def test_an_encoder_of_another_kind_is_refused(
    trf: Path, tmp_path: Path, changes: dict[str, Any], words: list[str]
) -> None:
    """The saved configuration must be of a known family, and of a graph that is built: the setting is named."""
    pipeline = with_model(trf, tmp_path, saved.transformer(saved.bert_config(**changes)))
    refusal = refused(pipeline, "transformer", tmp_path)
    for word in words:
        assert word in str(refusal)


def tokenizer(**changes: object) -> dict[str, bytes]:
    """Return the tokenizer's files with other keys in tokenizer.json."""
    files = saved.tokenizer_files()
    return {**files, "tokenizer.json": json.dumps(json.loads(files["tokenizer.json"]) | changes).encode()}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"vocab.txt": b"[PAD]"}, ["slow form", "vocab.txt", "use_fast"]),
        ({}, ["slow form", "no files"]),
        (tokenizer(model={"type": "WordLevel", "vocab": {}}), ["'WordLevel'", "WordPiece"]),
        (tokenizer(model={"type": ["WordPiece"]}), ["tokenizer family"]),
        (tokenizer(model=None), ["tokenizer family"]),
        ({"tokenizer.json": b"{"}, ["tokenizer.json", "not a JSON object"]),
        ({"tokenizer.json": b"[]"}, ["tokenizer.json", "not a JSON object"]),
        ({**saved.tokenizer_files(), "tokenizer_config.json": b"\xff"}, ["tokenizer_config.json"]),
    ],
)
def test_another_tokenizer_is_refused(trf: Path, tmp_path: Path, files: dict[str, bytes], words: list[str]) -> None:
    """A tokenizer must be saved in its fast form and be of a known family."""
    refusal = refused(with_model(trf, tmp_path, saved.transformer(tokenizer=files)), "transformer", tmp_path)
    for word in words:
        assert word in str(refusal)


def added(number: int) -> dict[str, Any]:
    """Return tokenizer.json's entry for a piece that was added later."""
    return {"id": number, "content": "[NEW]", "special": True}


@pytest.mark.parametrize(
    ("changes", "largest"),
    [
        ({"added_tokens": [added(len(saved.PIECES))]}, len(saved.PIECES)),
        ({"model": {"type": "WordPiece", "vocab": {"[UNK]": 1, "far": 1000}}}, 1000),
        ({"model": {"type": "Unigram", "vocab": [["a", -1.0]] * 50}}, 49),
    ],
)
def test_pieces_without_a_vector_are_refused(trf: Path, tmp_path: Path, changes: dict[str, Any], largest: int) -> None:
    """A piece's number beyond the embedding table would end a run in the middle: both numbers are named."""
    refusal = refused(
        with_model(trf, tmp_path, saved.transformer(tokenizer=tokenizer(**changes))), "transformer", tmp_path
    )
    assert str(largest) in str(refusal.got)
    assert str(len(saved.PIECES)) in str(refusal.expected)


def test_the_format_of_spacy_transformers_1_0_is_refused(trf: Path, tmp_path: Path) -> None:
    """A transformer whose model is a folder is of version 1.0, and must be saved again by a later one."""
    pipeline = saved.copy(trf, tmp_path / "pipeline")
    (pipeline / "transformer" / "model").unlink()
    (pipeline / "transformer" / "model").mkdir()
    refusal = refused(pipeline, "transformer", tmp_path)
    assert "spacy-transformers 1.0" in str(refusal)
    assert "1.1 or later" in str(refusal.remedy)


def test_a_head_that_was_never_trained_is_refused_by_name(tmp_path: Path) -> None:
    """Inspect says so, too, though it opens nothing; one that is disabled is used by nobody."""
    nlp = spacy.blank("en")
    head = nlp.add_pipe("textcat")
    head.add_label("A")  # type: ignore[attr-defined]
    head.add_label("B")  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "pipeline")
    refusal = refused(tmp_path / "pipeline", "textcat", tmp_path / "out")
    assert "never trained" in refusal.what
    nlp.disable_pipe("textcat")
    nlp.to_disk(tmp_path / "disabled")
    assert assembly.inspect(str(tmp_path / "disabled")).compiles
