"""Decides which matrix product a run's layers compute with, by measuring both on the pipeline's own sizes.

Measured in a short process of its own, with the threads of a worker: a supervisor holds no numpy.
"""

from __future__ import annotations

import configparser
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nimbus_runtime.contract.records import Gemm, ProductTimes
from nimbus_runtime.supervisor import ENVIRONMENT

_TIE = 0.05  # a product that is no faster than this is not worth other last bits
_ROUNDS = 9
_SECONDS = 0.25
_PATIENCE = 120.0  # what takes a second where nothing else runs
_WORK = 1e8  # multiplications a product
_ROWS = 1024  # at most: a chunk of documents has a few thousand tokens
_SPACY = (96, 1, 3)  # width, window and maxout pieces of spaCy's own CNN


def decide(bundle: Path, wanted: Gemm | None = None) -> tuple[Gemm, ProductTimes | None]:
    """Return the product for a run and what was measured: nothing where one is wanted, or where measuring fails."""
    if wanted is not None:
        return wanted, None
    command = [sys.executable, "-P", "-m", "nimbus_runtime", "gemm", "--bundle", str(bundle)]
    try:
        told = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
            command, env={**os.environ, **ENVIRONMENT}, capture_output=True, timeout=_PATIENCE, check=True
        )
        times = ProductTimes(**json.loads(told.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return Gemm.NUMPY, None
    return faster(times), times


def faster(times: ProductTimes) -> Gemm:
    """Return the faster product, numpy's on a tie."""
    return Gemm.BLIS if times.blis < times.numpy * (1 - _TIE) else Gemm.NUMPY


def main(bundle: Path) -> None:
    """Measure both products on a bundle's sizes and print the figures."""
    sys.modules["torch"] = None  # type: ignore[assignment]  # nothing here needs it
    measured = measure(sizes(bundle / "config.cfg"))
    sys.stdout.write(json.dumps({"numpy": measured.numpy, "blis": measured.blis}))


def sizes(config: Path) -> list[tuple[int, int]]:
    """Return (inputs, outputs) of the convolutions that settings name, of spaCy's own where they name none."""
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    settings.read(config, encoding="utf-8")
    found: dict[tuple[int, int], None] = {}
    for section in settings.sections():
        texts = [settings.get(section, key, fallback="") for key in ("width", "window_size", "maxout_pieces")]
        if all(text.isdecimal() for text in texts):
            found[_convolution(*map(int, texts))] = None
    return list(found) or [_convolution(*_SPACY)]


def _convolution(width: int, window: int, pieces: int) -> tuple[int, int]:
    return width * (2 * window + 1), width * pieces


def measure(products: list[tuple[int, int]]) -> ProductTimes:
    """Return the processor time of products of these sizes, in microseconds: both taken in turn, medians summed."""
    import numpy as np  # noqa: PLC0415 - not in the supervisor, which imports this module
    from blis.py import gemm  # type: ignore[import-untyped]  # noqa: PLC0415

    random = np.random.default_rng(0)
    both: list[list[float]] = [[], []]
    deadline = time.perf_counter() + _SECONDS
    for inputs, outputs in products:
        rows = max(16, min(_ROWS, int(_WORK / max(1, inputs * outputs))))
        x, y = (random.standard_normal(shape, dtype=np.float32) for shape in ((rows, inputs), (outputs, inputs)))
        calls: tuple[Callable[[], Any], ...] = (lambda: x @ y.T, lambda: gemm(x, y, trans2=True))  # noqa: B023 - called here
        taken: list[list[float]] = [[], []]
        for number in range(_ROUNDS + 1):
            for times, call in zip(taken, calls, strict=True):
                times.append(_seconds(call))
            if number and time.perf_counter() > deadline:
                break
        for total, times in zip(both, taken, strict=True):
            total.append(statistics.median(times[1:]))  # the first warms up
    numpy, blis = (round(1e6 * sum(times), 1) for times in both)
    return ProductTimes(numpy, blis)


def _seconds(call: Callable[[], Any]) -> float:
    """Return the processor time of a call: workers are starting meanwhile."""
    started = time.thread_time()
    call()
    return time.thread_time() - started
