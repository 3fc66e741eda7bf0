"""Packed inputs are read whole, or fail by name after what was sound."""

from __future__ import annotations

import gzip
import os
import random
from typing import TYPE_CHECKING

import pytest
import zstandard

from nimbus_runtime.contract.documents import Document, Rejected
from nimbus_runtime.contract.errors import InputUnreadableError
from nimbus_runtime.contract.inputs import Fields, Slice
from nimbus_runtime.readers import check_schema, read, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import ReadAll, Write

PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstandard.compress}
KINDS = pytest.mark.parametrize("kind", list(PACK))
NOISE = random.Random(1)
LINES = [f"{NOISE.getrandbits(400):x}" for _ in range(5000)]
TEXT = "\n".join(LINES).encode()


@KINDS
def test_a_packed_file_is_one_slice(kind: str, write: Write, read_all: ReadAll) -> None:
    """Its positions count the bytes of what was packed."""
    file = write(f"a.jsonl.{kind}", PACK[kind](b'\xef\xbb\xbf{"text": "a"}\n{"text": "b"}'))
    check_schema(file, Fields())
    assert split(file, 1) == [Slice(0, 1)]
    assert [(item.position, item.text) for item in read_all(file) if isinstance(item, Document)] == [
        (3, "a"),
        (17, "b"),
    ]


@KINDS
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.tsv"])
def test_any_format_of_lines_may_be_packed(kind: str, name: str, write: Write, read_all: ReadAll) -> None:
    """A packed file gives what the plain one gives, under another name."""
    content = b"text\nb\n\nd\n"
    plain, packed = read_all(write(name, content)), read_all(write(f"{name}.{kind}", PACK[kind](content)))
    assert [(item.position, getattr(item, "text", None)) for item in packed] == [
        (item.position, getattr(item, "text", None)) for item in plain
    ]


@KINDS
def test_all_members_are_read(kind: str, write: Write, read_all: ReadAll) -> None:
    """Files that were put together are one file, empty members and all."""
    pack = PACK[kind]
    items = read_all(write(f"a.txt.{kind}", pack(b"a\nb") + pack(b"") + pack(b"c\n") + pack(b"d")))
    assert [item.text for item in items if isinstance(item, Document)] == ["a", "bc", "d"]


def test_a_skippable_frame_is_skipped(write: Write, read_all: ReadAll) -> None:
    """Parallel zstd begins its files with one."""
    (item,) = read_all(write("a.txt.zst", b"\x50\x2a\x4d\x18\x02\0\0\0ab" + zstandard.compress(b"a")))
    assert isinstance(item, Document)


def consume(file_items: object, into: list[Document | Rejected]) -> None:
    """Keep what comes before a failure."""
    for item in file_items:  # type: ignore[attr-defined]
        into.append(item)  # noqa: PERF402 (extend would lose the items when it fails)


@KINDS
@pytest.mark.parametrize("damage", ["truncated", "damaged", "checksum"])
def test_damage_is_named_after_what_was_sound(kind: str, damage: str, write: Write) -> None:
    """Documents before the damage are yielded, none is made up."""
    checked = zstandard.ZstdCompressor(write_checksum=True).compress
    packed = gzip.compress(TEXT) if kind == "gz" else checked(TEXT)
    middle, checksum = len(packed) // 2, slice(-8, -4) if kind == "gz" else slice(-4, None)
    broken = bytearray(packed)
    if damage == "truncated":
        del broken[middle:]
    elif damage == "checksum":
        broken[checksum] = b"\1\2\3\4"
    else:
        broken[middle : middle + 2000] = bytes(255 - byte for byte in broken[middle : middle + 2000])
    file = write(f"a.txt.{kind}", bytes(broken))
    items: list[Document | Rejected] = []
    with pytest.raises(InputUnreadableError, match=rf"a\.txt\.{kind}"):
        consume(read(file, Slice(0, 1), Fields()), items)
    if damage != "checksum":
        assert len(items) > 100
    if (kind, damage) != ("gz", "damaged"):  # deflate may read nonsense until its checksum tells
        assert [item.text for item in items if isinstance(item, Document)] == LINES[: len(items)]


@KINDS
@pytest.mark.parametrize("suffix", ["jsonl", "txt", "csv"])
def test_damage_at_the_start_is_found_beforehand(kind: str, suffix: str, write: Write) -> None:
    """A check of the schema reads the first bytes in any format."""
    file = write(f"a.{suffix}.{kind}", PACK[kind](b"text\n" * 10)[:12])
    with pytest.raises(InputUnreadableError):
        check_schema(file, Fields())


@KINDS
def test_what_follows_the_last_member_must_be_one(kind: str, write: Write, read_all: ReadAll) -> None:
    """Rubbish at the end is damage, not an end."""
    with pytest.raises(InputUnreadableError):
        read_all(write(f"a.txt.{kind}", PACK[kind](b"a\n") + os.urandom(3) + b"rubbish"))
