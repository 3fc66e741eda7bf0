"""Tokens are split as curated-tokenizers splits them, whatever they are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("curated_tokenizers", reason="the original stack is not installed: make oracle")

from curated_tokenizers import ByteBPEProcessor, SentencePieceProcessor, WordPieceProcessor
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nimbus.compile.tokenizers.words import read_words
from nimbus_runtime.tokenization.byte_bpe import ByteBpe, PieceMissingError
from nimbus_runtime.tokenization.sentence_piece import SentencePiece
from nimbus_runtime.tokenization.wordpiece import WordPiece

from . import documents, families, originals

pytestmark = pytest.mark.oracle

_WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text("aeox-. \u2581\u00a0\u0301ﬁ½①Ⅷ﷽ＡＢ", max_size=60),
    st.sampled_from([word for text in (*documents.SCRIPTS, *documents.STRANGE) for word in text.split(" ")]),
)
_MODELS: dict[str, dict[str, Any]] = {
    "nmt_nfkc": {"normalization_rule_name": "nmt_nfkc"},
    "lower case": {"normalization_rule_name": "nmt_nfkc_cf"},
    "as it is": {"normalization_rule_name": "identity"},
    "spaces kept": {"remove_extra_whitespaces": False},
    "no space before": {"add_dummy_prefix": False},
    "space behind": {"treat_whitespace_as_suffix": True},
    "words of the user's": {"user_defined_symbols": ["York", "xx", "e-"]},
    "bytes for the unknown": {"byte_fallback": True, "vocab_size": 560},
}


@pytest.fixture(scope="module", params=_MODELS)
def sentencepiece(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, SentencePiece]:
    """Return the original with a small model, and ours."""
    model = families.sentencepiece_model(tmp_path_factory.mktemp("model"), "pieces", **_MODELS[request.param])
    content, chosen = read_words(
        "spacy-curated-transformers.SentencepieceEncoder.v1",
        {"sentencepiece_encoder": {"sentencepiece_processor": model.read_bytes()}},
    )
    return SentencePieceProcessor.from_file(str(model)), SentencePiece(json.loads(content.json), chosen["numbering"])


@settings(max_examples=600, deadline=None)
@given(word=_WORDS)
@example(word="x" * 300)
@example(word="-" * 31)
@example(word=" \u00a0 ")
@example(word="0xxx")
@example(word="xxYxxxe-")
def test_sentencepiece_cuts_a_text_as_the_original(sentencepiece: tuple[Any, SentencePiece], word: str) -> None:
    """Normalisation, the likeliest cut, ties, unknown pieces and fallbacks are the original's."""
    original, ours = sentencepiece
    assert ours.encode(word) == original.encode_as_ids(word)
    assert (ours.begin, ours.end, ours.unknown) == (original.bos_id(), original.eos_id(), original.unk_id())


@pytest.fixture(scope="module")
def byte_bpe(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ByteBpe]:
    """Return the original with a small vocabulary, and ours."""
    folder = tmp_path_factory.mktemp("bpe")
    families.byte_bpe(folder)
    original = ByteBPEProcessor.load_from_files(vocab=folder / "vocab.json", merges=folder / "merges.txt")
    special = {"begin": "<s>", "end": "</s>", "unknown": "<unk>"}
    return original, ByteBpe(original.vocab, original.merges, special)


@settings(max_examples=1500, deadline=None)
@given(word=_WORDS)
@example(word=" don't've'll 12³ \x1c\x1d \u0085x")
def test_byte_bpe_cuts_a_text_as_the_original(byte_bpe: tuple[Any, ByteBpe], word: str) -> None:
    """Words, numbers, signs and white space are told apart, and merged, as the original does."""
    original, ours = byte_bpe
    assert ours.encode(word) == original.encode_as_ids(word)


@settings(max_examples=1500, deadline=None)
@given(word=_WORDS)
@example(word="unbelievable" * 40)
def test_wordpiece_cuts_a_word_as_the_original(word: str) -> None:
    """The longest pieces from left to right; the unknown piece for the rest, and the pieces before it stay."""
    pieces = originals.wordpieces(lowercase=False)
    special = {"begin": "[CLS]", "end": "[SEP]", "unknown": "[UNK]"}
    plain = {"lowercase": False, "strip_accents": False, "split_punctuation": False}
    theirs = [pieces.index("[UNK]") if piece == -1 else piece for piece in WordPieceProcessor(pieces).encode(word)[0]]
    assert WordPiece(pieces, {**special, **plain}).encode(word) == theirs


def test_a_vocabulary_of_real_size_is_the_originals() -> None:
    """The thousand pieces and merges that curated-tokenizers ships for its own tests, over every document."""
    import curated_tokenizers

    folder = Path(curated_tokenizers.__file__).parent / "tests"
    original = ByteBPEProcessor.load_from_files(
        vocab=folder / "robbert-vocab-1000.json", merges=folder / "robbert-merges-1000.txt"
    )
    ours = ByteBpe(original.vocab, original.merges, {"begin": "<s>", "end": "</s>", "unknown": "<unk>"})
    encoded = 0
    for text in (*documents.SCRIPTS, *documents.STRANGE):
        try:
            expected = original.encode_as_ids(text)
        except ValueError:
            with pytest.raises(PieceMissingError):
                ours.encode(text)
        else:
            assert ours.encode(text) == expected, text
            encoded += 1
    assert encoded > 5
