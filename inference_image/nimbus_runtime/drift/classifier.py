"""Whether a classifier can tell two windows' vectors apart, without any library beyond numpy.

A linear discriminant on the first principal components and their squares, so that both a moved and a
spread cloud show. Its direction needs the windows' means and the covariance of everything, of which only
the means depend on the labels: hundreds of permutations are one matrix product.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_COMPONENTS, _FOLDS, _PERMUTATIONS, _RIDGE = 16, 5, 200, 1e-2
_SEED = 20_261_126
_UPPER = 0.975


def auc(reference: Floats, current: Floats) -> tuple[float, float, float]:
    """Return the AUC on documents that the classifier has not seen, its p-value, and what chance reaches.

    The last is the upper end of the interval that 95 % of the permutations lie in.
    """
    chance = np.random.default_rng(_SEED)
    order = chance.permutation(len(reference) + len(current))  # so that documents which are alike are ranked by chance
    inputs = _inputs(np.concatenate([reference, current])[order])
    labels = np.zeros((len(inputs), 1 + _PERMUTATIONS))
    labels[:, 0] = order >= len(reference)
    for column in range(1, labels.shape[1]):
        labels[:, column] = chance.permutation(labels[:, 0])
    folds = chance.permutation(len(inputs)) % _FOLDS
    scores = np.mean([_fold(inputs, labels, folds == fold) for fold in range(_FOLDS)], axis=0)
    spread = float(scores[1:].std()) or 1e-12
    away = (float(scores[0]) - float(scores[1:].mean())) / spread
    return float(scores[0]), 0.5 * math.erfc(away / math.sqrt(2)), float(np.quantile(scores[1:], _UPPER))


def along(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    """Return how far each vector lies on the current window's side, in the reference's standard deviations."""
    inputs = _inputs(np.concatenate([reference, current]))
    labels = np.concatenate([np.zeros(len(reference)), np.ones(len(current))])[:, None]
    projected = (inputs @ _directions(inputs, labels))[:, 0]
    ours = projected[: len(reference)]
    scaled = (projected - ours.mean()) / (ours.std() or 1.0)
    return scaled[: len(reference)], scaled[len(reference) :]


def _inputs(vectors: Floats) -> Floats:
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    components = centred @ axes[:, ::-1][:, :_COMPONENTS]
    components /= np.maximum(components.std(axis=0), 1e-12)
    both = np.concatenate([components, components**2], axis=1)
    inputs: Floats = both - both.mean(axis=0)
    return inputs


def _directions(inputs: Floats, labels: Floats) -> Floats:
    """Return the discriminant's direction for each column of labels."""
    covariance = inputs.T @ inputs / len(inputs)
    ridge = (_RIDGE * np.trace(covariance) / len(covariance) + 1e-12) * np.eye(len(covariance))
    difference = inputs.T @ labels / labels.sum(axis=0) - inputs.T @ (1 - labels) / (1 - labels).sum(axis=0)
    directions: Floats = np.linalg.solve(covariance + ridge, difference)
    return directions


def _fold(inputs: Floats, labels: Floats, held_out: npt.NDArray[np.bool_]) -> Floats:
    scores = inputs[held_out] @ _directions(inputs[~held_out], labels[~held_out])
    ranks = np.argsort(np.argsort(scores, axis=0), axis=0) + 1
    truth = labels[held_out]
    positive = truth.sum(axis=0)
    areas: Floats = ((ranks * truth).sum(axis=0) - positive * (positive + 1) / 2) / (positive * (len(truth) - positive))
    return areas
