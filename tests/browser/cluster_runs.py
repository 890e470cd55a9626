"""Runs with filter-space clusters to look at, whose every number is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.records import Record, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.recording import Recording

NAMES = ["cat", "wolf", "fox"]
LABELS = [0, 1, 2, 0, 1, 2]
PREDICTED = [1, 1, 2, 0, 0, 2]  # samples 0 and 4 are wrong
TURNING = [1, 0, 0, 0, 3, -1]  # 3: at the output; -1: not known
NOVELTY = [0.5, 0.01, float("nan")]  # by layer
STEPS = (0, 10)
SIZE = 32
N = len(LABELS)
K = 6
PURITY = [0.4, 0.5, 0.6, 0.7, 0.8, 0.95]  # by id
LAYERS = {"conv1": (4, 4), "conv2": (2, 2), "fc": (1, 1)}


@dataclass
class Logged:
    """What was logged, by layer and step: the name of the cluster at each position, [N, h, w]."""

    ids: dict[tuple[str, int], NDArray[np.int64]] = field(default_factory=dict)
    feedback: dict[tuple[str, int], NDArray[np.int64]] = field(default_factory=dict)
    patches: dict[int, list[str]] = field(default_factory=dict)  # content hashes, by id


def dominant(cluster: int) -> int:
    """The most frequent class of a cluster, by id."""
    return cluster % len(NAMES)


def histogram(cluster: int, classes: int = len(NAMES)) -> NDArray[np.float32]:
    """The classes of a cluster, by id."""
    shares = np.full(classes, (1 - PURITY[cluster]) / (classes - 1), np.float32)
    shares[dominant(cluster)] = PURITY[cluster]
    return shares


class ClusterRun(Recording):
    """Writes records of clusters, one by one, as other writers of the format would."""

    def __init__(self, directory: Path, names: list[str]) -> None:
        super().__init__(directory)
        self.names = names
        self.classes = self.blob(pb.CLASSES, pb.ClassNames(names=names).SerializeToString())
        random = np.random.default_rng(3)
        self.images = [self.image(random.integers(0, 256, (SIZE, SIZE, 3), np.uint8)) for _ in range(N)]

    def image(self, pixels: NDArray[np.uint8]) -> bytes:
        return self.blob(pb.IMAGE, encode_image(pixels))

    def about(self, size: tuple[int, int] = (SIZE, SIZE)) -> dict[str, Any]:
        """What the messages of all kinds share."""
        samples = [
            pb.Sample(image=image, label=label, predicted=predicted, probability=0.75, name=f"image_{i}")
            for i, (image, label, predicted) in enumerate(zip(self.images, LABELS, PREDICTED, strict=True))
        ]
        height, width = size
        return {"samples": samples, "targets": PREDICTED, "classes": self.classes, "height": height, "width": width}

    def record(self, kind: pb.Kind, tag: str, method: str, layer: str, step: int, payload: bytes) -> None:
        series = pb.Series(kind=kind, tag=tag, method=method, layer=layer)
        records = self.segment.series(series)
        entry = pb.Entry(kind=kind, series=series.id, step=step, wall_time=1e9 + step, count=N)
        self.segment.append([*records, Record(entry, payload)])

    def patches(self, cluster: int, index: int) -> list[pb.Patch]:
        """Three patches of a colour of their own."""
        found = []
        for n in range(3):
            pixels = np.full((4, 4, 3), [40 * cluster, 80 * n, 120], np.uint8)
            picture = pb.Picture(image=self.image(pixels))
            label = dominant(cluster) if n < 2 else (dominant(cluster) + 1) % len(NAMES)
            place = {"sample": n, "position": [n, 1], "starts": [n, 4], "stops": [n + 4, 8]}
            found.append(pb.Patch(cluster=index, picture=picture, label=label, distance=0.25 * (n + 1), **place))
        return found

    def path(self, names: NDArray[np.int64], ids: list[int], votes: list[int]) -> pb.ClusterPath:
        """Clusters by name, whose indices are as in `ids`; each sample's clusters speak for a class with 0.8."""
        index = {cluster: at for at, cluster in enumerate(ids)}
        classes = len(self.names)
        evidence = np.full((N, classes), np.log(0.2 / (classes - 1)), np.float32)
        evidence[np.arange(N), votes] = np.log(0.8)
        return pb.ClusterPath(
            assignments=encode_array(np.vectorize(index.get)(names).astype(np.uint8)),
            ids=ids,
            histograms=encode_array(np.stack([histogram(cluster, classes) for cluster in ids])),
            shares=[1 / K] * K,
            purity=[PURITY[cluster] for cluster in ids],
            entropy=[1.25] * K,
            evidence=encode_array(evidence),
            association=0.5,
            patches=[patch for at, cluster in enumerate(ids) for patch in self.patches(cluster, at)],
        )


def write_run(directory: Path, names: list[str] = NAMES) -> Logged:
    """Three layers at two steps, and Grad-CAM beside them. From step to step the clusters' indices change, their names do not."""
    run = ClusterRun(directory, names)
    logged = Logged()
    random = np.random.default_rng(5)
    for step in STEPS:
        for order, (layer, grid) in enumerate(LAYERS.items()):
            ids = random.permutation(K).tolist()
            forward, feedback = random.integers(0, K, (2, N, *grid))
            forward[0].flat[0], forward[0].flat[-1] = 5, 3 if grid != (1, 1) else 5
            votes = [
                p if 0 <= turn <= order else true for p, turn, true in zip(PREDICTED, TURNING, LABELS, strict=True)
            ]
            message = pb.Clusters(
                **run.about(),
                order=order,
                forward=run.path(forward, ids, votes),
                feedback=run.path(feedback, ids, PREDICTED),
                turning=TURNING,
                novelty=[NOVELTY[order]] * N,
                counts=[pb.ClusterCount(clusters=k, silhouette=0.1 * k % 0.7) for k in (4, K, 9)] if order == 0 else [],
            )
            run.record(pb.CLUSTERS, f"val/clusters/{layer}", "FilterClusters", layer, step, message.SerializeToString())
            logged.ids[layer, step], logged.feedback[layer, step] = forward, feedback
        maps = encode_array(random.random((N, 1, 4, 4)).astype(np.float32))
        heatmaps = pb.Heatmaps(**run.about(), maps=maps, class_dependent=True)
        run.record(pb.HEATMAPS, "val/gradcam", "GradCAM", "", step, heatmaps.SerializeToString())
    for cluster in range(K):
        logged.patches[cluster] = [patch.picture.image.hex() for patch in run.patches(cluster, 0)]
    run.segment.close()
    return logged


def write_volumes(directory: Path) -> NDArray[np.int64]:
    """A layer of a network of voxels: positions [N, d, h, w] with d = 2, h = 3, w = 4, of which cluster 5 is the rarest."""
    run = ClusterRun(directory, NAMES)
    names = np.random.default_rng(6).integers(0, K - 1, (N, 2, 3, 4))
    names[:, 1, 2, 3] = K - 1
    path = run.path(names, list(range(K)), LABELS)
    del path.shares[:]
    path.shares.extend([0.1 + 0.02 * (K - cluster) for cluster in range(K)])
    message = pb.Clusters(**run.about((48, 160)), forward=path)
    run.record(pb.CLUSTERS, "val/clusters/conv", "FilterClusters", "conv", 1, message.SerializeToString())
    run.segment.close()
    return names
