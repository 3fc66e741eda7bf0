"""Everything that is compared with its original: stacks, encoders, tokenizers, every head, every kind of document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import curated, documents, families, originals

WINDOW, STRIDE = 12, 9


@dataclass(frozen=True)
class Case:
    """A transformer: the library that trained it, its encoder, its tokenizer, and how it is made."""

    stack: str
    encoder: str
    tokenizer: str
    make: Callable[[Path], originals.Trunk]

    def __str__(self) -> str:
        """Return its name among the tests."""
        return f"{self.stack}: {self.encoder}, {self.tokenizer}"


def _hugging_face(name: str, tokenizer: str, settings: dict[str, object]) -> Case:
    def make(folder: Path) -> originals.Trunk:
        encoder = families.FAMILIES[name].save(folder / "encoder", settings)
        return originals.hugging_face(encoder, originals.strided(WINDOW, STRIDE))

    return Case("spacy-transformers", name, tokenizer, make)


def _curated(name: str) -> Case:
    encoder, _, tokenizer = name.partition(", ")
    return Case(
        "spacy-curated-transformers",
        encoder,
        tokenizer,
        lambda folder: curated.CURATED[name].trunk(folder / "pieces", WINDOW, STRIDE),
    )


CASES: tuple[Case, ...] = (
    _hugging_face("BERT", "WordPiece, lower case", {}),
    _hugging_face("BERT", "WordPiece, cased", {"do_lower_case": False}),
    _hugging_face("ELECTRA", "WordPiece, lower case", {}),
    _hugging_face("DistilBERT", "WordPiece, cased", {"do_lower_case": False}),
    _hugging_face("MPNet", "WordPiece, lower case", {}),
    _hugging_face("RoBERTa", "byte-level BPE", {}),
    _hugging_face("RoBERTa", "byte-level BPE, space before", {"add_prefix_space": True}),
    _hugging_face("XLM-R", "SentencePiece unigram", {}),
    _hugging_face("CamemBERT", "SentencePiece unigram", {}),
    _hugging_face("ALBERT", "SentencePiece unigram, lower case", {}),
    *map(_curated, curated.CURATED),
)

DOCUMENTS: dict[str, list[str]] = {
    "six scripts": list(documents.SCRIPTS),
    "emoji, marks, control and zero-width characters, white space, nothing": list(documents.STRANGE),
    "at and around window boundaries": documents.boundaries(WINDOW, STRIDE),
    "longer than the encoder": documents.oversize(40),
    "ten thousand tokens": ["The late order . " * 2500],
}
