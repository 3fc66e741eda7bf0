"""Small bundles for these tests: a pipeline with random weights, and one with a component that fails on demand.

The second stands for what somebody else's component can do. It is a spaCy component like any other,
found by the entry point of an installed package, and fails on words in a text.
"""

from __future__ import annotations

import importlib
import random
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import spacy
from confection import Config
from spacy.training import Example
from spacy.util import fix_random_seed

from nimbus.compile.compile import compile_pipeline
from nimbus.compile.manifest import write_manifest
from nimbus.compile.source import find

SEED = 11
_WIDTH = 32
_COMPONENT = """
import os, signal, time
from pathlib import Path
from spacy.language import Language

class Foreign:
    def __call__(self, doc):
        words = {token.text for token in doc}
        if "raisezz" in words:
            raise ValueError(doc.text)
        if "surprisezz" in words:
            doc.cats["surprise"] = 1.0
        if "segvzz" in words:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "killzz" in words:
            os.kill(os.getpid(), signal.SIGKILL)
        if "abortzz" in words:
            os.abort()
        if "hoardzz" in words:
            hoard = []
            while True:
                hoard.append(b"x" * (8 << 20))
        if "holdzz" in words:
            gate = Path(os.environ["NIMBUS_TEST_GATE"])
            gate.with_suffix(".reached").touch()
            while gate.exists():
                time.sleep(0.01)
        return doc

@Language.factory("foreign", assigns=["doc.cats"])
def make(nlp, name):
    return Foreign()
"""


@dataclass(frozen=True, slots=True)
class Built:
    """A bundle, the pipeline that it was compiled from, and the folder of the package that it needs."""

    path: Path
    original: Path
    package: Path | None = None


def build(folder: Path) -> Built:
    """Compile a pipeline of tok2vec, ner and textcat with random weights, the same each time."""
    fix_random_seed(SEED)
    nlp = spacy.blank("en")
    words = {"@architectures": "spacy.HashEmbedCNN.v2", "width": _WIDTH, "depth": 2, "embed_size": 200}
    words |= {"window_size": 1, "maxout_pieces": 2, "subword_features": True, "pretrained_vectors": None}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": _WIDTH, "upstream": "*"}
    nlp.add_pipe("tok2vec", config={"model": words})
    nlp.add_pipe("ner", config={"model": {"tok2vec": listener}})
    nlp.add_pipe("textcat", config={"model": _reducing(listener)})
    nlp.initialize(lambda: _examples(nlp))
    folder.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(folder / "original")
    with find(str(folder / "original")) as source:
        compile_pipeline(source, folder / "bundle")
    return Built(folder / "bundle", folder / "original")


def retrain(original: Path, version: str) -> None:
    """Save a pipeline as another version, which says the same."""
    nlp = spacy.load(original)
    nlp.meta["version"] = version
    nlp.to_disk(original)


def build_foreign(plain: Built, folder: Path) -> Built:
    """Return the same bundle with a component at its end that fails on certain words."""
    package, bundle = folder / "package", folder / "bundle"
    information = package / "foreign_component-1.0.dist-info"
    information.mkdir(parents=True)
    (package / "foreign_component.py").write_text(_COMPONENT, encoding="utf-8")
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-component\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[spacy_factories]\nforeign = foreign_component:make\n")
    shutil.copytree(plain.path, bundle)
    config = Config().from_disk(bundle / "config.cfg")
    config["nlp"]["pipeline"] = [*config["nlp"]["pipeline"], "foreign"]
    config["components"]["foreign"] = {"factory": "foreign"}
    config.to_disk(bundle / "config.cfg")
    sys.path.insert(0, str(package))
    try:
        importlib.import_module("foreign_component")  # entry points are only looked for when spaCy is imported
        with find(str(plain.original)) as source:
            write_manifest(bundle, source, spacy.load(bundle), 0.0)
    finally:
        sys.path.remove(str(package))
    return Built(bundle, plain.original, package)


def _reducing(listener: dict[str, object]) -> dict[str, object]:
    reductions = {f"use_reduce_{name}": name == "mean" for name in ("mean", "max", "first", "last")}
    return {
        "@architectures": "spacy.TextCatReduce.v1",
        "tok2vec": listener,
        "exclusive_classes": True,
        **reductions,
    }


def _examples(nlp: spacy.Language) -> list[Example]:
    rng = random.Random(SEED)
    examples = []
    for number in range(20):
        words = rng.choices(["Anna", "Berlin", "order", "refund", "late"], k=8)
        labels = {"Anna": "U-PERSON", "Berlin": "U-PLACE"}
        reference = {"entities": [labels.get(word, "O") for word in words]}
        cats = {"complaint": float(number % 2), "praise": float(not number % 2)}
        examples.append(Example.from_dict(nlp.make_doc(" ".join(words)), {**reference, "cats": cats}))
    return examples
