"""The reductions to choose from, as values: their parameters and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tb_explain.projections.neighbours import Metric


@dataclass(frozen=True)
class UMAP:
    """Uniform manifold approximation and projection (McInnes et al. 2018), by umap-learn.

    The first step of a series is fitted from a spectral layout; each later one starts from the step before and is held to it.

    Args:
        n_neighbors: how many neighbours, itself included, a row's neighbourhood has: more show coarser structure.
        min_dist: how close together rows may be laid out.
        metric: how features are compared.
        dims: 2 or 3.
        seed: the same seed gives the same layout.
        max_fit: larger sets are fitted to so many of their rows, drawn evenly from all classes, and the others are placed among them.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    metric: Metric = "cosine"
    dims: int = 2
    seed: int = 0
    max_fit: int = 10_000

    def __post_init__(self) -> None:
        _check(self.dims, self.seed, self.max_fit)
        if self.n_neighbors < 2:
            raise ValueError(f"n_neighbors must be at least 2, got {self.n_neighbors}")
        if not 0 <= self.min_dist <= 1:
            raise ValueError(f"min_dist must lie in 0 to 1, got {self.min_dist}")
        if self.metric not in ("cosine", "euclidean"):
            raise ValueError(f"metric must be 'cosine' or 'euclidean', got {self.metric!r}")


@dataclass(frozen=True)
class PCA:
    """The principal components of the features, by scikit-learn; later steps are turned so as to lie on the step before.

    Args:
        dims: 2 or 3.
        seed: of the rows that are drawn from a large set.
        max_fit: the components of larger sets are those of so many of their rows.
    """

    dims: int = 2
    seed: int = 0
    max_fit: int = 50_000

    def __post_init__(self) -> None:
        _check(self.dims, self.seed, self.max_fit)


@dataclass(frozen=True)
class TSNE:
    """t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008), by scikit-learn, of cosine distances.

    Args:
        perplexity: roughly how many neighbours a row has; less where there are few rows.
        dims: 2 or 3.
        seed: the same seed gives the same layout.
        max_fit: larger sets are fitted to so many of their rows, and the others are placed among them.
    """

    perplexity: float = 30.0
    dims: int = 2
    seed: int = 0
    max_fit: int = 5_000

    def __post_init__(self) -> None:
        _check(self.dims, self.seed, self.max_fit)
        if not self.perplexity > 1:
            raise ValueError(f"perplexity must be above 1, got {self.perplexity}")


Reducer: TypeAlias = UMAP | PCA | TSNE


def _check(dims: int, seed: int, max_fit: int) -> None:
    if dims not in (2, 3):
        raise ValueError(f"dims must be 2 or 3, got {dims}")
    if not 0 <= seed < 1 << 32:
        raise ValueError(f"seed must lie in 0 to 2^32 - 1, got {seed}")
    if max_fit < 100:
        raise ValueError(f"max_fit must be at least 100 rows, got {max_fit}")
