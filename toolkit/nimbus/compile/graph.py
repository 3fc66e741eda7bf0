"""Writes ONNX graphs node by node, their weights in a file beside them.

Small enough to be read beside the graph that it makes: every method adds one operator and
returns the name of its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nimbus.compile.weights.mapped import blocks, forget
from nimbus_runtime.contract.bundle import GRAPH_FILE, WEIGHTS_FILE
from nimbus_runtime.encoder import INPUT, OUTPUT

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[Any]

MICROSOFT = "com.microsoft"
_OPSET = 17
_IR_VERSION = 9
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class _Node:
    """An operator with one result."""

    kind: str
    inputs: list[str]
    result: str
    domain: str | None
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A small constant that lies in the graph itself; its type is named as TensorProto names it."""

    kind: str
    shape: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class FinishedGraph:
    """A graph and its weights by name, in the order in which they were added.

    Weights are whatever views they were given as: each is put into its final form as it is written.
    """

    name: str
    width: int
    nodes: Sequence[_Node]
    numbers: dict[str, _Numbers]
    weights: dict[str, Array]

    def save(self, folder: Path) -> None:
        """Write the graph, and its weights page by page, so that processes can share them in memory."""
        model = self._model()
        offset = 0
        with (folder / WEIGHTS_FILE).open("wb") as file:
            for name, array in self.weights.items():
                kind = np.dtype(np.int8 if array.dtype == np.int8 else "<f4")
                size = array.size * kind.itemsize
                model.graph.initializer.append(_external(name, array, offset, size))
                for block in blocks(array):
                    file.write(np.ascontiguousarray(block, kind).data)
                    forget(block)
                file.write(bytes(-size % _PAGE))
                offset += size + -size % _PAGE
        (folder / GRAPH_FILE).write_bytes(model.SerializeToString(deterministic=True))

    def _model(self) -> onnx.ModelProto:
        from onnx import TensorProto, helper  # noqa: PLC0415 - not needed to look at a pipeline

        nodes = [helper.make_node(n.kind, n.inputs, [n.result], domain=n.domain, **n.attributes) for n in self.nodes]
        numbers = [
            helper.make_tensor(name, TensorProto.DataType.Value(n.kind), n.shape, n.values)
            for name, n in self.numbers.items()
        ]
        graph = helper.make_graph(
            nodes,
            self.name,
            [helper.make_tensor_value_info(INPUT, TensorProto.INT32, ["batch", "pieces"])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "pieces", self.width])],
            numbers,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


class Graph:
    """A graph under construction: one input of piece numbers, one output of their vectors."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._nodes: list[_Node] = []
        self._weights: dict[str, Array] = {}
        self._numbers: dict[str, _Numbers] = {}

    def weight(self, name: str, value: Array) -> str:
        """Add a weight, which is written as float32; a name added twice stands once."""
        self._weights.setdefault(name, value)
        return name

    def integers(self, name: str, value: Array) -> str:
        """Add a weight of signed bytes."""
        self._weights[name] = value.astype(np.int8, copy=False)
        return name

    def scalar(self, name: str, value: float) -> str:
        """Add one float32."""
        self._numbers[name] = _Numbers("FLOAT", [], [value])
        return name

    def small(self, value: int) -> str:
        """Add one whole number of 32 bits, as pieces are numbered."""
        name = f"small_{value}"
        self._numbers[name] = _Numbers("INT32", [], [value])
        return name

    def whole(self, value: int) -> str:
        """Add one whole number."""
        name = f"whole_{value}"
        self._numbers[name] = _Numbers("INT64", [], [value])
        return name

    def byte(self, value: int) -> str:
        """Add one unsigned byte."""
        name = f"byte_{value}"
        self._numbers[name] = _Numbers("UINT8", [], [value])
        return name

    def numbers(self, *values: int) -> str:
        """Add a short list of whole numbers, such as an operator's axes."""
        name = "numbers_" + "_".join(map(str, values))
        self._numbers[name] = _Numbers("INT64", [len(values)], values)
        return name

    def node(self, kind: str, inputs: list[str], *, domain: str = "", **attributes: Any) -> str:  # noqa: ANN401
        """Add an operator with one result and return the result's name."""
        result = f"{kind}_{len(self._nodes)}"
        self._nodes.append(_Node(kind, inputs, result, domain, attributes))
        return result

    def finish(self, name: str, last: str, width: int) -> FinishedGraph:
        """Return the graph whose output is `last`, (batch, pieces, width)."""
        nodes = [*self._nodes, _Node("Identity", [last], OUTPUT, None, {})]
        return FinishedGraph(name, width, nodes, dict(self._numbers), dict(self._weights))


def _external(name: str, array: Array, offset: int, size: int) -> onnx.TensorProto:
    from onnx import TensorProto  # noqa: PLC0415 - not needed to look at a pipeline

    kind = TensorProto.INT8 if array.dtype == np.int8 else TensorProto.FLOAT
    tensor = TensorProto(name=name, data_type=kind, dims=array.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", WEIGHTS_FILE), ("offset", offset), ("length", size)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
