"""k-means of a layer's vectors by scikit-learn, and the choice of k."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_LLOYD = 10_000  # up to so many vectors k-means looks at all of them in each step, beyond at random batches
_SILHOUETTE = 2_000  # vectors that the choice of k is judged by; the figure costs the square of them
CANDIDATES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""The numbers of clusters that k="auto" tries."""


def cluster(
    sample: NDArray[np.float32], k: int | str, seed: int, start: Tensor | None = None
) -> tuple[NDArray[np.float32], tuple[tuple[int, float], ...]]:
    """Centroids [k, C] of vectors [M, C] by scikit-learn's k-means, and the study of k for "auto".

    `start`: centroids to go on from, if they are as many and of as many channels. There are never more clusters than distinct
    vectors. Raises ValueError when there are no vectors.
    """
    if not len(sample):
        raise ValueError("the layer gave no finite vector to cluster; look for NaN in the model's weights or its input")
    distinct = _distinct(sample)
    if k != "auto":
        return _k_means(sample, min(int(k), distinct), seed, start), ()
    some = sample[:_SILHOUETTE]
    study: list[tuple[int, float]] = []
    best: tuple[float, NDArray[np.float32]] | None = None
    for candidate in CANDIDATES:
        if candidate > min(distinct, _distinct(some) - 1):
            break
        centroids = _k_means(sample, candidate, seed)
        value = _silhouette(some, centroids)
        study.append((candidate, value))
        if best is None or value > best[0]:
            best = value, centroids
    return (best[1] if best else _k_means(sample, 1, seed)), tuple(study)


def _k_means(sample: NDArray[np.float32], k: int, seed: int, start: Tensor | None = None) -> NDArray[np.float32]:
    from sklearn.cluster import KMeans, MiniBatchKMeans

    init: Any = "k-means++"
    if start is not None and start.shape == (k, sample.shape[1]):
        init = start.cpu().numpy()
    if len(sample) <= max(_LLOYD, k):
        model = KMeans(k, init=init, n_init=3 if isinstance(init, str) else 1, random_state=seed)
    else:
        model = MiniBatchKMeans(k, init=init, n_init=1, batch_size=2048, random_state=seed)
    found: NDArray[np.float32] = model.fit(sample).cluster_centers_.astype(np.float32)
    return found


def _silhouette(sample: NDArray[np.float32], centroids: NDArray[np.float32]) -> float:
    from sklearn.metrics import pairwise_distances_argmin, silhouette_score

    labels = pairwise_distances_argmin(sample, centroids)
    return float(silhouette_score(sample, labels)) if len(np.unique(labels)) > 1 else -1.0


def _distinct(sample: NDArray[np.float32]) -> int:
    """How many vectors differ: by one random projection, which tells all that differ apart with probability 1."""
    direction = np.random.default_rng(0).normal(size=sample.shape[1])
    return len(np.unique(sample.astype(np.float64) @ direction))
