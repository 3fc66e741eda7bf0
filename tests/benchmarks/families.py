"""Bundles of every encoder family against their originals, at the sizes in which the families are published.

    python -m tests.benchmarks.families FOLDER [--names BERT,XLM-R] [--rounds 3] [--count 24]

Weights are random, which costs the same time as real ones; tokenizers are trained on the demo's
texts, so that a token has as many pieces as real ones give it. Prints what tests.benchmarks.speed
prints, family by family.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nimbus.demo.corpus import generate
from tests.oracle import curated, families, originals

_TEXTS = [text.text for text in generate(1500, 3)]
_LONGEST = 512
CORPUS = families.Corpus(
    _TEXTS, sorted({word.lower() for text in _TEXTS for word in text.split()}), pieces=1200, longest=_LONGEST
)
_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
_CURATED_BASE = {
    "hidden_width": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_width": 3072,
    "max_position_embeddings": _LONGEST + 2,
    "model_max_length": _LONGEST,
}
_SCALE = {"initializer_range": 0.02}
# Family -> its published size, where that is not base.
_SIZES: dict[str, dict[str, Any]] = {
    "ALBERT": {**_BASE, "embedding_size": 128},
    "DistilBERT": {"hidden_size": 768, "hidden_dim": 3072, "num_hidden_layers": 6, "num_attention_heads": 12},
    "ELECTRA": {
        "embedding_size": 128,
        "hidden_size": 256,
        "num_hidden_layers": 12,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
    },
}
HEADS = ("tagger", "ner", "textcat")


def _hugging_face(name: str) -> Callable[[Path], originals.Trunk]:
    def trunk(folder: Path) -> originals.Trunk:
        positions = _LONGEST + 2 if name in {"RoBERTa", "XLM-R", "CamemBERT", "MPNet"} else _LONGEST
        sizes = {**_SIZES.get(name, _BASE), **_SCALE, "max_position_embeddings": positions}
        encoder = families.FAMILIES[name].save(folder, corpus=CORPUS, **sizes)
        return originals.hugging_face(encoder, originals.strided(128, 96))

    return trunk


def _curated(name: str) -> Callable[[Path], originals.Trunk]:
    return lambda folder: curated.CURATED[name].trunk(folder, 144, 104, corpus=CORPUS, sizes=_CURATED_BASE)


TRUNKS: dict[str, Callable[[Path], originals.Trunk]] = {
    **{name: _hugging_face(name) for name in families.FAMILIES},
    **{f"curated {name}": _curated(name) for name in ("RoBERTa, byte-level BPE", "XLM-R, SentencePiece")},
}


def main() -> None:
    """Build, compile and compare the families that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--names", default="/".join(TRUNKS), help="separated by /")
    parser.add_argument("--rounds", default="3")
    parser.add_argument("--count", default="24")
    parser.add_argument("--kinds", default="mixed")
    arguments = parser.parse_args()
    for name in arguments.names.split("/"):
        folder = arguments.folder / name.replace(" ", "-").replace(",", "")
        shutil.rmtree(folder, ignore_errors=True)
        originals.assembled(TRUNKS[name](folder / "encoder"), HEADS).to_disk(folder / "original")
        print(f"\n== {name}", flush=True)
        command = ["nimbus", "compile", str(folder / "original"), "--output", str(folder / "bundle")]
        subprocess.run([sys.executable, "-m", "nimbus.cli.main", *command[1:]], check=True)
        paths = ["--original", str(folder / "original"), "--bundle", str(folder / "bundle")]
        options = ["--rounds", arguments.rounds, "--count", arguments.count, "--kinds", arguments.kinds]
        subprocess.run([sys.executable, "-m", "tests.benchmarks.speed", *paths, *options], check=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
