"""How often drift is found where there is none and where there is, beside Evidently, and how long a report takes.

    python -m tests.benchmarks.drift FOLDER [--evidently PYTHON] [--part alarms|power|speed]

Texts are scored once and kept in FOLDER. Evidently has an environment of its own (pip install evidently pyarrow).
Both see the same documents of each repetition; it sees no vectors, so that one column of ours does without, too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nimbus import demo
from nimbus_runtime import published
from nimbus_runtime.contract.drift import Level, Thresholds
from nimbus_runtime.drift import verdict, windows
from nimbus_runtime.drift.significance import NumpyEngine
from nimbus_runtime.store import DirectoryStore
from tests.drift import roots

from . import drift_texts
from .drift_draws import draw

DOCUMENTS, SHIFTED = 10_000, 2_000
SIZES, NO_DRIFT = (500, 5_000, 50_000), 500
POWER = [(500, 0.3), (5_000, 0.1)]  # documents, and the share of them that is shifted
REPETITIONS = 30
NAME = "as it is"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--evidently", help="an interpreter that has it")
    parser.add_argument("--part", choices=["score", "alarms", "power", "speed"])
    arguments = parser.parse_args()
    worlds = score(arguments.folder)
    for part, measure in {"alarms": alarms, "power": power, "speed": speed}.items():
        if arguments.part in (None, part):
            measure(worlds, arguments.folder, arguments.evidently)


def score(folder: Path) -> dict[str, windows.Window]:
    """Return the windows of the texts as they are and of each shift, scored by the demo's CNN pipeline."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / "bundle"
    nimbus = [sys.executable, "-m", "nimbus.cli.main"]
    if not bundle.exists():
        subprocess.run([*nimbus, "compile", str(demo.PIPELINES / "support_cnn"), "-o", str(bundle)], check=True)
    found = {}
    names = [NAME, *drift_texts.SHIFTS]
    files = {name: folder / f"{name.replace(' ', '-')}.jsonl" for name in names}
    if not all(file.exists() for file in files.values()):
        files = drift_texts.write(folder, DOCUMENTS, SHIFTED)
    for name, file in files.items():
        root = folder / "roots" / file.stem
        if not (root / "live.json").exists():
            inputs = [*nimbus, "run", str(file), "--id-field", "id", "-b", str(bundle), "-o", str(root), "-q"]
            subprocess.run(inputs, check=True)
        store = published.reading(root)
        run = published.published(store)
        found[name] = windows.window([windows.sample(store, run)], run.counts.documents, run.counts.quarantined)
        pq.write_table(table(found[name]), folder / f"{name}.parquet")
    return found


def table(window: windows.Window) -> pa.Table:
    """Return a window's features as columns, as a user would hand them to another library."""
    numbers = {name: values for name, values in window.numbers.items() if not np.isnan(values).all()}
    labels = {f"has {label}": values.astype(str) for label, values in sorted(window.labels.items())}
    return pa.table({**numbers, "top_category": window.categories.astype(str), **labels})


def alarms(worlds: dict[str, windows.Window], folder: Path, evidently: str | None) -> None:
    """Print how often anything is found between two draws of the same documents."""
    cells = [(f"{NAME} {count}", NAME, count, 0.0) for count in SIZES[:2]]
    peer = itertools.chain(_evidently(evidently, folder, cells), ["not measured"])
    print(f"No drift, {NO_DRIFT} repetitions: share that is")
    print("  documents  material  visible  | Evidently: any column  dataset")
    total = 0
    for count in SIZES:
        levels = [found for found, _ in _repeat(worlds, NAME, count, 0.0, NO_DRIFT)]
        total += sum(level is not Level.NONE for level in levels)
        shares = [levels.count(level) / len(levels) for level in (Level.MATERIAL, Level.VISIBLE)]
        print(f"  {count:9,}  {shares[0]:8.3f} {shares[1]:8.3f}  |", next(peer), flush=True)
    print(f"  together {total / NO_DRIFT / len(SIZES):.4f} of the repetitions, material or visible")


def power(worlds: dict[str, windows.Window], folder: Path, evidently: str | None) -> None:
    """Print how often each planted shift is found."""
    cells = [(f"{name} {count} {share}", name, count, share) for name in drift_texts.SHIFTS for count, share in POWER]
    peer = _evidently(evidently, folder, cells)
    print(f"Planted shifts, {REPETITIONS} repetitions: share that is")
    print("  shift              documents  shifted  material  or visible  without vectors  | Evidently: any  dataset")
    for (_, name, count, share), answer in zip(cells, peer, strict=True):
        found = list(_repeat(worlds, name, count, share, REPETITIONS))
        material = statistics.mean(level is Level.MATERIAL for level, _ in found)
        seen = statistics.mean(level is not Level.NONE for level, _ in found)
        without = statistics.mean(level is Level.MATERIAL for _, level in found)
        ours = f"  {name:17} {count:10,} {share:8.0%} {material:9.2f} {seen:11.2f} {without:16.2f}  |"
        print(ours, answer, flush=True)


