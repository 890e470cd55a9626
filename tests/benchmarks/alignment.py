"""How steadily rows keep their places while a network learns digits and, with TB_EXPLAIN_MNIST, MNIST: our two alignments beside fits that know nothing of each other."""

from __future__ import annotations

import itertools
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.metrics import silhouette_score
from torch import Tensor, nn

from tb_explain.projections import PCA, TSNE, UMAP, align
from tb_explain.projections.quality import knn_purity_of_positions, trustworthiness
from tb_explain.projections.reducers import Reducer
from tb_explain.projections.reduction import reduce
from tests.benchmarks.table import Row

Positions = list[NDArray[np.float32]]


def features_while_learning(
    images: Tensor, labels: Tensor, epochs: int, rows: int
) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    """Of the layer before the last, of some images, before the first epoch and after each."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        small = images.shape[-1] < 16
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, 1 if small else 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10),
        )  # fmt: skip
        optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
        some = torch.randperm(len(labels))[:rows].sort().values
        steps = []
        for epoch in range(epochs + 1):
            if epoch:
                for batch in torch.randperm(len(labels)).split(64):
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
                    optimizer.step()
            with torch.no_grad():
                steps.append(model[:-1](images[some]).numpy())
    return steps, labels[some].numpy()


def digits(epochs: int = 8, rows: int = 1797) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    data = load_digits()
    images = torch.from_numpy(data.images).float()[:, None] / 16
    return features_while_learning(images, torch.from_numpy(data.target), epochs, rows)


def mnist(path: Path) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    with np.load(path) as file:
        images = torch.from_numpy(file["images"]).float()[:, None] / 255
        return features_while_learning(images, torch.from_numpy(file["labels"]).long(), 6, 3000)


def quiet(features: Sequence[NDArray[np.float32]]) -> list[NDArray[np.bool_]]:
    """Between consecutive steps: the quarter of the rows whose features turned least."""
    z = [step / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-12) for step in features]
    turned = [1 - (a * b).sum(axis=1) for a, b in itertools.pairwise(z)]
    return [by <= np.quantile(by, 0.25) for by in turned]


def movement(positions: Positions, rows: Sequence[NDArray[np.bool_]]) -> list[float]:
    """Mean way of some rows between consecutive steps, over the standard deviation of both layouts."""
    return [
        float(np.linalg.norm(b - a, axis=1)[some].mean() / np.sqrt((a.var(axis=0).mean() + b.var(axis=0).mean()) / 2))
        for a, b, some in zip(positions, positions[1:], rows, strict=False)
    ]


def independent(features: Sequence[NDArray[np.float32]], reducer: Reducer) -> Positions:
    return [reduce(reducer, step, ids(step))[0].positions for step in features]


def procrustes(positions: Positions) -> Positions:
    """Each step turned and shifted onto the one before, by the textbook."""
    found = [positions[0]]
    for step in positions[1:]:
        here, there = step - step.mean(axis=0), found[-1] - found[-1].mean(axis=0)
        u, _, v = np.linalg.svd(here.T @ there)
        found.append(here @ (u @ v) + found[-1].mean(axis=0))
    return found


def live(features: Sequence[NDArray[np.float32]], reducer: Reducer) -> Positions:
    """One step after the other, as the worker does."""
    found: Positions = []
    before = None
    for step in features:
        placed, before = reduce(reducer, step, ids(step), before=before)
        found.append(placed.positions)
    return found


def together(features: Sequence[NDArray[np.float32]], reducer: Reducer) -> Positions:
    return [placed.positions for placed in align(features, reducer=reducer)]


def ids(step: NDArray[Any]) -> NDArray[np.uint64]:
    return np.arange(1, len(step) + 1, dtype=np.uint64)


def main(full: bool = False) -> Iterator[Row]:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    sets = {"digits, 9 steps of 1797 rows": digits()}
    path = Path(os.environ.get("TB_EXPLAIN_MNIST", "no file was named"))
    if path.exists():
        sets["MNIST, 7 steps of 3000 rows"] = mnist(path)
    print("movement between steps: of the quarter whose features moved least, and of all; figures are means over steps")
    reduce(UMAP(), sets["digits, 9 steps of 1797 rows"][0][0][:200], ids(np.zeros(200)))  # compiles
    for name, (features, labels) in sets.items():
        reducers: list[Reducer] = [UMAP(), TSNE(), PCA()] if full and name.startswith("digits") else [UMAP()]
        for reducer in reducers:
            print(f"\n{name}, {type(reducer).__name__}")
            print(f"{'':<34}{'quiet':>8}{'all':>8}{'trust.':>9}{'worst':>9}{'purity':>8}{'silh.':>8}{'seconds':>9}")
            still = quiet(features)
            alone, seconds = timed(lambda features=features, reducer=reducer: independent(features, reducer))
            trusted = table_row("independent fits", alone, seconds, features, labels, still, None)
            turned = procrustes(alone)
            table_row("the same, turned (Procrustes)", turned, seconds, features, labels, still, trusted)
            held, seconds = timed(lambda features=features, reducer=reducer: live(features, reducer))
            table_row("live: held to the step before", held, seconds, features, labels, still, trusted)
            mine, theirs = (float(np.mean(movement(of, still))) for of in (held, turned))
            title = f"{type(reducer).__name__} of {name}: movement"
            meaning = "of quiet rows between steps, in standard deviations; less is better"
            yield Row(title, mine, "", theirs, "fits turned onto each other", meaning=meaning)
            if full and isinstance(reducer, UMAP):
                whole, seconds = timed(lambda features=features, reducer=reducer: together(features, reducer))
                table_row("offline: AlignedUMAP", whole, seconds, features, labels, still, trusted)
                theirs = float(np.mean(movement(whole, still)))
                yield Row(title, mine, "", theirs, "AlignedUMAP, which needs all steps", meaning=meaning)


def timed(make: Callable[[], Positions]) -> tuple[Positions, float]:
    started = time.perf_counter()
    return make(), time.perf_counter() - started


def table_row(
    name: str,
    positions: Positions,
    seconds: float,
    features: Sequence[NDArray[np.float32]],
    labels: NDArray[np.int64],
    still: Sequence[NDArray[np.bool_]],
    unaligned: list[float] | None,
) -> list[float]:
    """Prints a row; returns how far each step can be trusted. `worst` is the greatest loss of it against the unaligned fit."""
    trusted = [trustworthiness(step, at) for step, at in zip(features, positions, strict=True)]
    worst = min(a - b for a, b in zip(trusted, unaligned or trusted, strict=True))
    purity = np.mean([knn_purity_of_positions(labels, at) for at in positions])
    silhouette = silhouette_score(positions[-1], labels)
    everyone = [np.ones(len(labels), bool)] * (len(positions) - 1)
    print(
        f"{name:<34}{np.mean(movement(positions, still)):8.3f}{np.mean(movement(positions, everyone)):8.3f}"
        f"{np.mean(trusted):9.4f}{worst:+9.4f}{purity:8.3f}{silhouette:8.2f}{seconds:9.1f}",
        flush=True,
    )
    return trusted
