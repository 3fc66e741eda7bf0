"""Reads a state dict that torch saved, without torch and without executing what it holds.

The file is a zip archive of raw storages and one small pickle that says how tensors lie in them.
A pickle can call anything; this reader answers to the four names that tensors need and refuses
every other. Tensors are views of the archive: no number is read before it is asked for.
"""

from __future__ import annotations

import collections
import io
import math
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nimbus.compile.errors import WeightsInvalidError
from nimbus.compile.weights.mapped import blocks, forget

Array = npt.NDArray[Any]

_DTYPES: Mapping[str, str] = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",  # widened to float32 when a tensor is asked for
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of the name and of what follows it


def read_state(data: bytes | memoryview) -> SavedState:
    """Return the tensors of a saved state dict by name; only their names and shapes are read for that."""
    try:
        state = _TensorUnpickler(_Archive(memoryview(data))).load()
    except WeightsInvalidError:
        raise
    except Exception as error:  # noqa: BLE001 - pickle and zipfile answer damage with exceptions of many kinds
        raise _unreadable(f"{type(error).__name__}: {error}") from None
    if not isinstance(state, dict) or not all(isinstance(v, _Tensor) for v in state.values()):
        raise _refused(type(state).__name__)
    return SavedState(state)


class SavedState(Mapping[str, Array]):
    """Tensors by name. One that is asked for is checked against the archive's sum and widened to float32 from half."""

    def __init__(self, tensors: Mapping[str, _Tensor]) -> None:
        """Hold tensors, none of them read yet."""
        self._tensors = tensors

    def __getitem__(self, name: str) -> Array:
        """Return a tensor: a view of the file, unless it had to be widened."""
        tensor = self._tensors[name]
        tensor.storage.check()
        if tensor.storage.kind == "BFloat16Storage":
            return np.asarray(tensor.view.astype(np.uint32) << 16).view(np.float32)
        return tensor.view.astype(np.float32) if tensor.storage.kind == "HalfStorage" else tensor.view

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._tensors)

    def __len__(self) -> int:
        """Return how many tensors there are."""
        return len(self._tensors)

    def outline(self) -> dict[str, Array]:
        """Return zeros in the tensors' shapes, which take no memory: all that a check of names and shapes needs."""
        return {name: np.broadcast_to(np.float32(0), tensor.view.shape) for name, tensor in self._tensors.items()}


class _Archive:
    """The entries of a zip file in memory. Torch never compresses; so each is a view."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._zip = zipfile.ZipFile(_Readable(data))
        root = next((n for n in self._zip.namelist() if n.endswith("/data.pkl")), None)
        if root is None:
            raise KeyError("no data.pkl in the archive")
        self.root = root.removesuffix("data.pkl")

    def entry(self, name: str) -> tuple[memoryview, int]:
        """Return an entry's bytes, and the sum that they must have."""
        info = self._zip.getinfo(self.root + name)
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise ValueError(f"{name} is compressed, as torch never saves it")
        signature, *lengths = _LOCAL_HEADER.unpack_from(self._data, info.header_offset)
        start = info.header_offset + _LOCAL_HEADER.size + sum(lengths)
        if signature != b"PK\3\4" or not 0 <= start <= start + info.file_size <= len(self._data):
            raise ValueError(f"{name} is not where the archive says")
        return self._data[start : start + info.file_size], info.CRC


class _Readable:
    """A view as the file that zipfile reads; no read takes more memory than there is data."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        taken = bytes(self._data[self._at : end])
        self._at += len(taken)
        return taken

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._data)}[whence]
        if at < 0:
            raise OSError("before the beginning")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at


@dataclass(slots=True)
class _Storage:
    """Numbers of one kind that tensors share."""

    name: str
    kind: str
    data: memoryview
    count: int
    checksum: int
    checked: bool = False

    def check(self) -> None:
        """Refuse numbers that are not those that were saved."""
        if self.checked:
            return
        found = 0
        for block in blocks(np.frombuffer(self.data, np.uint8)):
            found = zlib.crc32(block.data, found)
            forget(block)
        if found != self.checksum:
            raise _unreadable(f"Bad CRC-32 for {self.name!r}")
        self.checked = True


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    view: Array


class _TensorUnpickler(pickle.Unpickler):
    """Rebuilds tensors and ordered dicts, and nothing else."""

    def __init__(self, archive: _Archive) -> None:
        self._archive = archive
        self._storages: dict[str, _Storage] = {}
        pickled, checksum = archive.entry("data.pkl")
        if zlib.crc32(pickled) != checksum:
            raise ValueError("Bad CRC-32 for 'data.pkl'")
        super().__init__(io.BytesIO(pickled))

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - pickle's own signature
        allowed: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
        }
        if module == "torch" and name in _DTYPES:
            return name
        if (module, name) in allowed:
            return allowed[module, name]
        raise _refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401 - pickle's own signature
        kind, storage, key, _, count = pid
        if kind != "storage" or not isinstance(storage, str):
            raise _refused(str(kind))
        data, checksum = self._archive.entry(f"data/{key}")
        if not 0 <= count * np.dtype(_DTYPES[storage]).itemsize <= len(data):
            raise ValueError(f"storage {key} holds {len(data)} bytes and not {count} numbers")
        return self._storages.setdefault(f"{key} {storage}", _Storage(key, storage, data, count, checksum))


def _tensor(storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> _Tensor:
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if min(offset, *size, *stride, 0) < 0 or (0 not in size and max(last + 1, math.prod(size)) > storage.count):
        raise WeightsInvalidError(
            "a tensor of the saved weights lies outside its storage",
            got=f"shape {tuple(size)}, strides {tuple(stride)}, from {offset}",
            expected=f"within {storage.count} numbers",
            remedy="copy the pipeline again, whole, or save it again where it was trained",
        )
    dtype = np.dtype(_DTYPES[storage.kind])
    if 0 in size:
        return _Tensor(storage, np.zeros(size, dtype))
    steps = [step * dtype.itemsize for step in stride]
    return _Tensor(storage, np.ndarray(size, dtype, storage.data, offset * dtype.itemsize, steps))


def _parameter(tensor: _Tensor, *_: object) -> _Tensor:
    return tensor


def _unreadable(got: str) -> WeightsInvalidError:
    return WeightsInvalidError(
        "the saved weights cannot be read",
        got=got,
        expected="a state dict in the zip format that torch 1.6 and later save",
        remedy="load the pipeline where it was trained and save it again with nlp.to_disk",
    )


def _refused(what: str) -> WeightsInvalidError:
    return WeightsInvalidError(
        "the saved weights hold something that is not a tensor",
        got=what,
        expected="tensors only",
        remedy="get the pipeline again from whoever trained it; do not load this one anywhere: it may run code",
    )
