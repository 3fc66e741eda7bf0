"""The encoder: sequences of piece numbers in, one vector a piece out, by onnxruntime.

Sequences of exactly equal length share a call and nothing is ever padded, so that a
sequence's result does not depend on its neighbours, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnxruntime

INPUT, OUTPUT = "input_ids", "last_hidden_state"

# LayerNormalization is several times faster on a CPU than the fused form these would turn it into.
_SLOW_FUSIONS = ["SkipLayerNormFusion", "BiasSkipLayerNormFusion", "LayerNormFusion"]


class Encoder:
    """An ONNX graph with one input of piece numbers and one output of their vectors."""

    def __init__(self, path: Path) -> None:
        """Open the graph on one thread: processes, not threads, use a machine's cores."""
        import onnxruntime  # noqa: PLC0415 - only where documents are scored

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: onnxruntime.InferenceSession = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS
        )

    def encode(self, sequences: Sequence[npt.NDArray[np.int32]]) -> list[npt.NDArray[np.float32]]:
        """Return each sequence's vectors, (its pieces, width)."""
        results: list[npt.NDArray[np.float32]] = [_NOTHING] * len(sequences)
        for numbers in _equal_lengths(sequences):
            vectors = self._session.run([OUTPUT], {INPUT: np.stack([sequences[i] for i in numbers])})[0]
            for number, vector in zip(numbers, vectors, strict=True):
                results[number] = vector
        return results


_NOTHING = np.zeros((0, 0), dtype=np.float32)


def _equal_lengths(sequences: Sequence[npt.NDArray[np.int32]]) -> Iterator[list[int]]:
    """Yield the numbers of sequences that share a call: all equally long, more of them the shorter they are."""
    by_length: dict[int, list[int]] = {}
    for number, sequence in enumerate(sequences):
        by_length.setdefault(len(sequence), []).append(number)
    for length, numbers in by_length.items():
        size = _batch_size(length)
        yield from (numbers[at : at + size] for at in range(0, len(numbers), size))


def _batch_size(length: int) -> int:
    """Return how many sequences of a length a call takes: measured, it stops paying beyond these."""
    if length <= 32:
        return 16
    return 4 if length <= 100 else 1
