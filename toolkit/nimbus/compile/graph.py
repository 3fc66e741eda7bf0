"""Writes ONNX graphs node by node.

Small enough to be read beside the graph that it makes: every method adds one operator and
returns the name of its result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from nimbus_runtime.encoder import INPUT, OUTPUT

Array = npt.NDArray[Any]

MICROSOFT = "com.microsoft"
_OPSET = 17
_IR_VERSION = 9


class Graph:
    """A graph under construction: one input of piece numbers, one output of their vectors."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: Array) -> str:
        """Add a weight, floats as float32; a name added twice stands once."""
        if name not in self._constants:
            array = np.ascontiguousarray(value, dtype=np.float32 if value.dtype.kind == "f" else value.dtype)
            self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def node(self, kind: str, inputs: list[str], *, domain: str = "", **attributes: Any) -> str:  # noqa: ANN401
        """Add an operator with one result and return the result's name."""
        result = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [result], domain=domain, **attributes))
        return result

    def finish(self, name: str, last: str, width: int) -> onnx.ModelProto:
        """Return the model whose output is `last`, (batch, pieces, width)."""
        self._nodes.append(helper.make_node("Identity", [last], [OUTPUT]))
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(INPUT, TensorProto.INT32, ["batch", "pieces"])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "pieces", width])],
            list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
