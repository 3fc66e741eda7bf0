"""Rules of SentencePiece models that are only looked at: their kind is known without their pieces."""

from __future__ import annotations

import pytest

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.tokenizers.sentencepiece_model import check_sentencepiece


def message(number: int, content: bytes) -> bytes:
    """Return a protobuf field of bytes."""
    size = bytes([len(content)]) if len(content) < 128 else bytes([len(content) & 127 | 128, len(content) >> 7])
    return bytes([number << 3 | 2]) + size + content


def model(kind: int, *pieces: str) -> bytes:
    """Return a model of a kind: 1 is unigram, 2 BPE."""
    return b"".join(message(1, message(1, piece.encode())) for piece in pieces) + message(2, bytes([3 << 3, kind]))


@pytest.mark.parametrize("pieces", [(), ("a",), ("a", "b" * 200, "c")])
def test_a_model_of_another_kind_is_refused(pieces: tuple[str, ...]) -> None:
    """Unigram models are taken and others refused, however many pieces stand before that and however long they are."""
    check_sentencepiece(model(1, *pieces))
    with pytest.raises(CompileRefusedError, match="not a unigram model") as refused:
        check_sentencepiece(model(2, *pieces))
    assert refused.value.got == "BPE"


@pytest.mark.parametrize("data", [b"\x0a\x7f", b"\x12\x05\x18", b"\x0a", b"\xff"])
def test_a_damaged_model_is_a_failure_that_readers_expect(data: bytes) -> None:
    """Lengths beyond the end and keys that are none are told as they are everywhere in such files."""
    with pytest.raises((ValueError, IndexError)):
        check_sentencepiece(data)
