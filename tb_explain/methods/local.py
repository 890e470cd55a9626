"""Additive models of the scores of an image of which superpixels are hidden, with the errors that drawing masks by chance leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tb_explain.methods.results import Flag, Superpixels, about
from tb_explain.methods.superpixels import count

if TYPE_CHECKING:
    from tb_explain.methods.batch import Batch
    from tb_explain.methods.method import Method

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """An additive model of each of T scores."""

    weights: Array
    """[T, K]."""
    errors: Array
    """[T, K]: standard errors of the weights."""
    intercepts: Array
    """[T]."""
    r2: Array | None
    """[T], weighted; None where the model is not meant to fit."""
    flags: NDArray[np.uint8]
    """uint8 [T]."""
    forwards: int


def standard_errors(
    rows: Array, residuals: Array, penalty: float, together: int, fixed: int = 0, basis: Array | None = None
) -> Array:
    """Standard errors [T, K] of the coefficients of a least-squares fit, of what it left [M, T] beside its rows [M, P].

    The sandwich over independent draws of masks, each draw's residuals scaled up for its leverage (CR2: Bell & McCaffrey 2002).
    `together`: consecutive rows of one draw; the first `fixed` rows were not drawn. `penalty`: the strength of a ridge on all
    coefficients. `basis` [K, P]: what coefficients are coordinates in. Rows and residuals carry the roots of their weights; a row of
    zeros counts for nothing.
    """
    inverse = np.linalg.pinv(rows.T @ rows + penalty * np.eye(rows.shape[1]), hermitian=True)
    padding = [(0, -(len(rows) - fixed) % together), (0, 0)]
    drawn, left = (
        np.pad(values[fixed:], padding).reshape(-1, together, values.shape[1]) for values in (rows, residuals)
    )
    moves = drawn @ inverse
    # A draw that alone decides on a coefficient leaves nothing: its error is not known, and counts as none.
    values, vectors = np.linalg.eigh(np.eye(together) - moves @ drawn.transpose(0, 2, 1))
    roots = np.where(values > 1e-9, 1 / np.sqrt(np.maximum(values, 1e-9)), 0)
    scaled = vectors @ (roots[:, :, None] * (vectors.transpose(0, 2, 1) @ left))
    changes = moves.transpose(0, 2, 1) @ scaled
    if basis is not None:
        changes = basis @ changes
    return np.sqrt((changes**2).sum(0)).T  # type: ignore[no-any-return]


def nothing_to_compare(scores: Array, k: int) -> Fit:
    """The result where there are fewer than two superpixels, or no finite score."""
    flags = Flag.ALL_ZERO | (Flag.ONE_SEGMENT if k < 2 else Flag.NOT_FINITE)
    t = len(scores)
    zeros = np.zeros((t, k))
    return Fit(zeros, zeros, np.nan_to_num(scores), np.zeros(t), np.full(t, int(flags), np.uint8), 0)


def flagged(*cases: tuple[Flag, NDArray[np.bool_] | bool]) -> NDArray[np.uint8]:
    """Flags uint8 [T], each where it applies."""
    return sum((np.where(applies, int(flag), 0) for flag, applies in cases), np.zeros(1, int)).astype(np.uint8)


def collected(method: Method, batch: Batch, segments: Tensor, fits: Sequence[Fit]) -> Superpixels:
    """The models of a batch's images as one result; weights are 0 beyond an image's own superpixels."""
    shaped, device = batch.targets.shaped, segments.device

    def stacked(arrays: Sequence[Array]) -> Tensor:
        return shaped(torch.as_tensor(np.stack(arrays), dtype=torch.float32, device=device))

    most = max(count(one) for one in segments)
    wide = [[np.pad(part, [(0, 0), (0, most - part.shape[1])]) for part in fit[:2]] for fit in fits]
    flags = torch.as_tensor(np.stack([fit.flags for fit in fits]), device=device)
    fitting = [fit.r2 for fit in fits if fit.r2 is not None]
    return Superpixels(
        segments=segments,
        weights=stacked([weights for weights, _ in wide]),
        errors=stacked([errors for _, errors in wide]),
        intercepts=stacked([fit.intercepts for fit in fits]),
        r2=stacked(fitting) if fitting else None,
        forwards=max(fit.forwards for fit in fits),
        **about(batch, method, flags),
    )
