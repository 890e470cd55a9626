"""LIME beside the package `lime`: CPU time that is not the model's, and forwards until the ranking of superpixels is settled."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import nn
from tqdm import tqdm

from tb_explain.demo import photographs, pretrained
from tb_explain.methods import LIME
from tb_explain.methods.lime import regression
from tb_explain.methods.masks import masks
from tb_explain.methods.superpixels import touching
from tests.benchmarks.table import Row

SAMPLES = 1000
PHOTOGRAPHS = {0: 640, 1: 640, 4: 1000, 7: 640}  # a cat, coffee, a rocket, a flower: forwards of our longest runs
REFERENCE = 10_000
SEEDS = 5
PARTS = 12
STEP = 32
CACHE = Path("build/benchmarks/lime")


class Stub(nn.Module):
    """A network that costs little: a linear one, of every 32nd pixel. Counts the CPU time spent in it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(3 * 49, 10)
        self.seconds = 0.0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        started = time.process_time()
        logits = self.linear(images[:, :, 16::32, 16::32].flatten(1))
        self.seconds += time.process_time() - started
        return logits


def main(full: bool = False) -> Iterator[Row]:
    """One thread for the times."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield from own_time(5 if full else 3)
    torch.set_num_threads(threads)
    yield from forwards_needed(full)


def own_time(rounds: int) -> Iterator[Row]:
    """CPU time of one explanation less the network's: the minimum of some rounds, in turns."""
    from lime.lime_image import LimeImageExplainer
    from skimage.segmentation import slic

    image = photographs()[0][5] - 0.5
    pixels = image.permute(1, 2, 0).numpy()
    model = Stub().eval()
    print(f"own CPU time of one image's explanation, 224², {SAMPLES} samples, one thread (least of {rounds} rounds)")
    print(
        f"{'':34} {'superpixels':>11} {'lime s':>8} {'ours s':>8} {'lime/ours':>9} {'difference of coefficients':>27} {'ours, orthogonal masks s':>25}"
    )
    for n_segments in (50, 200):
        labels = slic(pixels + 0.5, n_segments=n_segments, compactness=30, sigma=1, start_label=0)
        k = len(np.unique(labels))

        def cut(image: Any, n_segments: int = n_segments) -> Any:
            image = image - image.min()
            return slic(image / image.max(), n_segments=n_segments, compactness=30, sigma=1, start_label=0)

        for name, segmentation, given in (
            ("segmentation given", torch.as_tensor(labels), lambda _, labels=labels: labels),
            ("segmentation by SLIC counted", cut, cut),
        ):
            theirs, ours, searched = [], [], []
            for _ in range(rounds):
                peer, seconds = _timed_lime(LimeImageExplainer, model, pixels, given)
                theirs.append(seconds)
                mine, seconds = _timed(LIME(segmentation, samples=SAMPLES, design="random"), model, image)
                ours.append(seconds)
                searched.append(_timed(LIME(segmentation, samples=SAMPLES), model, image)[1])
            expected = np.array([weight for _, weight in sorted(peer.local_exp[peer.top_labels[0]])])
            worst = np.abs(mine.weights[0].numpy() - expected).max() / np.abs(expected).max()
            print(
                f"{name:34} {k:11} {min(theirs):8.3f} {min(ours):8.3f} {min(theirs) / min(ours):9.1f} {worst:27.1e} {min(searched):25.3f}",
                flush=True,
            )
            title = f"LIME, {SAMPLES} samples, {k} superpixels, {name.removesuffix(' counted')}"
            yield Row(
                title,
                min(ours),
                "s",
                min(theirs),
                "lime",
                meaning=f"CPU time without the network's; differ by {worst:.0e}",
            )


def _timed(method: LIME, model: Stub, image: torch.Tensor) -> tuple[Any, float]:
    model.seconds = 0.0
    started = time.process_time()
    found = method(model, image[None])
    return found, time.process_time() - started - model.seconds


