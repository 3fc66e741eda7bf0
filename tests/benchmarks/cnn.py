"""Builds a CNN pipeline of the size that `spacy init config` proposes, with tagger, ner and textcat.

python -m tests.benchmarks.cnn OUTPUT
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import spacy
from spacy.util import minibatch

from nimbus.demo.corpus import generate
from nimbus.demo.train import example

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
TOK2VEC = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 96,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
        "rows": [5000, 1000, 2500, 2500],
        "include_static_vectors": False,
    },
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 96,
        "depth": 4,
        "window_size": 1,
        "maxout_pieces": 3,
    },
}


def build(output: Path, texts: int = 300, epochs: int = 2) -> None:
    """Train for a moment: enough for entities to be found, which is what costs time."""
    random.seed(0)
    spacy.util.fix_random_seed(0)
    nlp = spacy.util.load_model_from_config(_config(), auto_fill=True)
    examples = [example(nlp, text) for text in generate(texts, 1)]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(epochs):
        random.shuffle(examples)
        for batch in minibatch(examples, 16):
            nlp.update(batch, sgd=optimizer, drop=0.1)
    nlp.to_disk(output)


def _config() -> dict[str, object]:
    ner = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": LISTENER,
    }
    bow = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 262144,
    }
    components = {
        "tok2vec": {"factory": "tok2vec", "model": TOK2VEC},
        "tagger": {"factory": "tagger", "model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}},
        "ner": {"factory": "ner", "model": ner},
        "textcat": {
            "factory": "textcat",
            "model": {"@architectures": "spacy.TextCatEnsemble.v2", "linear_model": bow, "tok2vec": LISTENER},
        },
    }
    return {"nlp": {"lang": "en", "pipeline": list(components)}, "components": components}


if __name__ == "__main__":
    build(Path(sys.argv[1]))
