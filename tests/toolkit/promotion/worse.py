"""The demo's trained pipelines as bundles, and candidates that are worse in one known way each."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import shutil
import subprocess
import sys
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

CODE = '''
"""A component that exchanges labels, and takes its time."""

import time
from spacy.language import Language
from spacy.tokens import Span

@Language.factory("worse", default_config={"swap": False, "times": 0.0})
def make(nlp, name, swap, times):
    labels = {"PERSON": "ORG", "ORG": "PERSON"}
    def worse(doc):
        if times:
            end = time.process_time() + times * 0.003  # as slow on a busy machine as on a quiet one
            while time.process_time() < end:
                pass
        if swap:
            doc.ents = [Span(doc, e.start, e.end, labels.get(e.label_, e.label_)) for e in doc.ents]
            doc.cats["refund"], doc.cats["praise"] = doc.cats["praise"], doc.cats["refund"]
        return doc
    return worse
'''


class _Worse:
    def __call__(self, doc: Doc) -> Doc:
        return doc


@Language.factory("worse", default_config={"swap": False, "times": 0.0})
def _worse(nlp: Language, name: str, swap: bool, times: float) -> _Worse:  # noqa: ARG001 - spaCy passes them by name
    """Stand for the component while the pipeline is saved."""
    return _Worse()


def trained(name: str) -> Path:
    """Return a pipeline that comes with Nimbus."""
    return Path(str(importlib.resources.files("nimbus.demo") / "pipelines" / name))


def texts() -> Path:
    """Return the texts that come with Nimbus."""
    return Path(str(importlib.resources.files("nimbus.demo") / "texts.jsonl"))


def build(folder: Path, name: str, **settings: object) -> Path:
    """Compile a trained pipeline, with the component above at its end where it has settings."""
    source, code = trained(name), []
    if settings:
        folder.mkdir(parents=True, exist_ok=True)
        nlp = spacy.load(source)
        nlp.add_pipe("worse", config=settings)
        source = folder / "original"
        nlp.to_disk(source)
        (folder / "worse.py").write_text(CODE, encoding="utf-8")
        code = ["--code", folder / "worse.py"]
    done = subprocess.run(
        [sys.executable, "-m", "nimbus.cli.main", "compile", source, "--output", folder / "bundle", *code],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "bundle"


def truncated(bundle: Path, folder: Path) -> Path:
    """Return a transformer's bundle whose tokenizer has lost two thirds of its vocabulary, and is listed so."""
    shutil.copytree(bundle, folder)
    place = folder / "transformer" / "tokenizer.json"
    tokenizer = json.loads(place.read_bytes())
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {piece: n for piece, n in vocabulary.items() if n < len(vocabulary) // 3}
    place.write_text(json.dumps(tokenizer), encoding="utf-8")
    manifest = json.loads((folder / "bundle.json").read_bytes())
    data = place.read_bytes()
    for file in manifest["files"]:
        if file["path"] == "transformer/tokenizer.json":
            file |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (folder / "bundle.json").write_text(json.dumps(manifest, sort_keys=True, separators=(",", ":")) + "\n")
    return folder