def _timed_lime(explainer: Any, model: Stub, pixels: np.ndarray, cut: Any) -> tuple[Any, float]:
    """The package, made to draw our masks."""
    inside = 0.0

    def probabilities(images: np.ndarray) -> np.ndarray:
        nonlocal inside
        started = time.process_time()
        with torch.no_grad():
            found = model(torch.as_tensor(images).permute(0, 3, 1, 2)).softmax(1).numpy()
        inside += time.process_time() - started
        return found

    class Drawn(np.random.RandomState):
        def randint(self, low: int, high: Any = None, size: Any = None, dtype: Any = int) -> Any:
            if size is None and high is not None and low == 0 and high > 2:
                return 0
            return masks("random", size // SAMPLES, SAMPLES, seed=0).numpy().astype(int).ravel()

    peer = explainer(random_state=Drawn())
    started = time.process_time()
    found = peer.explain_instance(
        pixels, probabilities, top_labels=1, hide_color=0, num_samples=SAMPLES, segmentation_fn=cut
    )
    return found, time.process_time() - started - inside


def forwards_needed(full: bool, goal: float = 0.95) -> Iterator[Row]:
    """Forwards until the rank correlation with a reference, averaged over seeds, reaches the goal.

    The reference is lime's own design with 10 000 samples. Its shorter runs are parts of the reference, each compared with the rest of it.
    """
    print(f"\nforwards for a Spearman correlation of {goal} with {REFERENCE} samples of lime's design,")
    print(
        f"EfficientNet-Lite0, probability of the predicted class, mean of {SEEDS} seeds (lime: up to {PARTS}); answers are kept in {CACHE}"
    )
    print(f"{'':15} {'superpixels':>11} {'R²':>6} {'lime':>6} {'paired':>7} {'orthogonal':>11} {'lime/orthogonal':>16}")
    network = pretrained()
    images, names = photographs()
    needed = []
    for index, longest in PHOTOGRAPHS.items() if full else [(1, PHOTOGRAPHS[1])]:
        answers = _Answers(names[index], network.model, network.normalised(images[index]))
        kept, scores = answers("random", REFERENCE, seed=0)
        reference = regression(kept, scores, 0.25, 1)
        counts = [_first(goal, _limes_curve(kept, scores))]
        for design in ("paired", "orthogonal"):
            runs = [answers(design, longest, seed) for seed in range(SEEDS)]
            counts.append(_first(goal, _curve(runs, reference.weights[0])))
        needed.append(counts)
        lime, paired, orthogonal = counts
        numbers = f"{lime:6.0f} {paired:7.0f} {orthogonal:11.0f} {lime / orthogonal:16.2f}".replace("inf", "  -")
        print(f"{names[index]:15} {kept.shape[1]:11} {reference.r2[0]:6.2f} {numbers}", flush=True)
    lime, _, orthogonal = np.exp(np.mean(np.log(needed), 0))
    name = f"LIME, forwards until the ranking is settled, {len(needed)} photograph{'s' if len(needed) > 1 else ''}"
    meaning = f"until {goal} of rank correlation with {REFERENCE} samples; geometric mean"
    yield Row(name, orthogonal, "", lime, "lime's design", meaning=meaning)


def _limes_curve(kept: np.ndarray, scores: np.ndarray, longest: int = 4000) -> list[float]:
    """The mean correlation of parts of 64, 96, 128, ... samples with what is left of the reference."""
    curve = []
    for n in range(64, longest + 1, STEP):
        found = []
        for start in range(1, REFERENCE - n, n)[:PARTS]:
            part = np.r_[0, start : start + n - 1]
            rest = np.r_[0, 1:start, start + n - 1 : REFERENCE]
            one, other = (regression(kept[rows], scores[rows], 0.25, 1).weights[0] for rows in (part, rest))
            found.append(spearmanr(one, other)[0])
        curve.append(float(np.mean(found)))
        if np.mean(curve[-3:]) >= 0.96:  # beyond any goal of interest
            break
    return curve


def _curve(runs: Sequence[tuple[np.ndarray, np.ndarray]], reference: np.ndarray) -> list[float]:
    """The mean correlation of the first 64, 96, 128, ... samples of some runs with the reference."""
    return [
        float(np.mean([spearmanr(regression(z[:n], y[:n], 0.25, 2).weights[0], reference)[0] for z, y in runs]))
        for n in range(64, len(runs[0][0]) + 1, STEP)
    ]


def _first(goal: float, curve: Sequence[float]) -> float:
    """Where a curve, smoothed over three sizes, reaches the goal; infinite where it does not."""
    smooth = np.convolve(np.pad(curve, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    reached = np.flatnonzero(smooth >= goal)
    if not len(reached):
        return np.inf
    i = reached[0]
    return float(64 + STEP * (i - (smooth[i] - goal) / (smooth[i] - smooth[i - 1]) if i else 0))


class _Answers:
    """The network's answers about masks of one image, asked for once and kept in files."""

    def __init__(self, name: str, model: nn.Module, image: torch.Tensor) -> None:
        self.name = name
        self.image = image
        cut = LIME(samples=2)(model, image[None])
        self.segments, self.target = cut.segments[0], int(cut.targets[0])
        few = image.expand(16, -1, -1, -1).contiguous(memory_format=torch.channels_last)
        with (
            torch.no_grad()
        ):  # batch normalisation folded into convolutions: the same answers in two thirds of the time
            self.model = torch.jit.freeze(torch.jit.trace(model.eval(), few))

    def __call__(self, design: Any, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        kept = masks(design, int(self.segments.max()) + 1, samples, seed, touching(self.segments))
        path = CACHE / f"{self.name}-{design}-{samples}-{seed}.npz"
        packed = np.packbits(kept.numpy())
        if path.exists():
            saved = np.load(path)
            if np.array_equal(saved["kept"], packed):
                return kept.double().numpy(), saved["scores"]
        asked = tqdm(kept.split(16), desc=f"{self.name}, {design}", leave=False, disable=None)
        scores = np.concatenate([self._ask(part) for part in asked])[:, None].astype(float)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, kept=packed, scores=scores)
        return kept.double().numpy(), scores

    def _ask(self, kept: torch.Tensor) -> np.ndarray:
        copies = torch.where(kept[:, self.segments][:, None], self.image, 0.0)
        with torch.no_grad():
            logits = self.model(copies.contiguous(memory_format=torch.channels_last))
        return logits.softmax(1)[:, self.target].numpy()
