"""How an encoder's matrix products are computed: exactly in float32, or in 8-bit integers row by row.

Row-quantized products have a scale of their own for every piece, so that a piece's result never
depends on what else is in the call, and a scale for every column of the weights.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nimbus.compile.graph import MICROSOFT, Array, Graph
from nimbus_runtime.contract.bundle import Precision

_LARGEST = 127
_ZERO = 128  # of unsigned activations; signed ones take a path many times slower
_SMALLEST_SCALE = 1e-12


class Products(Protocol):
    """Writes matrix products into a graph."""

    def flat(self, state: str) -> str:
        """Return a state in the shape that products take."""
        ...

    def by_sequence(self, state: str) -> str:
        """Return a state as (batch, pieces, width), as attention takes it."""
        ...

    def product(self, state: str, name: str, weight: Array, lowest: float | None = None) -> str:
        """Multiply a state by the transpose of a weight (out, in).

        `lowest` is what the state never falls below, where that is known: the 8-bit range is then
        laid from there up, and `shift_of` says what to take out of the bias.
        """
        ...

    def shift_of(self, weight: Array, lowest: float) -> Array:
        """Return what `product` adds to every row because of `lowest`, (out,)."""
        ...


def products(precision: Precision, graph: Graph, width: int) -> Products:
    """Return the writer for a precision; `width` is that of a state."""
    return RowQuantized(graph, width) if precision is Precision.INT8 else Exact(graph)


class Exact:
    """float32 throughout."""

    def __init__(self, graph: Graph) -> None:
        """Write into `graph`."""
        self._graph = graph

    def flat(self, state: str) -> str:
        """Return the state: products take any shape."""
        return state

    def by_sequence(self, state: str) -> str:
        """Return the state: it kept its shape."""
        return state

    def product(self, state: str, name: str, weight: Array, lowest: float | None = None) -> str:
        """Multiply."""
        del lowest
        return self._graph.node("MatMul", [state, self._graph.weight(name, weight.T)])

    def shift_of(self, weight: Array, lowest: float) -> Array:
        """Return zeros: nothing is shifted."""
        del lowest
        return np.zeros(len(weight), dtype=np.float32)


class RowQuantized:
    """8-bit integers, with a scale a row of the state and a scale a column of the weights."""

    def __init__(self, graph: Graph, width: int) -> None:
        """Write into `graph`; the number of rows is known once the first state is flat."""
        self._graph = graph
        self._width = width
        self._shape = self._zeros = ""
        self._quantized: dict[str, tuple[str, str]] = {}
        self._columns: dict[str, tuple[Array, Array]] = {}

    def flat(self, state: str) -> str:
        """Return the state as rows, (batch * pieces, width)."""
        graph = self._graph
        if not self._shape:
            self._shape = graph.node("Shape", [state])
        rows = graph.node("Reshape", [state, graph.numbers(-1, self._width)])
        if not self._zeros:
            count = graph.node("Slice", [graph.node("Shape", [rows]), graph.numbers(0), graph.numbers(1)])
            self._zeros = graph.node("Expand", [graph.byte(_ZERO), count])
        return rows

    def by_sequence(self, state: str) -> str:
        """Return rows as (batch, pieces, width)."""
        return self._graph.node("Reshape", [state, self._shape])

    def product(self, state: str, name: str, weight: Array, lowest: float | None = None) -> str:
        """Quantize the rows, multiply as integers, scale back."""
        graph = self._graph
        rows, scale = self._rows(state, lowest)
        if name not in self._columns:
            self._columns[name] = _columns(weight)
        whole, columns = self._columns[name]
        zero = graph.byte(_ZERO if lowest is None else 0)
        inputs = [
            rows,
            graph.integers(f"{name}.int8", whole),
            graph.scalar("one", 1.0),
            graph.weight(f"{name}.scale", columns),
            zero,
        ]
        return graph.node("Mul", [graph.node("MatMulIntegerToFloat", inputs, domain=MICROSOFT), scale])

    def shift_of(self, weight: Array, lowest: float) -> Array:
        """Return the weights' column sums, times the shift that was added to the state."""
        whole, columns = _columns(weight)
        shift: Array = -lowest * (whole.astype(np.float64).sum(axis=0) * columns)
        return shift.astype(np.float32)

    def _rows(self, state: str, lowest: float | None) -> tuple[str, str]:
        """Return a state's rows as unsigned bytes and each row's scale, (rows, 1)."""
        if state in self._quantized:
            return self._quantized[state]
        graph = self._graph
        if lowest is None:
            largest = graph.node("ReduceMax", [graph.node("Abs", [state])], axes=[-1], keepdims=0)
            steps = _LARGEST
        else:
            state = graph.node("Add", [state, graph.scalar("lift", -lowest)])
            largest = graph.node("ReduceMax", [state], axes=[-1], keepdims=0)
            steps = 2 * _LARGEST + 1
        scale = graph.node("Mul", [largest, graph.scalar(f"one_{steps}th", 1 / steps)])
        scale = graph.node("Max", [scale, graph.scalar("smallest_scale", _SMALLEST_SCALE)])
        inputs = [state, scale, self._zeros] if lowest is None else [state, scale]
        rows = graph.node("QuantizeLinear", inputs, axis=0)
        self._quantized[state] = rows, graph.node("Unsqueeze", [scale, graph.numbers(1)])
        return self._quantized[state]


def _columns(weight: Array) -> tuple[Array, Array]:
    """Return a weight's transpose, (in, out), as signed bytes and the scale of each column, (out,)."""
    scale = np.maximum(np.abs(weight).max(axis=1), _SMALLEST_SCALE) / _LARGEST
    whole = np.clip(np.round(weight / scale[:, None]), -_LARGEST, _LARGEST).astype(np.int8)
    return np.ascontiguousarray(whole.T), scale.astype(np.float32)
