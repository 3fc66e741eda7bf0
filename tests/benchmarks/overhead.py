"""What a run costs beside the pipeline: reading, rows, monitoring, files and commit records.

    python -m tests.benchmarks.overhead BUNDLE [--rounds 5] [--count 300] [--kind mixed]

In one process on one thread, interleaved: `nlp.pipe` over texts in memory, in the run's own batches, against
scoring every shard of a planned run over the same texts in a JSONL file. Then the share of the monitoring
features alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from nimbus_runtime import claims, monitoring, planner, readers, scorer  # noqa: E402 - after the number of threads
from nimbus_runtime.bundle import load, verify  # noqa: E402
from nimbus_runtime.contract.documents import Document  # noqa: E402
from nimbus_runtime.contract.inputs import Fields  # noqa: E402
from nimbus_runtime.contract.records import Counts, OutputFormat  # noqa: E402
from nimbus_runtime.store import DirectoryStore  # noqa: E402

from . import texts as corpus  # noqa: E402


class Silent:
    """A watcher that watches nothing."""

    def begin(self, first: int, count: int) -> None:
        """Ignore it."""

    def rest(self, source: str, position: int | None) -> None:
        """Ignore it."""

    def progress(self, counts: Counts, position: int) -> None:
        """Ignore it."""


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that some work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Measure one bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--kind", default="mixed")
    arguments = parser.parse_args()
    bundle = verify(arguments.bundle)
    nlp = load(bundle)
    texts = getattr(corpus, arguments.kind)(arguments.count)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "texts.jsonl")
        source.write_text("".join(json.dumps({"text": text, "n": i}) + "\n" for i, text in enumerate(texts)))
        run, pipe, features = [], [], []
        for number in range(arguments.rounds + 1):
            store = DirectoryStore(Path(folder, str(number)))
            order = planner.Order(Fields(), None, OutputFormat.PARQUET, max_quarantine=0.1)
            inputs = readers.resolve([str(source)], Path(folder, "spool"))
            plan = planner.plan_run(store, bundle, inputs, order, claims.this_process())
            scoring = scorer.Scorer(nlp, bundle.manifest, plan, store, "benchmark")

            def whole(scoring: scorer.Scorer = scoring, shards: int = len(plan.shards)) -> None:
                for shard in range(shards):
                    scoring.score(shard, Silent(), scorer.Care())

            def piped() -> None:
                items = (Document(str(i), text, None, i) for i, text in enumerate(texts))
                for chunk in scorer.chunks(items):
                    list(nlp.pipe([item.text for item in chunk], batch_size=len(chunk)))

            docs = list(nlp.pipe(texts[:100]))
            monitored = cpu(lambda docs=docs: [monitoring.features(_document(d.text), d, 1 / 64) for d in docs])
            works = (piped, whole) if number % 2 else (whole, piped)
            times = {work.__name__: cpu(work) for work in works}
            if number:  # the first round warms up
                run.append(times["whole"])
                pipe.append(times["piped"])
                features.append(monitored / len(docs) * len(texts))
    ratio = [100 * (r / p - 1) for r, p in zip(run, pipe, strict=True)]
    share = [100 * f / r for f, r in zip(features, run, strict=True)]
    print(f"{arguments.kind}: {len(texts)} documents, {arguments.rounds} rounds, CPU time")
    print(f"  run on top of nlp.pipe   {statistics.median(ratio):5.1f} % ({min(ratio):.1f} to {max(ratio):.1f})")
    print(f"  monitoring features      {statistics.median(share):5.1f} % of it ({min(share):.1f} to {max(share):.1f})")


def _document(text: str) -> Document:
    return Document("id", text, None, 0)


if __name__ == "__main__":
    main()
