"""What the verbs beside add_heatmaps log, from arrays of anywhere, is what a reader finds."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import GradCAM, Top
from tb_explain.reading import MESSAGES
from tb_explain.records import decode_array
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of, kinds_stored

random = np.random.default_rng(0)
PIXELS = random.integers(0, 256, (2, 8, 6, 3), np.uint8)
SEGMENTS = np.stack([np.arange(48).reshape(8, 6) // 12, np.arange(48).reshape(8, 6) // 24])  # 4 and 2 superpixels
WEIGHTS = random.normal(size=(2, 3, 4)).astype(np.float32)
RELATED = {
    "pairs": [[0, 1], [1, 3]],
    "correlations": [0.5, -0.25],
    "joint": [0.75, 0.5],
    "errors": [0.1, 0.0],
    "groups": [([0, 1, 3], 0.5)],
    "block_counts": [(9, 0.25), (40, 0.5)],
}


def read(run: Path, tag: str, kind: int) -> Any:
    index = index_of(run)
    series = index.find(tag, kind)
    assert series, f"no series {tag}; there are {[s.declaration.tag for s in index.series()]}"
    message = MESSAGES[kind]()
    message.ParseFromString(index.read(index.steps(series).keys[-1]))
    return message


def label_map(run: Path, sample: pb.Sample) -> np.ndarray:
    index = index_of(run)
    stored = pb.LabelMap.FromString(index.read_blob(pb.LABELS, sample.segments))
    labels = np.frombuffer(zlib.decompress(stored.deflated), "<u2").reshape(stored.height, stored.width)
    assert stored.count == labels.max() + 1
    return labels


@pytest.fixture
def writer(tmp_path: Path) -> Any:
    with ExplainWriter(tmp_path) as writer:
        yield writer


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_superpixels(tmp_path: Path, writer: ExplainWriter, convert: Callable[[Any], Any]) -> None:
    writer.add_superpixels(
        "val/lime",
        convert(SEGMENTS),
        convert(WEIGHTS),
        PIXELS,
        7,
        dataformats="NHWC",
        errors=convert(np.abs(WEIGHTS)),
        intercepts=convert(np.full((2, 3), 0.5)),
        r2=convert([[0.9, 0.2, 0.5], [1, 1, 1]]),
        forwards=100,
        targets=[[0, 1, 2], [2, 1, 0]],
        method="LIME",
        figures={"insertion": [[0.5, 0.25, 0.125]] * 2},
    )
    writer.flush()
    message = read(tmp_path, "val/lime", pb.SUPERPIXELS)
    np.testing.assert_array_equal(decode_array(message.weights), WEIGHTS)
    np.testing.assert_array_equal(decode_array(message.errors), np.abs(WEIGHTS))
    assert message.r2 == pytest.approx([0.9, 0.2, 0.5, 1, 1, 1])
    assert message.intercepts == [0.5] * 6
    assert message.forwards == 100
    assert list(message.flags) == [0, pb.POOR_FIT, 0, 0, 0, 0]
    assert list(message.targets) == [0, 1, 2, 2, 1, 0]
    assert (message.height, message.width) == (8, 6)
    assert [(figure.name, list(figure.values)) for figure in message.figures] == [("insertion", [0.5, 0.25, 0.125] * 2)]
    for sample, labels in zip(message.samples, SEGMENTS, strict=True):
        np.testing.assert_array_equal(label_map(tmp_path, sample), labels)


def test_a_label_map_is_stored_once_for_all_steps(tmp_path: Path, writer: ExplainWriter) -> None:
    for step in range(5):
        writer.add_superpixels("val/lime", SEGMENTS, WEIGHTS, PIXELS, step, dataformats="NHWC")
    writer.flush()
    assert kinds_stored(tmp_path).count(pb.LABELS) == 2
    data = sum(path.stat().st_size for path in tmp_path.rglob("*.data"))
    assert data < 5 * (WEIGHTS.nbytes + 300) + 2 * 200 + PIXELS.nbytes * 2


def test_one_superpixel_is_flagged(tmp_path: Path, writer: ExplainWriter) -> None:
    writer.add_superpixels("lime", np.zeros((1, 4, 4), int), [[0.0]])
    writer.flush()
    assert list(read(tmp_path, "lime", pb.SUPERPIXELS).flags) == [pb.ONE_SEGMENT | pb.ALL_ZERO]


def test_correlations(tmp_path: Path, writer: ExplainWriter) -> None:
    empty: dict[str, Any] = {"pairs": [], "correlations": [], "joint": []}
    writer.add_correlations(
        "val/ablationca",
        SEGMENTS,
        WEIGHTS[:, 0],
        [RELATED, empty],
        PIXELS,
        3,
        dataformats="NHWC",
        errors=np.abs(WEIGHTS[:, 0]),
        scores=[0.9, 0.8],
        score="log-odds",
        targets=[1, 2],
    )
    writer.flush()
    message = read(tmp_path, "val/ablationca", pb.CORRELATIONS)
    np.testing.assert_array_equal(decode_array(message.sensitivities), WEIGHTS[:, :1])
    assert message.score == "log-odds"
    assert message.scores == pytest.approx([0.9, 0.8])
    first, second = message.related
    assert decode_array(first.pairs).tolist() == RELATED["pairs"]
    assert decode_array(first.correlations).tolist() == RELATED["correlations"]
    assert decode_array(first.joint).tolist() == RELATED["joint"]
    assert [(list(group.superpixels), group.correlation) for group in first.groups] == [([0, 1, 3], 0.5)]
    assert [(count.superpixels, count.correlation) for count in first.block_counts] == [(9, 0.25), (40, 0.5)]
    assert decode_array(second.pairs).shape == (0, 2)
    np.testing.assert_array_equal(label_map(tmp_path, message.samples[1]), SEGMENTS[1])


def test_occlusion(tmp_path: Path, writer: ExplainWriter) -> None:
    scores = random.random((2, 3, 4, 2)).astype(np.float32)
    predicted = random.integers(0, 3, (2, 4, 2))
    writer.add_occlusion(
        "val/occlusion",
        scores,
        [0, 2, 4, 5],
        [0, 3],
        (3, 2),
        np.full((2, 3), 0.9),
        PIXELS,
        1,
        dataformats="NHWC",
        predicted_there=predicted,
    )
    writer.flush()
    message = read(tmp_path, "val/occlusion", pb.OCCLUSION)
    (slider,) = message.sliders
    assert (slider.height, slider.width) == (3, 2)
    assert decode_array(slider.rows).tolist() == [0, 2, 4, 5]
    assert decode_array(slider.columns).tolist() == [0, 3]
    np.testing.assert_allclose(decode_array(slider.scores), scores, atol=2**-11)
    np.testing.assert_array_equal(decode_array(slider.predicted), predicted)
    assert message.scores == pytest.approx([0.9] * 6)


def superpixels(writer: ExplainWriter, **changed: Any) -> None:
    writer.add_superpixels(**{"tag": "t", "segments": SEGMENTS, "weights": WEIGHTS, **changed})


def correlations(writer: ExplainWriter, **changed: Any) -> None:
    given = {"tag": "t", "segments": SEGMENTS, "sensitivities": WEIGHTS[:, 0], "related": [RELATED] * 2}
    writer.add_correlations(**{**given, **changed})


def occlusion(writer: ExplainWriter, **changed: Any) -> None:
    given = {"tag": "t", "scores": np.zeros((1, 2, 2)), "rows": [0, 1], "columns": [0, 1], "window": 2}
    writer.add_occlusion(**{**given, "unoccluded": [1.0], **changed})


@pytest.mark.parametrize(
    ("call", "changed", "sentence"),
    [
        (superpixels, {"segments": SEGMENTS * 1.0}, "segments must be integers [N, h, w], got float64 [2, 8, 6]"),
        (superpixels, {"segments": SEGMENTS - 1}, "segments must be numbered from 0 to 65535, got -1 to 2"),
        (superpixels, {"weights": WEIGHTS[:1]}, "weights must be numbers [2, K] or [2, T, K], got float32 [1, 3, 4]"),
        (
            superpixels,
            {"weights": WEIGHTS[..., :3]},
            "segments go up to 3, but there are weights for 3 superpixels only",
        ),
        (
            superpixels,
            {"errors": WEIGHTS[:, :2]},
            "errors must have the shape of the weights, [2, 3, 4]; got [2, 2, 4]",
        ),
        (superpixels, {"r2": [1, 2, 3]}, "r2 must be numbers [2, 3], got int64 [3]"),
        (superpixels, {"figures": {"road": [1]}}, "the figure 'road' must be numbers [2, 3], got int64 [1]"),
        (superpixels, {"images": PIXELS[:1], "dataformats": "NHWC"}, "got 1 images for 2 samples; give one a sample"),
        (correlations, {"related": []}, "related must have 2 entries, one for each sample and target; got 0"),
        (
            correlations,
            {"related": [{**RELATED, "pairs": [[0, 9], [1, 2]]}] * 2},
            "pairs must name superpixels, 0 to 3",
        ),
        (correlations, {"related": [{**RELATED, "joint": [1]}] * 2}, "joint must be numbers [2], got int64 [1]"),
        (occlusion, {"rows": [0]}, "rows must be 2 ascending pixel positions from 0, got [0]"),
        (occlusion, {"columns": [1, 0]}, "columns must be 2 ascending pixel positions from 0, got [1, 0]"),
        (occlusion, {"unoccluded": [1, 2]}, "unoccluded must be numbers [1, 1], got int64 [2]"),
        (occlusion, {"predicted_there": [1]}, "predicted_there must be class indices [1, 2, 2], got int64 [1]"),
    ],
)
def test_what_cannot_be_logged_is_said_in_a_sentence(
    tmp_path: Path, writer: ExplainWriter, call: Callable[..., None], changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(sentence)) as caught:
        call(writer, **changed)
    assert "\n" not in str(caught.value)
    writer.flush()
    assert writer.failed == 0
    assert not list(tmp_path.rglob("*.data")) or not any(path.stat().st_size for path in tmp_path.rglob("*.data"))


def test_an_unknown_argument_is_named(writer: ExplainWriter) -> None:
    with pytest.raises(TypeError, match="unexpected argument 'lables'; there are dataformats, targets"):
        writer.add_superpixels("t", SEGMENTS, WEIGHTS, lables=[1, 2])  # type: ignore[call-arg]


def test_a_label_map_that_is_not_a_picture_s_size_still_covers_it(tmp_path: Path, writer: ExplainWriter) -> None:
    writer.add_superpixels("t", SEGMENTS[:, :4, :3], WEIGHTS, PIXELS, dataformats="NHWC")
    writer.flush()
    message = read(tmp_path, "t", pb.SUPERPIXELS)
    assert (message.height, message.width) == (8, 6)
    assert label_map(tmp_path, message.samples[0]).shape == (4, 3)


def test_several_targets_a_sample_stay_apart(tmp_path: Path, writer: ExplainWriter) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    probe = Probe(torch.rand(2, 1, 8, 8), name="val")
    (result,) = writer.explain(model, probe, 0, [GradCAM("1", relu=False)], targets=Top(2))
    writer.flush()
    message = read(tmp_path, "val/gradcam/1", pb.HEATMAPS)
    np.testing.assert_allclose(decode_array(message.maps), result.maps.numpy(), atol=result.maps.abs().max() / 250)
    assert list(message.targets) == result.targets.ravel().tolist()
