"""One process of a comparison: opens a pipeline on one thread, then scores on demand and says how long it took.

Reads lines "<texts> <count> <batch size> <order>" and answers with JSON. Batch size 0 is the pipeline's own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import spacy  # noqa: E402 - after the number of threads is fixed

from . import texts  # noqa: E402


def main(path: str) -> None:
    """Serve one comparison."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    nlp = spacy.load(path)
    cache: dict[tuple[str, int], list[str]] = {}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        kind, count, batch_size, order = line.split()
        key = (kind, int(count))
        cache.setdefault(key, getattr(texts, kind)(int(count)))
        chosen = sorted(cache[key], key=len) if order == "sorted" else cache[key]
        wall, cpu = time.perf_counter(), time.process_time()
        tokens = sum(len(doc) for doc in nlp.pipe(chosen, batch_size=int(batch_size) or None))
        answer = {
            "wall": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "documents": len(chosen),
            "tokens": tokens,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
