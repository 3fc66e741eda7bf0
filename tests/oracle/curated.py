"""Small random transformers of spacy-curated-transformers, with every piece encoder it has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.language import Language

from . import families, originals

LIBRARY = "spacy-curated-transformers"
_FAIRSEQ = ("Roberta", "Xlmr", "Camembert")
_SIZES = {
    "hidden_width": 32,
    "intermediate_width": 48,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "max_position_embeddings": families.LONGEST + 2,
    "model_max_length": families.LONGEST,
}


def wordpieces(folder: Path, attributes: dict[str, Any], corpus: families.Corpus) -> int:
    """Give a piece encoder a WordPiece vocabulary; return its size."""
    from curated_tokenizers import WordPieceProcessor

    del folder
    pieces = originals.wordpieces(corpus.words, lowercase=attributes.get("lowercase", False))
    attributes["wordpiece_processor"] = WordPieceProcessor(pieces)
    return len(pieces)


def byte_bpe(folder: Path, attributes: dict[str, Any], corpus: families.Corpus) -> int:
    """Give a piece encoder byte-level BPE; return the size of its vocabulary."""
    from curated_tokenizers import ByteBPEProcessor

    size = families.byte_bpe(folder, corpus)
    attributes["byte_bpe_processor"] = ByteBPEProcessor.load_from_files(
        vocab=folder / "vocab.json", merges=folder / "merges.txt"
    )
    assert size == len(json.loads((folder / "vocab.json").read_text()))
    return size


def sentencepiece(folder: Path, attributes: dict[str, Any], corpus: families.Corpus) -> int:
    """Give a piece encoder a SentencePiece model; return the size of its vocabulary, fairseq's pieces included."""
    from curated_tokenizers import SentencePieceProcessor

    model = families.sentencepiece_model(folder, "pieces", corpus, normalization_rule_name="nmt_nfkc")
    processor = SentencePieceProcessor.from_file(str(model))
    attributes["sentencepiece_processor"] = processor
    return len(processor) + 8


def characters(folder: Path, attributes: dict[str, Any], corpus: families.Corpus) -> int:
    """Give a piece encoder single characters; return how many."""
    del folder, corpus
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", " ", *originals.LETTERS, *originals.LETTERS.upper()]
    attributes["vocab"] = {letter: number for number, letter in enumerate(dict.fromkeys(vocabulary))}
    return len(vocabulary)


@dataclass(frozen=True)
class Curated:
    """An encoder of the library, one of its piece encoders, and the settings of both."""

    encoder: str
    pieces: str
    make: Callable[[Path, dict[str, Any], families.Corpus], int]
    settings: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def trunk(
        self,
        folder: Path,
        window: int,
        stride: int,
        pooling: str = "reduce_mean.v1",
        component: str = "transformer",
        corpus: families.Corpus = families.SMALL,
        sizes: Mapping[str, Any] | None = None,
        **changes: object,
    ) -> originals.Trunk:
        """Return the transformer, its listener, and what makes its weights random; `changes` are of the component."""
        attributes = dict(self.attributes)
        vocabulary = self.make(folder, attributes, corpus)
        listener = {
            "@architectures": f"{LIBRARY}.LastTransformerLayerListener.v1",
            "width": (sizes or _SIZES)["hidden_width"],
            "grad_factor": 1.0,
            "upstream": "*",
            "pooling": {"@layers": pooling},
        }
        transformer = {
            "factory": "curated_transformer",
            "model": {
                "@architectures": f"{LIBRARY}.{self.encoder}Transformer.v1",
                "vocab_size": vocabulary,
                "piece_encoder": {"@architectures": f"{LIBRARY}.{self.pieces}.v1"},
                "with_spans": {
                    "@architectures": f"{LIBRARY}.WithStridedSpans.v1",
                    "window": window,
                    "stride": stride,
                },
                "padding_idx": 1 if self.encoder in _FAIRSEQ else vocabulary - 1,  # never in a text
                **_SIZES,
                **self.settings,
                **(sizes or {}),
            },
            **changes,
        }

        def prepare(nlp: Language) -> None:
            import torch

            torch.manual_seed(7)
            model = nlp.get_pipe(component).model
            for node in model.get_ref("piece_encoder").walk():
                if set(attributes) & set(node.attrs):
                    node.attrs.update(attributes)
            encoder = model.get_ref("transformer").shims[0]._model  # noqa: SLF001 - thinc has no other way to it
            for name, parameter in encoder.named_parameters():
                scale, mean = (0.4, 0.0) if parameter.ndim > 1 else (0.2, float("norm.weight" in name))
                torch.nn.init.normal_(parameter, mean=mean, std=scale)

        return originals.Trunk(transformer, listener, prepare)


_LOWER = {"lowercase": True, "strip_accents": True}
CURATED: dict[str, Curated] = {
    "BERT, WordPiece after punctuation": Curated("Bert", "BertWordpieceEncoder", wordpieces),
    "BERT, WordPiece in lower case": Curated("Bert", "BertWordpieceEncoder", wordpieces, {}, _LOWER),
    "BERT, WordPiece": Curated("Bert", "WordpieceEncoder", wordpieces, {"hidden_act": "relu"}),
    "BERT, characters": Curated("Bert", "CharEncoder", characters),
    "RoBERTa, byte-level BPE": Curated("Roberta", "ByteBpeEncoder", byte_bpe),
    "XLM-R, SentencePiece": Curated("Xlmr", "XlmrSentencepieceEncoder", sentencepiece),
    "CamemBERT, SentencePiece": Curated("Camembert", "CamembertSentencepieceEncoder", sentencepiece),
    "ALBERT, SentencePiece": Curated(
        "Albert",
        "SentencepieceEncoder",
        sentencepiece,
        {"embedding_width": 16, "num_hidden_layers": 4},
    ),
}
