"""Keeping rows where they were a step before, unless their features moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections.neighbours import Neighbours


@dataclass(frozen=True, eq=False)
class Layout:
    """Where a step has put its rows: what the next step starts from. Rows are known by their ids."""

    ids: NDArray[np.uint64]  # [N]
    positions: NDArray[np.float32]  # [N, D]
    fitted: NDArray[np.uint64]  # [M] ids of the rows that it was fitted to
    neighbours: NDArray[np.uint64]  # [M, k] ids of the nearest of them to each of them


@dataclass(frozen=True, eq=False)
class Start:
    """Where a step's rows were, as far as they are known."""

    positions: NDArray[np.float32]  # [M, D]
    known: NDArray[np.bool_]  # [M]
    kept: NDArray[np.float32]  # [M] 0 to 1: the share of its neighbours that a row has kept


def start(before: Layout, ids: NDArray[np.uint64], neighbours: NDArray[np.uint64]) -> Start | None:
    """Where rows were before, and how much of their neighbourhoods is left; None where too few are known to say.

    Neighbourhoods are compared rather than features, since training may turn or stretch the whole space and change nothing.
    """
    at, known = _places(before.ids, ids)
    if known.sum() <= before.positions.shape[1]:
        return None
    positions = before.positions[at]
    row, fitted = _places(before.fitted, ids)
    same = (neighbours[:, :, None] == before.neighbours[row][:, None, :]).any(axis=2)
    kept = np.where(known & fitted, same.mean(axis=1) if same.shape[1] else 0, 0)
    return Start(positions, known, kept.astype(np.float32))


def begun(near: Neighbours, before: Start, seed: int) -> NDArray[np.float32]:
    """Where rows start: where they were, new ones among those of their neighbours that are known, and none exactly on another."""
    random = np.random.default_rng(seed)
    positions = np.where(before.known[:, None], before.positions, 0)
    where = positions[before.known]
    spread = max(float(where.std()), 1e-3)
    new = np.flatnonzero(~before.known)
    weights = before.known[near.indices[new]].astype(np.float32)
    alone = weights.sum(axis=1) == 0
    weights[alone] = 1
    amid = np.einsum("nk,nkd->nd", weights, positions[near.indices[new]]) / weights.sum(axis=1, keepdims=True)
    amid[alone] = random.normal(where.mean(axis=0), spread, (int(alone.sum()), positions.shape[1]))
    positions[new] = amid
    return (positions + random.normal(0, 1e-4 * spread, positions.shape)).astype(np.float32)


def turned(positions: NDArray[np.float32], fitted: NDArray[np.float32], onto: Start) -> NDArray[np.float32]:
    """Positions, turned (or mirrored) and shifted so that the fitted ones lie as nearly as may be where they were (Procrustes)."""
    here, there = fitted[onto.known].astype(np.float64), onto.positions[onto.known].astype(np.float64)
    u, _, v = np.linalg.svd((here - here.mean(axis=0)).T @ (there - there.mean(axis=0)))
    moved: NDArray[np.float64] = (positions - here.mean(axis=0)) @ (u @ v) + there.mean(axis=0)
    return moved.astype(np.float32)


def _places(among: NDArray[np.uint64], ids: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each id is among others, and whether it is there at all (elsewhere the place means nothing)."""
    order = np.argsort(among)
    at = order[np.minimum(np.searchsorted(among[order], ids), len(among) - 1)]
    return at, among[at] == ids
