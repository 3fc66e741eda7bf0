"""Started as a program by an interpreter that has alibi-detect; needs nothing of Nimbus.

Its argument is a folder with request.json, a list of kinds, and for each of them two arrays. The last line that it
prints is {"scores": [[statistic, p-value], …]}.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

_COMPONENTS, _FOLDS, _SEED = 16, 5, 20_261_126


def main(folder: Path) -> None:
    """Answer one request."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    logging.disable(logging.WARNING)
    import numpy as np  # noqa: PLC0415 - the environment is set first

    tests = {"number": _ks, "category": _chi_squared, "share": _chi_squared, "vector": _classifier}
    scores = []
    for number, kind in enumerate(json.loads((folder / "request.json").read_text(encoding="utf-8"))):
        pair = [np.load(folder / f"{number}-{window}.npy", allow_pickle=False) for window in ("reference", "current")]
        scores.append(tests[kind](*pair))
    sys.stdout.write(json.dumps({"scores": scores}) + "\n")


def _ks(reference: Any, current: Any) -> list[float]:  # noqa: ANN401 - arrays of whatever numpy is there
    from alibi_detect.cd import KSDrift  # noqa: PLC0415 - slow

    data = KSDrift(reference[:, None], p_val=0.05).predict(current[:, None])["data"]
    return [float(data["distance"][0]), float(data["p_val"][0])]


def _chi_squared(reference: Any, current: Any) -> list[float]:  # noqa: ANN401 - as above
    import numpy as np  # noqa: PLC0415 - as above
    from alibi_detect.cd import ChiSquareDrift  # noqa: PLC0415 - slow

    known = (reference + current) > 0
    if known.sum() < 2 or not reference.sum() or not current.sum():
        return [0.0, 1.0]
    documents = [np.repeat(np.arange(known.sum()), row[known].astype(int))[:, None] for row in (reference, current)]
    data = ChiSquareDrift(documents[0], p_val=0.05, categories_per_feature={0: int(known.sum())}).predict(documents[1])[
        "data"
    ]
    return [float(data["distance"][0]), float(data["p_val"][0])]


def _classifier(reference: Any, current: Any) -> list[float]:  # noqa: ANN401 - as above
    """Return the AUC of the detector's own predictions of documents that it was not trained on, and its p-value."""
    import numpy as np  # noqa: PLC0415 - as above
    from alibi_detect.cd import ClassifierDrift  # noqa: PLC0415 - slow
    from sklearn.decomposition import PCA  # noqa: PLC0415 - slow
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - slow

    both = np.concatenate([reference, current])
    reduced = PCA(min(_COMPONENTS, *both.shape), random_state=_SEED).fit_transform(both)
    reduced /= np.maximum(reduced.std(axis=0), 1e-12)
    ours, theirs = reduced[: len(reference)], reduced[len(reference) :]
    detector = ClassifierDrift(
        ours, LogisticRegression(max_iter=1000), backend="sklearn", n_folds=_FOLDS, seed=_SEED, p_val=0.05
    )
    data = detector.predict(theirs)["data"]
    probabilities = [np.asarray(data[name]) for name in ("probs_ref", "probs_test")]
    later = [row[:, 1] if row.ndim == 2 else row for row in probabilities]
    truth = np.concatenate([np.zeros(len(later[0])), np.ones(len(later[1]))])
    return [float(roc_auc_score(truth, np.concatenate(later))), float(data["p_val"])]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
