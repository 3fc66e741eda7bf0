"""Reads from an ONNX file what must be known before a runtime opens it.

Operator domains and what tensors take from external files, found by walking the protobuf's structure: no
weight is copied, nothing is executed, and the onnx package is not needed where bundles run.
Field numbers are those of onnx.proto3.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nimbus_runtime.contract.errors import BundleInvalidError
from nimbus_runtime.protobuf import Message, parts

_MAX_DEPTH = 32


@dataclass(slots=True)
class OnnxContents:
    """Operator domains that occur (the standard one is ""), and files that tensors refer to.

    `external` says of each such file how many bytes it must have for its tensors to lie inside.
    """

    domains: set[str] = field(default_factory=set)
    external: dict[str, int] = field(default_factory=dict)


def scan(path: Path) -> OnnxContents:
    """Walk one ONNX file."""
    contents = OnnxContents()
    try:
        # The map closes with the last view of it: closing it here would fail while an error still holds one.
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        _model(memoryview(mapped), contents, 0)
    except (IndexError, ValueError):  # an empty file cannot be mapped, which is a ValueError too
        raise _broken(path) from None
    return contents


def _broken(path: Path) -> BundleInvalidError:
    return BundleInvalidError(
        "an encoder is not a readable ONNX file",
        where=str(path),
        expected="a model in the format of onnx.proto3",
        remedy="compile the pipeline again",
    )


def _model(message: Message, contents: OnnxContents, depth: int) -> None:
    found = False
    for number, value in parts(message):
        if number == 7:  # graph
            found = True
            _graph(value, contents, depth)
        elif number == 8:  # opset_import
            contents.domains.add(_text(value, 1))
        elif number == 20:  # training_info: its two graphs
            for inner, part in parts(value):
                if inner in (1, 2):
                    _graph(part, contents, depth + 1)
        elif number == 25:  # functions
            _function(value, contents, depth + 1)
    if not found:
        raise ValueError


def _function(message: Message, contents: OnnxContents, depth: int) -> None:
    for number, value in parts(message):
        if number == 7:  # node
            _node(value, contents, depth)
        elif number == 11:  # attribute_proto: attributes with a default
            _attribute(value, contents, depth)


def _graph(message: Message, contents: OnnxContents, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError
    inside: dict[int, Callable[[Message, OnnxContents, int], None]] = {
        1: _node,
        5: _tensor,
        15: _sparse_tensor,
    }
    for number, value in parts(message):
        if number in inside:
            inside[number](value, contents, depth)


def _node(message: Message, contents: OnnxContents, depth: int) -> None:
    contents.domains.add(_text(message, 7))
    for number, value in parts(message):
        if number == 5:
            _attribute(value, contents, depth)


def _attribute(message: Message, contents: OnnxContents, depth: int) -> None:
    for number, value in parts(message):
        if number in (5, 10):  # t, tensors
            _tensor(value, contents, depth)
        elif number in (6, 11):  # g, graphs
            _graph(value, contents, depth + 1)
        elif number in (22, 23):  # sparse_tensor, sparse_tensors
            _sparse_tensor(value, contents, depth)


def _sparse_tensor(message: Message, contents: OnnxContents, depth: int) -> None:
    for number, value in parts(message):
        if number in (1, 2):  # values, indices
            _tensor(value, contents, depth)


def _tensor(message: Message, contents: OnnxContents, depth: int) -> None:
    del depth
    external = {_text(value, 1): _text(value, 2) for number, value in parts(message) if number == 13}
    if "location" in external:
        end = _count(external.get("offset", "0")) + _count(external.get("length", "0"))
        location = external["location"]
        contents.external[location] = max(end, contents.external.get(location, 0))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def _text(message: Message, wanted: int) -> str:
    last = ""
    for number, value in parts(message):
        if number == wanted:
            last = bytes(value).decode()
    return last
