"""Saved pipelines of real sizes with random weights, written piece by piece: they may be larger than memory."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import srsly
from tests.toolkit.compile import saved

_BLOCK = 1 << 22  # numbers that are made at a time


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an encoder."""

    width: int
    inner: int
    layers: int
    heads: int
    vocabulary: int
    positions: int


BERT_BASE = Shape(768, 3072, 12, 12, 30_522, 512)
XLM_R_LARGE = Shape(1024, 4096, 24, 16, 250_002, 514)  # 2.24 GB
MANY_PIECES = Shape(16, 24, 2, 2, 250_002, 512)  # a tokenizer.json of 10 MB


def save(folder: Path, shape: Shape) -> Path:
    """Save a pipeline of nothing but a transformer of this shape."""
    saved.save_trf(folder)

    def alone(config: saved.Json) -> None:
        config["nlp"]["pipeline"] = ["transformer"]
        config["components"] = {"transformer": config["components"]["transformer"]}

    saved.change_config(folder, alone)
    with (folder / "transformer" / "model").open("wb") as file:
        _write(file, shape)
    return folder


def shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a BERT's weights by their names in a state dict."""
    width, inner = shape.width, shape.inner
    found = {
        "embeddings.word_embeddings.weight": (shape.vocabulary, width),
        "embeddings.position_embeddings.weight": (shape.positions, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        **_linear("embeddings.LayerNorm", width),
    }
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            found |= _linear(f"{prefix}attention.{part}", width, width)
        found |= _linear(f"{prefix}attention.output.LayerNorm", width)
        found |= _linear(f"{prefix}intermediate.dense", inner, width)
        found |= _linear(f"{prefix}output.dense", width, inner)
        found |= _linear(f"{prefix}output.LayerNorm", width)
    return found


def numbers(name: str, shape: tuple[int, ...]) -> Iterator[saved.Array]:
    """Yield a weight's numbers, a few million at a time; the same name has the same ones."""
    random = np.random.default_rng(list(name.encode()))
    count = math.prod(shape)
    gain = 1 if name.endswith("LayerNorm.weight") else 0
    for at in range(0, count, _BLOCK):
        yield (random.random(min(_BLOCK, count - at), dtype=np.float32) - np.float32(0.5)) / np.float32(8) + gain


def weight(name: str, shape: tuple[int, ...]) -> saved.Array:
    """Return a whole weight."""
    return np.concatenate(list(numbers(name, shape))).reshape(shape)


def rows(name: str, sizes: dict[str, tuple[int, ...]], wanted: saved.Array) -> saved.Array:
    """Return some rows of a weight that may be larger than memory."""
    places = wanted[:, None].astype(np.int64) * sizes[name][1] + np.arange(sizes[name][1])
    found = np.empty(places.shape, np.float32)
    for at, block in enumerate(numbers(name, sizes[name])):
        inside = places // _BLOCK == at
        found[inside] = block[places[inside] - at * _BLOCK]
    return found


def size(shape: Shape) -> int:
    """Return how many bytes the weights are in float32."""
    return 4 * sum(math.prod(one) for one in shapes(shape).values())


def _linear(prefix: str, *sizes: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.weight": sizes, f"{prefix}.bias": sizes[:1]}


def _write(file: BinaryIO, shape: Shape) -> None:
    """Write thinc's bytes around the shim's around the archive; both lengths are set once they are known."""
    nodes = [{"index": 0, "name": "transformer", "dims": {}, "refs": {}}]
    outer = {"nodes": nodes, "attrs": [{}], "params": [{}]}
    config = saved.bert_config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions,
    )
    starts = []
    for known, last, opening in (
        (outer, "shims", b"\x91\x91"),
        ({"config": config, "tokenizer": _tokenizer(shape)}, "state", b""),
    ):
        file.write(bytes([0x80 + len(known) + 1]))
        file.writelines(srsly.msgpack_dumps(key) + srsly.msgpack_dumps(value) for key, value in known.items())
        file.write(srsly.msgpack_dumps(last) + opening + b"\xc6" + bytes(4))
        starts.append(file.tell())
    _write_state(file, shape)
    end = file.seek(0, io.SEEK_END)
    for start in starts:
        file.seek(start - 4)
        file.write(struct.pack(">I", end - start))


def _write_state(file: BinaryIO, shape: Shape) -> None:
    tensors = {name: saved.tensor(name, np.broadcast_to(np.float32(0), sizes)) for name, sizes in shapes(shape).items()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", saved.pickled(saved.mapping(tensors)))
        archive.writestr("archive/byteorder", "little")
        for name, sizes in shapes(shape).items():
            with archive.open(f"archive/data/{name}", "w", force_zip64=True) as entry:
                for block in numbers(name, sizes):
                    entry.write(block.data)


def _tokenizer(shape: Shape) -> dict[str, bytes]:
    files = saved.tokenizer_files()
    whole = json.loads(files["tokenizer.json"])
    pieces = [*saved.PIECES, *(f"##unusual{number:x}piece" for number in range(shape.vocabulary - len(saved.PIECES)))]
    whole["model"]["vocab"] = {piece: at for at, piece in enumerate(pieces)}
    config = {**json.loads(files["tokenizer_config.json"]), "model_max_length": shape.positions}
    return {
        "tokenizer.json": json.dumps(whole, indent=2).encode(),
        "tokenizer_config.json": json.dumps(config).encode(),
    }
