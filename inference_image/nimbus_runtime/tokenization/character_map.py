"""What a SentencePiece model turns characters into before it cuts a text.

The map is a double-array trie over UTF-8 bytes. Each unit has the byte that leads to it, the offset of
what follows, and whether a replacement ends here; the unit after says where that begins, among
texts that each end with a zero byte.
"""

from __future__ import annotations

_LABEL = 1 << 31 | 0xFF
_ENDS = 1 << 8
_PLACE = (1 << 31) - 1


class CharacterMap:
    """A precompiled map, as a SentencePiece model file holds it; an empty one replaces nothing."""

    def __init__(self, data: bytes) -> None:
        """Lay units and replacements apart."""
        size = int.from_bytes(data[:4], "little")
        self._units = memoryview(data)[4 : 4 + size].cast("I")
        self._texts = data[4 + size :]

    def replace(self, text: bytes, at: int) -> tuple[bytes, int]:
        """Return the replacement of the longest beginning of `text` from `at`, and how long that is (0: none)."""
        units = self._units
        if not len(units):
            return b"", 0
        found = length = 0
        place = _offset(units[0])
        for end in range(at, len(text)):
            place ^= text[end]
            if place >= len(units) or units[place] & _LABEL != text[end]:
                break
            unit = units[place]
            place ^= _offset(unit)
            if unit & _ENDS:
                found, length = units[place] & _PLACE, end + 1 - at
        return self._texts[found : self._texts.index(b"\0", found)] if length else b"", length


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 1 << 9) >> 6)