def speed(worlds: dict[str, windows.Window], folder: Path, evidently: str | None) -> None:
    """Print how long a report of 50,000 against 50,000 documents takes, from the start of the process to its end."""
    del worlds, evidently
    root = folder / "speed"
    if not root.exists():
        _many(folder, root)
    page = folder / "report.html"
    took = []
    for _ in range(5):
        started = time.perf_counter()
        command = ["-m", "nimbus.cli.main", "drift", "report", str(root), "--html", str(page)]
        done = subprocess.run([sys.executable, *command], check=False, capture_output=True)
        took.append(time.perf_counter() - started)
        assert done.returncode in (0, 3), done.stderr
    low, high = min(took), max(took)
    print(
        f"A report of 50,000 x 50,000 documents: {statistics.median(took):.2f} s ({low:.2f} to {high:.2f}), HTML",
        end=" ",
    )
    print(f"{page.stat().st_size / 1000:.0f} kB")


def _many(folder: Path, root: Path) -> None:
    """Write two runs of 50,000 documents, the first the baseline: features of the scored ones five times over."""
    scored = published.reading(folder / "roots" / "as-it-is")
    features = windows.sample(scored, published.published(scored))
    store = DirectoryStore(root)
    for day in range(2):
        parts = [
            features.set_column(0, "id", pa.array([f"{day}-{part}-{n}" for n in range(len(features))]))
            for part in range(5)
        ]
        run = roots.add_run(store, pa.concat_tables(parts).to_pylist(), day=day, files=32)
        if not day:
            roots.baseline(store, run)


def _repeat(
    worlds: dict[str, windows.Window], name: str, count: int, share: float, repetitions: int
) -> Iterator[tuple[Level, Level]]:
    plain, shifted = worlds[NAME], worlds[name]
    cell = f"{name} {count} {share}" if share else f"{name} {count}"
    for repetition in range(repetitions):
        ours, same, changed = draw(cell, repetition, len(plain.ids), len(shifted.ids), count, share)
        chance = np.random.default_rng(repetition)
        reference, current = (
            _take(plain, ours, chance),
            _join(_take(plain, same, chance), _take(shifted, changed, chance)),
        )
        findings = verdict.compare(reference, current, Thresholds(), {}, NumpyEngine())
        without = [found for found in findings if found.feature != "vectors"]
        yield verdict.overall(findings)[0], verdict.overall(without)[0]


def _take(window: windows.Window, rows: np.ndarray, chance: np.random.Generator) -> windows.Window:
    """Return these documents, and as many vectors as a run of so many would keep."""
    vectors = window.vectors[chance.integers(0, len(window.vectors), min(windows.VECTORS, len(rows)))]
    return replace(
        window,
        documents=len(rows),
        quarantined=0,
        ids=window.ids[rows],
        numbers={name: values[rows] for name, values in window.numbers.items()},
        categories=window.categories[rows],
        labels={label: values[rows] for label, values in window.labels.items()},
        vectors=vectors,
        vector_rows=np.arange(len(vectors)),
    )


def _join(one: windows.Window, other: windows.Window) -> windows.Window:
    labels = sorted(one.labels.keys() | other.labels.keys())
    kept = round(windows.VECTORS * len(other.ids) / max(1, len(one.ids) + len(other.ids)))
    vectors = np.concatenate([one.vectors[: windows.VECTORS - kept], other.vectors[:kept]])
    return replace(
        one,
        documents=len(one.ids) + len(other.ids),
        ids=np.concatenate([one.ids, other.ids]),
        numbers={name: np.concatenate([one.numbers[name], other.numbers[name]]) for name in one.numbers},
        categories=np.concatenate([one.categories, other.categories]),
        labels={
            label: np.concatenate([w.labels.get(label, np.zeros(len(w.ids), dtype=bool)) for w in (one, other)])
            for label in labels
        },
        vectors=vectors,
        vector_rows=np.arange(len(vectors)),
    )


def _evidently(python: str | None, folder: Path, cells: Sequence[tuple[str, str, int, float]]) -> Iterator[str]:
    """Yield Evidently's answer to each cell, as it is printed, when it has found it."""
    if python is None:
        yield from ["not measured"] * len(cells)
        return
    asked = [
        json.dumps({"cell": cell, "table": name, "count": count, "share": share, "repetitions": REPETITIONS})
        for cell, name, count, share in cells
    ]
    command = [python, str(Path(__file__).with_name("drift_evidently.py")), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n".join(asked))
        process.stdin.close()
        for line in process.stdout:
            answer = json.loads(line)
            yield f"{answer['any']:.2f} {answer['dataset']:8.2f}   {answer['seconds']:.2f} s"


if __name__ == "__main__":
    main()
