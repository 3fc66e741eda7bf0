"""Saved pipelines, laid out by hand as spacy-transformers and torch write them: no torch is needed.

Everything is small and random. A head of random weights changes its mind at the slightest
difference in a vector, so that equal annotations mean equal vectors.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import spacy
import srsly
from confection import Config
from spacy.language import Language
from spacy.training import Example

import nimbus_runtime.components.transformer  # registers the document's extension

Array = npt.NDArray[Any]
Json = dict[str, Any]

WIDTH, INNER, LAYERS, HEADS, POSITIONS = 16, 24, 2, 2, 32
PIECES = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] the a order late was refund broken new york ##s ##ing talk walk . , "
    "1 2 ##1 e n g l i s h o r d"
).split()
TEXTS = (
    "the late order was broken .",
    "New York talks , walking the orders 12 late . " * 3,
    "",
    "  \n ",
    "Ünknown wörds and 😀 refund",
)
LISTENER = "spacy-transformers.TransformerListener.v1"
EXTENSION = nimbus_runtime.components.transformer.EXTENSION

_STORAGES = {
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "uint16": "BFloat16Storage",
}


# Pickles, opcode by opcode (protocol 2): torch's classes cannot be imported where torch is not.


def text(value: str) -> bytes:
    """Return the pickle of a text."""
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    """Return the pickle of a whole number of 32 bits."""
    return b"J" + struct.pack("<i", value)


def sequence(*items: bytes) -> bytes:
    """Return the pickle of a tuple of pickled items."""
    return b"(" + b"".join(items) + b"t"


def name(module: str, attribute: str) -> bytes:
    """Return the pickle of something that is imported."""
    return f"c{module}\n{attribute}\n".encode()


def call(function: bytes, *arguments: bytes) -> bytes:
    """Return the pickle of a call."""
    return function + sequence(*arguments) + b"R"


def mapping(items: Mapping[str, bytes]) -> bytes:
    """Return the pickle of an ordered dict from names to pickled values."""
    return call(name("collections", "OrderedDict")) + b"(" + b"".join(text(k) + v for k, v in items.items()) + b"u"


def tensor(
    key: str,
    array: Array,
    *,
    offset: int = 0,
    shape: tuple[int, ...] | None = None,
    strides: tuple[int, ...] = (),
) -> bytes:
    """Return the pickle of a tensor whose numbers lie in the storage `key`; shape and strides may lie."""
    shape = array.shape if shape is None else shape
    strides = strides or np.empty(shape, np.int8).strides  # of one byte each: counted in numbers
    storage = sequence(
        text("storage"),
        name("torch", _STORAGES[array.dtype.name]),
        text(key),
        text("cpu"),
        number(array.size),
    )
    return call(
        name("torch._utils", "_rebuild_tensor_v2"),
        storage + b"Q",
        number(offset),
        sequence(*map(number, shape)),
        sequence(*map(number, strides)),
        b"\x89",
        mapping({}),
    )


def archive(pickled: bytes, storages: Mapping[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    """Return the zip file that torch.save writes around a pickle and its storages."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", packing) as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/byteorder", "little")
        for key, data in storages.items():
            file.writestr(f"archive/data/{key}", data)
        file.writestr("archive/version", "3\n")
    return whole.getvalue()


def pickled(value: bytes) -> bytes:
    """Return a whole pickle of one value."""
    return b"\x80\x02" + value + b"."


def state(weights: Mapping[str, Array]) -> bytes:
    """Return a state dict as torch.save writes it."""
    keys = {weight: str(at) for at, weight in enumerate(weights)}
    tensors = {weight: tensor(keys[weight], array) for weight, array in weights.items()}
    return archive(pickled(mapping(tensors)), {keys[w]: array.tobytes() for w, array in weights.items()})


# A BERT, its tokenizer, and the component that holds both.


def bert_config(**changes: object) -> Json:
    """Return the saved Hugging Face configuration of a small BERT."""
    return {
        "model_type": "bert",
        "vocab_size": len(PIECES),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        **changes,
    }


def bert_weights(seed: int = 5) -> dict[str, Array]:
    """Return random weights for it by their names in a state dict."""
    random = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(PIECES), WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        **_norm("embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            shapes |= _dense(f"{prefix}attention.self.{part}", WIDTH, WIDTH)
        shapes |= _dense(f"{prefix}attention.output.dense", WIDTH, WIDTH)
        shapes |= _norm(f"{prefix}attention.output.LayerNorm")
        shapes |= _dense(f"{prefix}intermediate.dense", INNER, WIDTH)
        shapes |= _dense(f"{prefix}output.dense", WIDTH, INNER)
        shapes |= _norm(f"{prefix}output.LayerNorm")
    shapes |= _dense("pooler.dense", WIDTH, WIDTH)
    weights = {weight: random.normal(0, 0.4, shape).astype("f") for weight, shape in shapes.items()}
    for weight in weights:
        if weight.endswith("LayerNorm.weight"):
            weights[weight] += 2  # so that what tells pieces apart outweighs the biases
    return weights


def _dense(prefix: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.weight": (outputs, inputs), f"{prefix}.bias": (outputs,)}


def _norm(prefix: str) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.weight": (WIDTH,), f"{prefix}.bias": (WIDTH,)}


def tokenizer_files() -> dict[str, bytes]:
    """Return the saved files of its WordPiece tokenizer."""
    specials = [
        {"id": at, "content": piece, "special": True}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for at, piece in enumerate(PIECES[:5])
    ]
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": specials,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: at for at, piece in enumerate(PIECES)},
        },
    }
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": POSITIONS}
    return {
        "tokenizer.json": json.dumps(whole).encode(),
        "tokenizer_config.json": json.dumps(config).encode(),
        "vocab.txt": "\n".join(PIECES).encode(),
    }


