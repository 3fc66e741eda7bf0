"""Small pipelines of the original torch stack, with random weights.

Random heads are the most sensitive detector there is: they amplify a difference in a vector that
a trained head would forgive.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

WORDS = (
    "the a in of to and is was for on that with as it by at from be this have are not but they which we "
    "new york city market order refund delivery late broken thanks please customer happy angry price "
    "un ##believ ##able ##ing ##ed ##s ##ly play walk talk jump 1 2 3 4 5 6 7 8 9 0 ##1 ##2 ##3 "
    ". , ! ? ; : ' \" ( ) - / & % $ # @ [ ] { } < > = + * _ ~ ^ | \\"
).split()
LETTERS = "abcdefghijklmnopqrstuvwxyzàéîõüñçßøåæœšžčřłđğı"
POOLINGS = ("reduce_mean.v1", "reduce_max.v1", "reduce_sum.v1", "reduce_first.v1", "reduce_last.v1")


def wordpieces(words: Sequence[str] = WORDS, *, lowercase: bool = True) -> list[str]:
    """Return a small WordPiece vocabulary of words, and of what spells most Latin scripts."""
    cases = LETTERS if lowercase else LETTERS + LETTERS.upper()
    singles = sorted(set(cases))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*words, *singles])]
    return [*vocabulary, *(f"##{letter}" for letter in singles if f"##{letter}" not in vocabulary)]


def strided(window: int, stride: int) -> dict[str, Any]:
    """Return the settings of a strided span getter."""
    return {"@span_getters": "spacy-transformers.strided_spans.v1", "window": window, "stride": stride}


HEADS = ("tagger", "ner", "parser", "textcat", "textcat_multilabel", "senter", "morphologizer")


@dataclass(frozen=True)
class Trunk:
    """A transformer component's settings, the listener that its heads have, and what is done once both are made."""

    transformer: dict[str, Any]
    listener: dict[str, Any]
    prepare: Callable[[Language], None] = lambda _: None


def hugging_face(encoder: Path, spans: dict[str, Any], pooling: str = "reduce_mean.v1") -> Trunk:
    """Return a transformer of spacy-transformers."""
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "upstream": "*",
        "pooling": {"@layers": pooling},
    }
    transformer = {
        "factory": "transformer",
        "model": {
            "@architectures": "spacy-transformers.TransformerModel.v3",
            "name": str(encoder),
            "tokenizer_config": {"use_fast": True},
            "get_spans": spans,
        },
    }
    return Trunk(transformer, listener)


def pipeline(
    bert: Path,
    spans: dict[str, Any],
    heads: Sequence[str] = HEADS,
    pooling: str = "reduce_mean.v1",
    before: Sequence[str] = (),
) -> Language:
    """Build a pipeline with one transformer of spacy-transformers and random heads that listen to it."""
    return assembled(hugging_face(bert, spans, pooling), heads, before)


def assembled(trunk: Trunk, heads: Sequence[str] = HEADS, before: Sequence[str] = (), lang: str = "en") -> Language:
    """Build a pipeline with one transformer and random heads that listen to it."""
    components = {name: {"factory": name} for name in before}
    components |= {"transformer": trunk.transformer, **{name: head(name, trunk.listener) for name in heads}}
    return built(components, [trunk], heads, lang)


def built(components: dict[str, Any], trunks: Sequence[Trunk], heads: Sequence[str], lang: str = "en") -> Language:
    """Build a pipeline of any components; those that are named as heads get random weights."""
    config = {"nlp": {"lang": lang, "pipeline": list(components)}, "components": components}
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    for trunk in trunks:
        trunk.prepare(nlp)
    nlp.initialize(lambda: _examples(nlp))
    _randomise(nlp, heads)
    return nlp


def head(name: str, listener: dict[str, Any]) -> dict[str, Any]:
    """Return a head's settings, its token vectors from a listener or any other layer."""
    return {"factory": name, "model": {**_MODELS[name], "tok2vec": listener}}


_REDUCTIONS = {f"use_reduce_{kind}": kind == "mean" for kind in ("first", "last", "max", "mean")}
_MODELS: dict[str, dict[str, Any]] = {
    "tagger": {"@architectures": "spacy.Tagger.v2"},
    "senter": {"@architectures": "spacy.Tagger.v2"},
    "morphologizer": {"@architectures": "spacy.Tagger.v2"},
    "ner": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": False,
    },
    "parser": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": True,
    },
    "textcat": {"@architectures": "spacy.TextCatReduce.v1", "exclusive_classes": True, **_REDUCTIONS},
    "textcat_multilabel": {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "linear_model": {
            "@architectures": "spacy.TextCatBOW.v3",
            "exclusive_classes": False,
            "ngram_size": 1,
            "no_output_layer": False,
            "length": 1024,
        },
    },
}


def _examples(nlp: Language) -> list[Example]:
    text = "The late delivery from New York was broken . They talked on ."
    gold = nlp.make_doc(text)
    tokens = len(gold)
    annotations = {
        "tags": [("N", "V", "D", "P")[i % 4] for i in range(tokens)],
        "pos": [("NOUN", "VERB", "DET", "ADP")[i % 4] for i in range(tokens)],
        "morphs": [("Number=Sing", "Tense=Past")[i % 2] for i in range(tokens)],
        "heads": [max(i - 1, 0) if i < 9 else max(i - 1, 9) for i in range(tokens)],
        "deps": [("ROOT" if i in (0, 9) else ("det", "obj", "nsubj")[i % 3]) for i in range(tokens)],
        "sent_starts": [i in (0, 9) for i in range(tokens)],
        "entities": ["U-ORG", *["O"] * 3, "B-PLACE", "L-PLACE", *["O"] * (tokens - 6)],
        "cats": {"late": 1.0, "broken": 0.0, "praise": 0.0},
    }
    return [Example.from_dict(gold, annotations)]


def _randomise(nlp: Language, heads: Sequence[str]) -> None:
    random = np.random.default_rng(11)
    for name in heads:
        for layer in nlp.get_pipe(name).model.walk():
            for parameter in layer.param_names:
                if layer.has_param(parameter):
                    shape = layer.get_param(parameter).shape
                    layer.set_param(parameter, random.normal(0, 0.5, shape).astype("f"))


def annotations(docs: Sequence[Doc]) -> list[str]:
    """Return each document's predictions as a text that two pipelines can be compared by."""
    return [json.dumps(_annotations(doc), ensure_ascii=False) for doc in docs]


def _annotations(doc: Doc) -> dict[str, Any]:
    return {
        "ents": [(e.start, e.end, e.label_) for e in doc.ents],
        "tags": [t.tag_ for t in doc],
        "pos": [t.pos_ for t in doc],
        "morphs": [str(t.morph) for t in doc],
        "heads": [t.head.i for t in doc],
        "deps": [t.dep_ for t in doc],
        "sents": [t.is_sent_start for t in doc],
        "top": max(doc.cats, key=doc.cats.get) if doc.cats else None,
    }
