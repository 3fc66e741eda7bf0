"""Rules of the map of characters that a SentencePiece model brings."""

from __future__ import annotations

import struct

from nimbus_runtime.tokenization.character_map import CharacterMap


def trie(rules: dict[str, str]) -> bytes:
    """Return a map of single-byte keys, laid out as Darts lays a double array out."""
    units = [0] * 512
    base = 256
    units[0] = base << 10
    texts = b""
    for number, (key, replacement) in enumerate(rules.items()):
        (byte,) = key.encode()
        below = base + 128 + number
        place = base ^ byte
        units[place] = byte | 1 << 8 | (place ^ below) << 10
        units[below] = 1 << 31 | len(texts)
        texts += replacement.encode() + b"\0"
    data = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(data)) + data + texts


def test_what_the_map_knows_is_replaced() -> None:
    """A replacement may be longer, shorter, or nothing."""
    rules = CharacterMap(trie({"a": "bcd", "x": ""}))
    assert rules.replace(b"za", 1) == (b"bcd", 1)
    assert rules.replace(b"x", 0) == (b"", 1)
    assert rules.replace(b"z", 0) == (b"", 0)


def test_an_empty_map_replaces_nothing() -> None:
    """A model without normalisation has no map at all."""
    assert CharacterMap(b"").replace(b"a", 0) == (b"", 0)
