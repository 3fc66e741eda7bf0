"""Reads a state dict that torch saved, without torch and without executing what it holds.

The file is a zip archive of raw storages and one small pickle that says how tensors lie in them.
A pickle can call anything; this reader answers to the four names that tensors need and refuses
every other.
"""

from __future__ import annotations

import collections
import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nimbus.compile.errors import WeightsInvalidError

Array = npt.NDArray[Any]

_DTYPES: Mapping[str, str] = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",  # widened to float32 when a tensor is rebuilt
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}


def read_state(data: bytes) -> dict[str, Array]:
    """Return the tensors of a saved state dict by name, half precisions widened to float32."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        state = _TensorUnpickler(archive).load()
    except WeightsInvalidError:
        raise
    except Exception as error:  # noqa: BLE001 - pickle and zipfile answer damage with exceptions of many kinds
        raise WeightsInvalidError(
            "the saved weights cannot be read",
            got=f"{type(error).__name__}: {error}",
            expected="a state dict in the zip format that torch 1.6 and later save",
            remedy="load the pipeline where it was trained and save it again with nlp.to_disk",
        ) from None
    if not isinstance(state, dict) or not all(isinstance(v, np.ndarray) for v in state.values()):
        raise _refused(type(state).__name__)
    return dict(state)


class _TensorUnpickler(pickle.Unpickler):
    """Rebuilds tensors and ordered dicts, and nothing else."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        root = next((n for n in archive.namelist() if n.endswith("/data.pkl")), None)
        if root is None:
            raise KeyError("no data.pkl in the archive")
        self._archive = archive
        super().__init__(io.BytesIO(self._stored(root)))
        self._root = root.removesuffix("data.pkl")

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

    def persistent_load(self, pid: Any) -> tuple[Array, str]:  # noqa: ANN401 - pickle's own signature
        kind, storage, key, _, count = pid
        if kind != "storage" or not isinstance(storage, str):
            raise _refused(str(kind))
        raw = self._stored(f"{self._root}data/{key}")
        return np.frombuffer(raw, dtype=_DTYPES[storage], count=count), storage

    def _stored(self, name: str) -> bytes:
        """Return an entry's bytes. Torch never compresses; so nothing unfolds to more than the file's size."""
        if self._archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name} is compressed, as torch never saves it")
        return self._archive.read(name)


def _tensor(
    storage: tuple[Array, str], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> Array:
    flat, kind = storage
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if min(offset, *size, *stride, 0) < 0 or (0 not in size and last >= len(flat)):
        raise WeightsInvalidError(
            "a tensor of the saved weights lies outside its storage",
            got=f"shape {tuple(size)}, strides {tuple(stride)}, from {offset}",
            expected=f"within {len(flat)} numbers",
            remedy="copy the pipeline again, whole, or save it again where it was trained",
        )
    if 0 in size:
        return np.zeros(size, dtype=flat.dtype)
    steps = [step * flat.itemsize for step in stride]
    array = np.lib.stride_tricks.as_strided(flat[offset:], size, steps, writeable=False)
    if kind == "BFloat16Storage":
        return np.asarray(array.astype(np.uint32) << 16).view(np.float32)
    if kind == "HalfStorage":
        return array.astype(np.float32)
    return np.ascontiguousarray(array)


def _parameter(tensor: Array, *_: object) -> Array:
    return tensor


def _refused(what: str) -> WeightsInvalidError:
    return WeightsInvalidError(
        "the saved weights hold something that is not a tensor",
        got=what,
        expected="tensors only",
        remedy="get the pipeline again from whoever trained it; do not load this one anywhere: it may run code",
    )
