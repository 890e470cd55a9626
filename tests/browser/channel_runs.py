"""Runs with channels to look at, whose every number is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.records import Record, encode_column, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.recording import Recording

NAMES = ["cat", "wolf", "fox"]
LABELS = [0, 1, 2, 0]
PREDICTED = [0, 2, 2, 0]  # sample 1 is wrong
STEPS = (0, 10, 20)
SIZE = 32
N = len(LABELS)
PATCHES = 4
PATCH = 8
LAYERS = {"conv1": (6, (8, 8)), "conv2": (12, (4, 4)), "fc": (3, (1, 1))}
GROUPS = [([1, 4], "turned", 0.97, 0.02), ([0, 3, 5], "copy", 0.99, 0.0)]  # of conv1
DEAD = 2  # of conv1
RAISED = (0, 1, 3, 4, 5)  # of conv1: the dead one was left out
REDS = {channel: 40 * channel + 20 for channel in range(6)}  # of the pictures that raise them
ASCENT = 5


@dataclass
class Layer:
    """What is logged of one layer at one step."""

    name: str
    maps: NDArray[np.float32]  # [N, C, *s]
    statistics: dict[str, NDArray[np.float32]]


class ChannelRun(Recording):
    """Writes records of channels, one by one, as other writers of the format would."""

    def __init__(self, directory: Path, seed: int = 3) -> None:
        super().__init__(directory)
        self.classes = self.blob(pb.CLASSES, pb.ClassNames(names=NAMES).SerializeToString())
        self.random = np.random.default_rng(seed)
        pixels = np.random.default_rng(3).integers(0, 256, (N, SIZE, SIZE, 3), np.uint8)
        self.images = [self.blob(pb.IMAGE, encode_image(image)) for image in pixels]

    def column(self, values: NDArray[Any]) -> pb.Column:
        column, payload = encode_column(values)
        column.values = self.blob(pb.COLUMN, payload)
        return column

    def about(self, samples: int = N) -> dict[str, Any]:
        """What the messages of all kinds share."""
        about = [
            pb.Sample(image=image, label=label, predicted=predicted, probability=0.75, name=f"image_{i}", id=i + 1)
            for i, (image, label, predicted) in enumerate(zip(self.images, LABELS, PREDICTED, strict=True))
        ][:samples]
        return {
            "samples": about,
            "targets": PREDICTED[:samples],
            "classes": self.classes,
            "height": SIZE,
            "width": SIZE,
        }

    def maps(self, values: NDArray[np.float32]) -> dict[str, Any]:
        """Maps [N, C, *s], each on the range of its own."""
        flat = values.reshape(*values.shape[:2], -1)
        low, high = flat.min(2), flat.max(2)
        extent = np.where(high > low, high - low, 1)
        stored = np.rint(255 * (flat - low[..., None]) / extent[..., None]).astype(np.uint8).reshape(values.shape)
        return {
            "maps": [self.column(of_image) for of_image in stored],
            "ranges": self.column(np.stack([low, high], 2).astype(np.float32)),
        }

    def statistics(self, values: dict[str, NDArray[np.float32]]) -> list[pb.NamedColumn]:
        found = []
        for name, numbers in values.items():
            if name == "class":
                found.append(
                    pb.NamedColumn(name=name, values=self.column(numbers.astype(np.uint16)), categories=self.classes)
                )
                continue
            column = self.column(numbers.astype(np.float32))
            low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
            found.append(pb.NamedColumn(name=name, values=column, low=low, high=high))
        return found

    def sheets(self, pictures: NDArray[np.uint8], down: int = 2, across: int = 8) -> pb.Thumbnails:
        """Pictures [M, h, w, 3] on sheets."""
        many, height, width = pictures.shape[:3]
        hashes = []
        for start in range(0, many, down * across):
            sheet = np.zeros((down * across, height, width, 3), np.uint8)
            part = pictures[start : start + down * across]
            sheet[: len(part)] = part
            grid = sheet.reshape(down, across, height, width, 3).swapaxes(1, 2)
            hashes.append(self.blob(pb.IMAGE, encode_image(grid.reshape(down * height, across * width, 3))))
        stored = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 16)
        return pb.Thumbnails(height=height, width=width, down=down, across=across, sheets=self.column(stored))

    def tops(self, channels: int, colours: NDArray[np.uint8]) -> pb.TopPatches:
        """Of each channel patches of one colour, of image 1 the strongest, of an unknown one the next."""
        pictures = np.broadcast_to(colours[:, None, None, None], (channels, PATCHES, PATCH, PATCH, 3))
        values = 10 - np.tile(np.arange(PATCHES, dtype=np.float32), (channels, 1))
        values[:, -1] = np.nan  # one image fewer
        ids = np.tile(np.array([1, 99, 2, 0], np.uint64), (channels, 1))
        labels = np.tile(np.array([0, 65535, 1, 0], np.uint16), (channels, 1))
        boxes = np.tile(np.array([4, 6, 12, 14], np.int32), (channels, PATCHES, 1))
        return pb.TopPatches(
            count=PATCHES,
            pictures=self.sheets(pictures.reshape(-1, PATCH, PATCH, 3)),
            values=self.column(values),
            images=self.column(ids),
            labels=self.column(labels),
            boxes=self.column(boxes),
        )

    def maximised(self, channels: Sequence[int], colours: NDArray[np.uint8]) -> pb.Maximised:
        """Pictures of one colour that raise channels of conv1; the last stopped."""
        many = len(channels)
        pictures = np.broadcast_to(colours[:, None, None], (many, 16, 16, 3))
        traces = np.tile(np.linspace(0, 8, ASCENT + 1, dtype=np.float32), (many, 1))
        traces[-1, 3:] = np.nan
        states = np.zeros(many, np.uint8)
        states[-1] = 2
        return pb.Maximised(
            recipe="fourier",
            objectives=[f"conv1:{channel}" for channel in channels],
            channels=self.column(np.array(channels, np.int32)),
            pictures=self.sheets(pictures),
            traces=self.column(traces),
            states=self.column(states),
        )

    def record(self, tag: str, method: str, layer: str, step: int, message: pb.Channels) -> None:
        series = pb.Series(kind=pb.CHANNELS, tag=tag, method=method, layer=layer)
        records = self.segment.series(series)
        entry = pb.Entry(
            kind=pb.CHANNELS, series=series.id, step=step, wall_time=1e9 + step, count=len(message.samples)
        )
        self.segment.append([*records, Record(entry, message.SerializeToString())])


def maps_of(layer: str, step: int, seed: int = 0) -> NDArray[np.float32]:
    """Rectified maps [N, C, *s] with one clear peak each, that grow with the step; the dead channel of conv1 is 0."""
    channels, grid = LAYERS[layer]
    random = np.random.default_rng([seed, step, channels])
    values = random.random((N, channels, math.prod(grid))).astype(np.float32) * 0.6
    if values.shape[2] > 1:
        np.put_along_axis(values, random.integers(0, values.shape[2], (N, channels, 1)), 1, axis=2)
    maps = values.reshape(N, channels, *grid) * (1 + step) * (1 + np.arange(channels, dtype=np.float32))[:, None, None]
    if layer == "conv1":
        maps[:, DEAD] = 0
    return maps


def statistics_of(layer: str, step: int) -> dict[str, NDArray[np.float32]]:
    """Selectivity falls with the channel, the maximum rises."""
    channels, _ = LAYERS[layer]
    order = np.arange(channels, dtype=np.float32)
    dead = (order == DEAD).astype(np.float32) if layer == "conv1" else np.zeros(channels, np.float32)
    selectivity = np.where(dead == 1, np.nan, 0.9 - order / 20).astype(np.float32)
    return {
        "mean": 0.25 * (order + 1) * (1 - dead),
        "maximum": (order + 1) * (step + 1) * (1 - dead),
        "sparsity": np.where(dead == 1, 1, 0.5 - order / 40).astype(np.float32),
        "dead": dead,
        "selectivity": selectivity,
        "class": np.where(dead == 1, 65535, order % len(NAMES)),
    }


def write_run(directory: Path, *, slope: float = 0, seed: int = 0) -> None:
    """Three layers at three steps; the redundancy of conv1 at the first step alone, pictures that raise at the last two."""
    run = ChannelRun(directory)
    for step in STEPS:
        for layer, (channels, _) in LAYERS.items():
            statistics = statistics_of(layer, step)
            if slope and layer == "conv2":
                statistics["instability"] = np.linspace(0.05, 0.2, channels, dtype=np.float32)
            colours = np.stack([np.full(channels, 30), np.arange(channels) * 20 % 256, np.full(channels, step * 10)], 1)
            message = pb.Channels(
                **run.about(),
                **run.maps(maps_of(layer, step, seed)),
                channels=channels,
                statistics=run.statistics(statistics),
                class_means=run.column(np.tile([[2.0, 1.0, 0.5]], (channels, 1)).astype(np.float16)),
                tops=run.tops(channels, colours.astype(np.uint8)),
                measures=[pb.Measure(name="dead", value=float(statistics["dead"].mean()), better=pb.LOWER)],
                template_slope=slope if layer == "conv2" else 0,
            )
            run.record(f"val/activations/{layer}", "Activations", layer, step, message)
        if step == STEPS[0]:
            message = pb.Channels(
                channels=6,
                groups=[pb.ChannelGroup(channels=c, relation=r, similarity=s, cost=cost) for c, r, s, cost in GROUPS],
                statistics=run.statistics({"similarity": np.array([0.99, 0.97, 0, 0.99, 0.97, 0.99], np.float32)}),
            )
            run.record("val/redundancy/conv1", "", "conv1", step, message)
        else:
            colours = np.array([[REDS[channel], 0, step] for channel in RAISED], np.uint8)
            message = pb.Channels(channels=6, maximised=run.maximised(RAISED, colours))
            run.record("val/maximised/conv1", "FeatureImages", "conv1", step, message)
    run.segment.close()


def write_many(directory: Path, channels: int = 2048, steps: int = 30, side: int = 14) -> None:
    """One layer of thousands of channels whose blobs wander from step to step."""
    run = ChannelRun(directory)
    places = np.arange(side)
    centres, drift = run.random.random((2, channels, 2)) * side
    strength = run.random.gamma(2, 1, (N, channels)).astype(np.float32)
    colours = run.random.integers(0, 256, (channels, 3))
    for step in range(steps):
        at = (centres + 0.05 * step * drift) % side
        along = [np.exp(-((places - at[:, axis, None]) ** 2) / 8) for axis in (0, 1)]
        maps = strength[..., None, None] * (along[0][:, :, None] * along[1][:, None, :])[None]
        statistics = {
            "mean": maps.mean((0, 2, 3)),
            "maximum": maps.max((0, 2, 3)),
            "sparsity": run.random.random(channels),
            "dead": np.zeros(channels),
            "selectivity": run.random.random(channels),
            "class": run.random.integers(0, len(NAMES), channels).astype(np.float32),
        }
        faded = (colours * (0.3 + 0.7 * step / max(1, steps - 1))).astype(np.uint8)
        message = pb.Channels(
            **run.about(), **run.maps(maps.astype(np.float32)), channels=channels, statistics=run.statistics(statistics)
        )
        run.record("val/activations/layer4", "Activations", "layer4", step, message)
        pictures = np.broadcast_to(faded[:, None, None], (channels, 16, 16, 3))
        raised = pb.Maximised(
            recipe="plain",
            objectives=[f"layer4:{channel}" for channel in range(channels)],
            channels=run.column(np.arange(channels, dtype=np.int32)),
            pictures=run.sheets(pictures, 8, 8),
        )
        run.record(
            "val/maximised/layer4", "FeatureImages", "layer4", step, pb.Channels(channels=channels, maximised=raised)
        )
    run.segment.close()


def write_bare(directory: Path, **parts: Any) -> None:
    """One channel of which only `parts` are known."""
    run = ChannelRun(directory)
    run.record("val/activations/only", "Activations", "only", 1, pb.Channels(channels=1, **parts))
    run.segment.close()


def write_volumes(directory: Path) -> None:
    """A layer of a network of voxels, whose channel is active at one position: z 0, y 1, x 3."""
    run = ChannelRun(directory)
    maps = np.zeros((N, 1, 2, 4, 4), np.float32)
    maps[:, 0, 0, 1, 3] = 1
    about = run.about() | {"height": 4, "width": 10}
    run.record("val/activations/conv", "Activations", "conv", 1, pb.Channels(**about, **run.maps(maps), channels=1))
    run.segment.close()


def write_pruned(directory: Path) -> None:
    """A first layer that lost half of its channels; what was raised has a name, and one is no channel."""
    run = ChannelRun(directory)
    colours = np.array([[200, 100, 50], [50, 100, 200]], np.uint8)
    raised = run.maximised([0, -1], colours)
    raised.objectives[:] = ["tabby", "a direction"]
    message = pb.Channels(**run.about(), **run.maps(maps_of("conv1", 20)[:, :3]), channels=3, maximised=raised)
    run.record("val/activations/conv1", "Activations", "conv1", 20, message)
    run.segment.close()


def write_damaged(directory: Path) -> None:
    """Three channels whose maps changed on disk; their statistics did not."""
    run = ChannelRun(directory)
    levels = run.random.integers(0, 256, (N, 3, 5, 7), np.uint8)
    message = pb.Channels(
        **run.about(),
        maps=[run.column(of_image) for of_image in levels],
        ranges=run.column(np.ones((N, 3, 2), np.float32)),
        channels=3,
        statistics=run.statistics({"maximum": np.array([1, 2, 3], np.float32)}),
    )
    run.record("val/activations/conv", "Activations", "conv", 1, message)
    run.segment.close()
    data = Path(f"{run.segment.path}.data")
    stored = data.read_bytes()
    assert stored.count(levels[0].tobytes()) == 1
    data.write_bytes(stored.replace(levels[0].tobytes(), bytes(levels[0].size)))
