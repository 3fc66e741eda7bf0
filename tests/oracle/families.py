"""Small random encoders of every family, and tokenizers of every kind, saved as transformers saves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import documents, originals

LONGEST = 64  # pieces


@dataclass(frozen=True)
class Corpus:
    """What tokenizers are trained on, how many pieces they get, and how many a sequence may have."""

    texts: Sequence[str]
    words: Sequence[str]
    pieces: int
    longest: int


SMALL = Corpus(
    [*documents.SCRIPTS, *documents.STRANGE, " ".join(originals.WORDS), "The late order from New York was broken."]
    * 20,
    originals.WORDS,
    300,
    LONGEST,
)


def wordpiece(folder: Path, kind: str, corpus: Corpus = SMALL, **settings: object) -> int:
    """Write a WordPiece tokenizer of a class such as "Bert"; return the size of its vocabulary."""
    import transformers

    vocabulary = originals.wordpieces(corpus.words, lowercase=bool(settings.get("do_lower_case", True)))
    if kind == "MPNet":
        vocabulary = ["<s>", "<pad>", "</s>", "<mask>", "[UNK]", *vocabulary[5:]]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    make = getattr(transformers, f"{kind}TokenizerFast")
    make(str(folder / "vocab.txt"), model_max_length=corpus.longest, **settings).save_pretrained(folder)
    return len(vocabulary)


def byte_bpe(folder: Path, corpus: Corpus = SMALL, **settings: object) -> int:
    """Write a byte-level BPE tokenizer of RoBERTa's class; return the size of its vocabulary."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        corpus.texts,
        vocab_size=2 * corpus.pieces,
        min_frequency=2,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    )
    folder.mkdir(parents=True, exist_ok=True)
    trained.save_model(str(folder))
    files = str(folder / "vocab.json"), str(folder / "merges.txt")
    RobertaTokenizerFast(*files, model_max_length=corpus.longest, **settings).save_pretrained(folder)
    return trained.get_vocab_size()


def sentencepiece_model(folder: Path, name: str, corpus: Corpus = SMALL, **settings: object) -> Path:
    """Train a small SentencePiece model; return its file."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(corpus.texts),
        model_prefix=str(folder / name),
        **{
            "vocab_size": corpus.pieces,
            "character_coverage": 0.98,
            "hard_vocab_limit": False,
            "minloglevel": 2,
            **settings,
        },
    )
    return folder / f"{name}.model"


def unigram(folder: Path, kind: str, corpus: Corpus = SMALL, **settings: object) -> int:
    """Write a SentencePiece tokenizer of a class such as "XLMRoberta"; return the size of its vocabulary."""
    import transformers

    special: dict[str, Any] = {"normalization_rule_name": "nmt_nfkc"}
    if kind == "Albert":
        special = {
            "normalization_rule_name": "nmt_nfkc_cf",
            "pad_id": 0,
            "unk_id": 1,
            "bos_id": -1,
            "eos_id": -1,
            "control_symbols": ["[CLS]", "[SEP]", "[MASK]"],
        }
    model = sentencepiece_model(folder, "spiece" if kind == "Albert" else "sentencepiece.bpe", corpus, **special)
    make = getattr(transformers, f"{kind}TokenizerFast")
    tokenizer = make(str(model), model_max_length=corpus.longest, **settings)
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


@dataclass(frozen=True)
class Family:
    """How a family's random encoder is made: its class in transformers, its tokenizer, its own settings."""

    kind: str
    tokenizer: Callable[..., int]
    settings: dict[str, Any]
    tokenizer_kind: str | None = None

    def save(
        self, folder: Path, tokenizer: dict[str, Any] | None = None, corpus: Corpus = SMALL, **changes: object
    ) -> Path:
        """Write the encoder and its tokenizer."""
        import torch
        import transformers

        torch.manual_seed(7)
        kinds = () if self.tokenizer is byte_bpe else (self.tokenizer_kind or self.kind,)
        vocabulary = self.tokenizer(folder, *kinds, corpus=corpus, **(tokenizer or {}))
        config = getattr(transformers, f"{self.kind}Config")(
            **{**_SIZES, "vocab_size": vocabulary, **self.settings, **changes}
        )
        model = getattr(transformers, f"{self.kind}Model")(config).eval()
        for name, parameter in model.named_parameters():  # biases and normalisations are made as zeros and ones
            if parameter.ndim == 1:
                torch.nn.init.normal_(parameter, mean=float("orm.weight" in name or "norm.weight" in name), std=0.2)
        model.save_pretrained(folder)
        return folder


_SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": LONGEST,
    "initializer_range": 0.4,
}
_OFFSET = {"max_position_embeddings": LONGEST + 2, "pad_token_id": 1, "type_vocab_size": 1}

FAMILIES: dict[str, Family] = {
    "BERT": Family("Bert", wordpiece, {}),
    "ELECTRA": Family("Electra", wordpiece, {"embedding_size": 16}),
    "DistilBERT": Family(
        "DistilBert",
        wordpiece,
        {"dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4},
    ),
    "MPNet": Family("MPNet", wordpiece, {"max_position_embeddings": LONGEST + 2}),
    "RoBERTa": Family("Roberta", byte_bpe, _OFFSET),
    "XLM-R": Family("XLMRoberta", unigram, _OFFSET),
    "CamemBERT": Family("Camembert", unigram, _OFFSET),
    "ALBERT": Family("Albert", unigram, {"embedding_size": 16, "num_hidden_layers": 4}),
}
