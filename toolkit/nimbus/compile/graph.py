"""Writes ONNX graphs node by node, their weights in a file beside them.

Small enough to be read beside the graph that it makes: every method adds one operator and
returns the name of its result.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from nimbus_runtime.contract.bundle import GRAPH_FILE, WEIGHTS_FILE
from nimbus_runtime.encoder import INPUT, OUTPUT

Array = npt.NDArray[Any]

MICROSOFT = "com.microsoft"
_OPSET = 17
_IR_VERSION = 9
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class FinishedGraph:
    """A graph and its weights by name, in the order in which they were added."""

    model: onnx.ModelProto
    weights: dict[str, Array]

    def save(self, folder: Path) -> None:
        """Write the graph, and its weights page by page, so that processes can share them in memory."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        offset = 0
        with (folder / WEIGHTS_FILE).open("wb") as file:
            for name, array in self.weights.items():
                model.graph.initializer.append(_external(name, array, offset))
                file.write(array.data)
                offset += array.nbytes
                file.write(bytes(-offset % _PAGE))
                offset += -offset % _PAGE
        (folder / GRAPH_FILE).write_bytes(model.SerializeToString(deterministic=True))


class Graph:
    """A graph under construction: one input of piece numbers, one output of their vectors."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, Array] = {}
        self._numbers: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str, value: Array) -> str:
        """Add a weight as float32; a name added twice stands once."""
        if name not in self._weights:
            self._weights[name] = np.ascontiguousarray(value, dtype="<f4")
        return name

    def integers(self, name: str, value: Array) -> str:
        """Add a weight of signed bytes."""
        self._weights[name] = np.ascontiguousarray(value, dtype=np.int8)
        return name

    def scalar(self, name: str, value: float) -> str:
        """Add one float32."""
        self._numbers[name] = helper.make_tensor(name, TensorProto.FLOAT, [], [value])
        return name

    def small(self, value: int) -> str:
        """Add one whole number of 32 bits, as pieces are numbered."""
        name = f"small_{value}"
        self._numbers[name] = helper.make_tensor(name, TensorProto.INT32, [], [value])
        return name

    def whole(self, value: int) -> str:
        """Add one whole number."""
        name = f"whole_{value}"
        self._numbers[name] = helper.make_tensor(name, TensorProto.INT64, [], [value])
        return name

    def byte(self, value: int) -> str:
        """Add one unsigned byte."""
        name = f"byte_{value}"
        self._numbers[name] = helper.make_tensor(name, TensorProto.UINT8, [], [value])
        return name

    def numbers(self, *values: int) -> str:
        """Add a short list of whole numbers, such as an operator's axes."""
        name = "numbers_" + "_".join(map(str, values))
        self._numbers[name] = helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
        return name

    def node(self, kind: str, inputs: list[str], *, domain: str = "", **attributes: Any) -> str:  # noqa: ANN401
        """Add an operator with one result and return the result's name."""
        result = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [result], domain=domain, **attributes))
        return result

    def finish(self, name: str, last: str, width: int) -> FinishedGraph:
        """Return the graph whose output is `last`, (batch, pieces, width)."""
        self._nodes.append(helper.make_node("Identity", [last], [OUTPUT]))
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(INPUT, TensorProto.INT32, ["batch", "pieces"])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "pieces", width])],
            list(self._numbers.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return FinishedGraph(
            helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION), dict(self._weights)
        )


def _external(name: str, array: Array, offset: int) -> onnx.TensorProto:
    kind = TensorProto.INT8 if array.dtype == np.int8 else TensorProto.FLOAT
    tensor = onnx.TensorProto(name=name, data_type=kind, dims=array.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", WEIGHTS_FILE), ("offset", offset), ("length", array.nbytes)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
