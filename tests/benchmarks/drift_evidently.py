"""Evidently's verdicts on the same documents; started by an interpreter that has it, and needs nothing of Nimbus.

Reads cells as JSON lines {"cell", "table", "count", "share", "repetitions"} and prints one line for each:
{"cell", "any", "dataset", "seconds"}: in what share of the repetitions any column drifted, and half of them.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
from drift_draws import draw
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

_HALF = 0.5  # of the columns, from which Evidently calls a dataset drifted


def main(folder: Path) -> None:
    """Answer every cell."""
    warnings.simplefilter("ignore")
    plain = pd.read_parquet(folder / "as it is.parquet")
    kinds = plain.dtypes.astype(str)
    definition = DataDefinition(
        numerical_columns=[name for name in plain.columns if kinds[name].startswith("float")],
        categorical_columns=[name for name in plain.columns if not kinds[name].startswith("float")],
    )
    for line in sys.stdin:
        asked = json.loads(line)
        shifted = pd.read_parquet(folder / f"{asked['table']}.parquet")
        found, started = [], time.perf_counter()
        for repetition in range(asked["repetitions"]):
            ours, same, changed = draw(
                asked["cell"], repetition, len(plain), len(shifted), asked["count"], asked["share"]
            )
            current = pd.concat([plain.iloc[same], shifted.iloc[changed]], ignore_index=True)
            reference = plain.iloc[ours].reset_index(drop=True)
            windows = [Dataset.from_pandas(frame, data_definition=definition) for frame in (current, reference)]
            metrics = Report([DataDriftPreset()]).run(*windows).dict()["metrics"]
            found.append(metrics[0]["value"]["share"])
        answer = {
            "cell": asked["cell"],
            "any": sum(share > 0 for share in found) / len(found),
            "dataset": sum(share >= _HALF for share in found) / len(found),
            "seconds": (time.perf_counter() - started) / len(found),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