def transformer(
    config: Json | None = None, tokenizer: dict[str, bytes] | None = None, weights: bytes | None = None
) -> bytes:
    """Return the `model` file of a transformer component."""
    shim = {
        "config": bert_config() if config is None else config,
        "tokenizer": {
            "kwargs": {"use_fast": True},
            **(tokenizer_files() if tokenizer is None else tokenizer),
        },
        "state": state(bert_weights()) if weights is None else weights,
        "_init_tokenizer_config": {},
        "_init_transformer_config": {},
    }
    nodes = [
        {"index": 0, "name": "transformer", "dims": {"nO": WIDTH}, "refs": {}},
        {"index": 1, "name": "hf-pytorch", "dims": {"nI": None, "nO": None}, "refs": {}},
    ]
    shims = [[], [srsly.msgpack_dumps(shim)]]
    saved: bytes = srsly.msgpack_dumps({"nodes": nodes, "attrs": [{}, {}], "params": [{}, {}], "shims": shims})
    return saved


def transformer_settings(**changes: object) -> Json:
    """Return the component's settings in config.cfg."""
    return {
        "factory": "transformer",
        "max_batch_items": 4096,
        "set_extra_annotations": {"@annotation_setters": "spacy-transformers.null_annotation_setter.v1"},
        "model": {
            "@architectures": "spacy-transformers.TransformerModel.v3",
            "name": "/models/secret-encoder",
            "mixed_precision": False,
            "tokenizer_config": {"use_fast": True},
            "transformer_config": {},
            "grad_scaler_config": {},
            "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 9, "stride": 7},
        },
        **changes,
    }


# Whole pipelines.


def save_cnn(folder: Path) -> Path:
    """Save a random pipeline whose heads share a small CNN."""
    nlp = spacy.blank("en")
    nlp.meta["name"] = "cnn"
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 16,
        "depth": 1,
        "embed_size": 64,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
        "pretrained_vectors": None,
    }
    nlp.add_pipe("tok2vec", config={"model": tok2vec})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}
    _add_heads(nlp, listener)
    nlp.add_pipe(
        "textcat",
        config={
            "model": {
                "@architectures": "spacy.TextCatReduce.v1",
                "tok2vec": listener,
                "exclusive_classes": True,
                "use_reduce_first": False,
                "use_reduce_last": False,
                "use_reduce_max": False,
                "use_reduce_mean": True,
            }
        },
    )
    nlp.add_pipe("sentencizer", first=True)
    _initialise(nlp)
    nlp.to_disk(folder)
    return folder


def save_trf(folder: Path) -> Path:
    """Save a random pipeline whose heads listen to a small BERT."""
    nlp = spacy.blank("en")
    nlp.meta["name"] = "trf"
    nlp.add_pipe("nimbus_onnx_transformer", name="transformer")
    pooling = {"@layers": "reduce_mean.v1"}
    _add_heads(nlp, {"@architectures": "nimbus.TransformerListener.v1", "width": WIDTH, "pooling": pooling})
    _initialise(nlp)
    nlp.to_disk(folder, exclude=["transformer"])
    listener = {"@architectures": LISTENER, "grad_factor": 1.0, "upstream": "*", "pooling": pooling}

    def as_trained(config: Json) -> None:
        config["components"]["transformer"] = transformer_settings()
        for head in ("tagger", "ner"):
            config["components"][head]["model"]["tok2vec"] = listener

    change_config(folder, as_trained)
    (folder / "transformer").mkdir()
    (folder / "transformer" / "cfg").write_text('{"max_batch_items":4096}')
    (folder / "transformer" / "model").write_bytes(transformer())
    return folder


def _add_heads(nlp: Language, tok2vec: Json) -> None:
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}})
    ner = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 8,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": tok2vec,
    }
    nlp.add_pipe("ner", config={"model": ner})


def _initialise(nlp: Language) -> None:
    gold = nlp.make_doc("the late order was broken")
    annotations = {
        "tags": ["D", "A", "N", "V", "P"],
        "entities": ["O", "O", "U-THING", "O", "O"],
        "cats": {"late": 1.0, "broken": 0.0},
    }
    nlp.initialize(lambda: [Example.from_dict(gold, annotations)])
    random = np.random.default_rng(10)  # of whose heads every one has more than one answer
    for _, component in nlp.pipeline:
        for layer in component.model.walk() if hasattr(component, "model") and component.model else ():
            for parameter in layer.param_names:
                if layer.has_param(parameter):
                    shape = layer.get_param(parameter).shape
                    layer.set_param(parameter, random.normal(0, 0.5, shape).astype("f"))


# Changes to a saved pipeline, and what came of it.


def copy(source: Path, folder: Path) -> Path:
    """Copy a saved pipeline, so that it can be changed."""
    return Path(shutil.copytree(source, folder))


def change_config(folder: Path, change: Callable[[Json], object]) -> Path:
    """Change a saved pipeline's config.cfg."""
    config = Config().from_disk(folder / "config.cfg", interpolate=False)
    change(config)
    config.to_disk(folder / "config.cfg")
    return folder


def change_meta(folder: Path, **changes: object) -> Path:
    """Change a saved pipeline's meta.json."""
    place = folder / "meta.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | changes))
    return folder


def predictions(nlp: Language, batch_size: int = 64) -> list[Json]:
    """Return what a pipeline says of every text."""
    return [
        {
            "tags": [token.tag_ for token in doc],
            "ents": [(ent.start, ent.end, ent.label_) for ent in doc.ents],
            "top": max(doc.cats, key=lambda label: doc.cats[label]) if doc.cats else None,
        }
        for doc in nlp.pipe(TEXTS, batch_size=batch_size)
    ]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
