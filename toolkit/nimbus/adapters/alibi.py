"""The other engine: alibi-detect's detectors, in a process of their own and, where need be, another environment.

The library fixes the versions of half the scientific stack and takes seconds to import, so it is started and
spoken to: settings and scores as JSON, samples as .npy without pickles. Nothing of it is ever loaded from a root.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus import scratch
from nimbus_runtime.contract.errors import DriftError, UsageError
from nimbus_runtime.drift.significance import Score

if TYPE_CHECKING:
    from nimbus_runtime.drift.samples import Sample

LICENCE = (
    "alibi-detect is under the Business Source License 1.1: free for non-production use; production takes a licence "
    "of its maker's. The default engine has no such limit."
)
REQUIREMENTS = ("alibi-detect==0.13.0", "numpy<2", "scikit-learn>=1.4")
_PROGRAM = Path(__file__).with_name("alibi_process.py")
_PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class AlibiEngine:
    """KSDrift, ChiSquareDrift and ClassifierDrift of an interpreter that has alibi-detect."""

    python: str
    name: str = "alibi"

    def test(self, samples: Sequence[Sample]) -> list[Score]:
        """Return a score for each pair."""
        import numpy as np  # noqa: PLC0415 - heavy

        with scratch.folder("drift") as folder:
            kinds = [sample.kind.value for sample in samples]
            (folder / "request.json").write_text(json.dumps(kinds), encoding="utf-8")
            for number, sample in enumerate(samples):
                np.save(folder / f"{number}-reference.npy", sample.reference, allow_pickle=False)
                np.save(folder / f"{number}-current.npy", sample.current, allow_pickle=False)
            answer = self._ask(folder)
        return [Score(float(statistic), float(p_value)) for statistic, p_value in answer]

    def _ask(self, folder: Path) -> list[list[float]]:
        command = [self.python, "-I", "-W", "ignore", str(_PROGRAM), str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603 - named by whoever installed it
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(self.python, type(error).__name__) from None
        if done.returncode:
            raise _failed(self.python, (done.stderr.strip().splitlines() or ["no answer"])[-1])
        answer: Any = json.loads(done.stdout.splitlines()[-1])
        scores: list[list[float]] = answer["scores"]
        return scores


def engine(python: str | None) -> AlibiEngine:
    """Return the engine of a named interpreter, or of this one where it has alibi-detect."""
    if python is not None:
        return AlibiEngine(python)
    if importlib.util.find_spec("alibi_detect") is not None:
        return AlibiEngine(sys.executable)
    install = " ".join(f"'{each}'" for each in REQUIREMENTS)
    raise UsageError(
        "alibi-detect is not installed here",
        expected="an interpreter that has it, named by [drift] alibi_python or NIMBUS_DRIFT_ALIBI_PYTHON",
        remedy=f"python3.12 -m venv alibi && alibi/bin/pip install {install}, then name alibi/bin/python; "
        "or leave out --engine alibi",
    )


def _failed(python: str, got: str) -> DriftError:
    return DriftError(
        "alibi-detect gave no answer",
        where=python,
        got=got,
        expected=f"an interpreter with {', '.join(REQUIREMENTS)}",
        remedy="install them there, or leave out --engine alibi",
    )
