"""What add_clusters and add_reconstructions log, from arrays of anywhere, is what a reader finds."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tb_explain import ExplainWriter, Probe
from tb_explain.pictures import projections
from tb_explain.records import Recorder, decode_array
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of, kinds_stored
from tests.test_verbs import read

random = np.random.default_rng(0)
ASSIGNMENTS = random.integers(0, 5, (2, 4, 3))
ASSIGNMENTS[0, 0, 0] = 4
HISTOGRAMS = np.array([[8, 0, 0], [1, 1, 2], [0, 3, 3], [0, 0, 0], [5, 4, 1]])
SHARES = [0.5, 0.25, 0.125, 0.0, 0.125]
IDS = [7, 3, 11, 0, 300]
EVIDENCE = np.log(random.dirichlet([1, 1, 1], 2))
SUPPORT = np.log(random.random((2, 4, 3)))
PIXELS = random.integers(0, 256, (2, 8, 6, 3), np.uint8)
PATCHES = [
    {"cluster": 4, "image": PIXELS[0, :3, :2], "label": 2, "distance": 0.5},
    {"cluster": 0, "image": PIXELS[1, 1:4, :5]},
]


@pytest.fixture
def writer(tmp_path: Path) -> Any:
    with ExplainWriter(tmp_path) as writer:
        yield writer


def picture(run: Path, message: Any) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(index_of(run).read_blob(pb.IMAGE, message.image))))


def volume(run: Path, message: Any) -> np.ndarray:
    stored = pb.Volume.FromString(index_of(run).read_blob(pb.VOLUME, message.volume))
    return np.frombuffer(zlib.decompress(stored.deflated), np.uint8).reshape(stored.depth, stored.height, stored.width)


def entropy(p: np.ndarray) -> np.ndarray:
    return -np.where(p > 0, p * np.log2(np.where(p > 0, p, 1)), 0).sum(-1)


def assert_path(stored: pb.ClusterPath) -> None:
    """It is what the constants above say."""
    np.testing.assert_array_equal(decode_array(stored.assignments), ASSIGNMENTS)
    assert decode_array(stored.assignments).dtype == np.uint8
    assert list(stored.ids) == IDS
    p = HISTOGRAMS / np.maximum(HISTOGRAMS.sum(1, keepdims=True), 1)
    np.testing.assert_allclose(decode_array(stored.histograms), p, atol=2**-11)
    assert list(stored.shares) == SHARES
    np.testing.assert_allclose(stored.purity, p.max(1), rtol=1e-6)
    np.testing.assert_allclose(stored.entropy, entropy(p), rtol=1e-6)
    whole = entropy(SHARES @ p)
    assert stored.association == pytest.approx((whole - SHARES @ entropy(p)) / whole, rel=1e-5)
    np.testing.assert_allclose(decode_array(stored.evidence), EVIDENCE, rtol=1e-6)
    np.testing.assert_allclose(decode_array(stored.support), SUPPORT, rtol=2**-11)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor, lambda values: np.asarray(values).tolist()])
def test_clusters(tmp_path: Path, writer: ExplainWriter, convert: Callable[[Any], Any]) -> None:
    path = {
        "assignments": convert(ASSIGNMENTS),
        "histograms": convert(HISTOGRAMS),
        "shares": convert(SHARES),
        "ids": convert(IDS),
        "evidence": convert(EVIDENCE),
        "support": convert(SUPPORT),
        "patches": PATCHES,
    }
    writer.add_clusters(
        "val/clusters/layer2",
        images=PIXELS,
        global_step=7,
        dataformats="NHWC",
        order=2,
        feedback={**path, "patches": PATCHES[:1]},
        turning=convert([3, -1]),
        novelty=convert([0.25, 1.0]),
        labels=[0, 2],
        predicted=[1, 2],
        layer="layer2",
        **path,
    )
    writer.flush()
    message = read(tmp_path, "val/clusters/layer2", pb.CLUSTERS)
    assert message.order == 2
    assert list(message.turning) == [3, -1]
    assert list(message.novelty) == [0.25, 1.0]
    assert_path(message.forward)
    assert_path(message.feedback)
    assert list(message.targets) == [1, 2]
    assert [sample.label for sample in message.samples] == [0, 2]
    assert (message.height, message.width) == (8, 6)
    first, second = message.forward.patches
    assert (first.cluster, first.label, first.distance) == (4, 2, 0.5)
    assert (second.cluster, second.HasField("label")) == (0, False)
    np.testing.assert_array_equal(picture(tmp_path, first.picture), PIXELS[0, :3, :2])
    np.testing.assert_array_equal(picture(tmp_path, second.picture), PIXELS[1, 1:4, :5])
    assert [patch.picture.image for patch in message.feedback.patches] == [first.picture.image]


def test_what_is_not_given_is_counted_in_the_samples(tmp_path: Path, writer: ExplainWriter) -> None:
    assignments = [[[0, 0, 2]], [[2, 2, 3]]]
    writer.add_clusters("t", assignments, labels=[1, 0], predicted=[2, 0], feedback={"assignments": assignments})
    writer.flush()
    message = read(tmp_path, "t", pb.CLUSTERS)
    forward, feedback = message.forward, message.feedback
    third = 1 / 3
    expected = [[0, 1, 0], [0, 0, 0], [2 * third, third, 0], [1, 0, 0]]
    np.testing.assert_allclose(decode_array(forward.histograms), expected, atol=2**-11)
    expected = [[0, 0, 1], [0, 0, 0], [2 * third, 0, third], [1, 0, 0]]
    np.testing.assert_allclose(decode_array(feedback.histograms), expected, atol=2**-11)
    np.testing.assert_allclose(forward.shares, [third, 0, 0.5, third / 2], rtol=1e-6)
    assert list(forward.ids) == [0, 1, 2, 3]
    assert not forward.HasField("evidence")
    assert not forward.HasField("support")
    assert not message.turning
    assert not message.novelty
    assert not message.counts


@pytest.mark.parametrize("known", [{"class_names": "abcd"}, {"evidence": np.log(np.full((2, 4), 0.25))}])
def test_there_are_as_many_classes_as_anything_says(
    tmp_path: Path, writer: ExplainWriter, known: dict[str, Any]
) -> None:
    writer.add_clusters("t", ASSIGNMENTS, labels=[0, 1], **known)
    writer.flush()
    assert decode_array(read(tmp_path, "t", pb.CLUSTERS).forward.histograms).shape == (5, 4)


def test_without_labels_there_are_no_histograms(tmp_path: Path, writer: ExplainWriter) -> None:
    writer.add_clusters("t", ASSIGNMENTS)
    writer.flush()
    stored = read(tmp_path, "t", pb.CLUSTERS).forward
    assert decode_array(stored.histograms).shape == (5, 0)
    assert list(stored.purity) == list(stored.entropy) == [0] * 5


def test_a_probe_brings_labels_names_and_pictures(tmp_path: Path, writer: ExplainWriter) -> None:
    probe = Probe(torch.rand(2, 1, 8, 6), [1, 0], class_names=["cat", "dog", "hen"])
    writer.add_clusters("t", ASSIGNMENTS, probe)
    writer.flush()
    message = read(tmp_path, "t", pb.CLUSTERS)
    counted = np.stack([np.bincount(one.ravel(), minlength=5) for one in ASSIGNMENTS[::-1]], 1)  # labels are 1, 0
    expected = np.pad(counted / np.maximum(counted.sum(1, keepdims=True), 1), ((0, 0), (0, 1)))
    np.testing.assert_allclose(decode_array(message.forward.histograms), expected, atol=2**-11)
    assert all(sample.image for sample in message.samples)


def test_voxels(tmp_path: Path, writer: ExplainWriter) -> None:
    assignments = random.integers(0, 3, (2, 2, 3, 4))
    voxels = random.integers(0, 256, (2, 1, 4, 6, 8), np.uint8)
    patches = [{"cluster": 1, "image": voxels[0, :, :2, :3, :4]}]
    support = np.log(random.random((2, 2, 3, 4)))
    writer.add_clusters("t", assignments, voxels, labels=[0, 1], patches=patches, support=support)
    writer.add_reconstructions("t", {"": voxels[::-1]}, voxels)
    writer.flush()
    message = read(tmp_path, "t", pb.CLUSTERS)
    np.testing.assert_array_equal(decode_array(message.forward.assignments), assignments)
    assert decode_array(message.forward.support).shape == assignments.shape
    np.testing.assert_array_equal(volume(tmp_path, message.forward.patches[0].picture), voxels[0, 0, :2, :3, :4])
    assert (message.height, message.width) == (6, 8 + 4 + 8)
    (found,) = read(tmp_path, "t", pb.RECONSTRUCTIONS).reconstructions
    for stored, one in zip(found.pictures, voxels[::-1, 0], strict=True):
        np.testing.assert_array_equal(volume(tmp_path, stored), one)
        np.testing.assert_array_equal(picture(tmp_path, stored), projections(one))


@pytest.mark.parametrize(("k", "dtype"), [(256, np.uint8), (257, np.uint16), (300, np.uint16), (65536, np.uint16)])
def test_many_clusters(tmp_path: Path, writer: ExplainWriter, k: int, dtype: Any) -> None:
    assignments = np.array([[[0, k - 1]]])
    writer.add_clusters("t", assignments)
    writer.flush()
    found = decode_array(read(tmp_path, "t", pb.CLUSTERS).forward.assignments)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, assignments)


@pytest.mark.filterwarnings("error")
def test_what_is_impossible_stays_a_number(tmp_path: Path, writer: ExplainWriter) -> None:
    support = SUPPORT.copy()
    support[0, 0, 0], support[0, 0, 1], support[1, 0, 0] = -np.inf, np.nan, -1e6
    evidence = EVIDENCE.copy()
    evidence[0, 0] = -np.inf
    writer.add_clusters("t", ASSIGNMENTS, support=support, evidence=evidence)
    writer.flush()
    assert writer.failed == 0
    stored = read(tmp_path, "t", pb.CLUSTERS).forward
    found = decode_array(stored.support)
    assert np.isfinite(found).all()
    assert found[0, 0, 0] == found[1, 0, 0] == -65504
    assert decode_array(stored.evidence)[0, 0] < -1e38
    assert np.isfinite(decode_array(stored.evidence)).all()


def test_reconstructions(tmp_path: Path, writer: ExplainWriter) -> None:
    shown = {name: random.integers(0, 256, (2, 8, 6, 3), np.uint8) for name in ("layer2", "layer1", "")}
    writer.add_reconstructions(
        "val/feedback",
        {"layer2": shown["layer2"], "layer1": torch.from_numpy(shown["layer1"]), "": (shown[""] / 255).tolist()},
        PIXELS,
        5,
        dataformats="NHWC",
        errors={"layer1": [0.5, 2.0], "": torch.tensor([4.0, 8.0])},
        representatives=PIXELS[::-1],
        prototypes=shown["layer1"],
        predicted=[1, 0],
    )
    writer.flush()
    message = read(tmp_path, "val/feedback", pb.RECONSTRUCTIONS)
    assert [one.layer for one in message.reconstructions] == ["layer2", "layer1", ""], "in the order given"
    assert [list(one.errors) for one in message.reconstructions] == [[], [0.5, 2.0], [4.0, 8.0]]
    for one in message.reconstructions:
        assert not one.through_centroids
        for stored, pixels in zip(one.pictures, shown[one.layer], strict=True):
            np.testing.assert_array_equal(picture(tmp_path, stored), pixels)
    for stored, pixels in zip(message.representatives, PIXELS[::-1], strict=True):
        np.testing.assert_array_equal(picture(tmp_path, stored), pixels)
    for stored, pixels in zip(message.prototypes, shown["layer1"], strict=True):
        np.testing.assert_array_equal(picture(tmp_path, stored), pixels)
    assert list(message.targets) == [1, 0]


def test_pictures_are_stored_once_for_all_steps(tmp_path: Path, writer: ExplainWriter) -> None:
    for step in range(4):
        writer.add_clusters("a", ASSIGNMENTS, PIXELS, step, dataformats="NHWC", patches=PATCHES)
        writer.add_reconstructions("b", {"x": PIXELS, "": PIXELS}, PIXELS, step, dataformats="NHWC")
    writer.flush()
    assert kinds_stored(tmp_path).count(pb.IMAGE) == 4, "two samples and two patches"


def test_the_queue_knows_what_waits(monkeypatch: pytest.MonkeyPatch, writer: ExplainWriter) -> None:
    waiting: list[int] = []

    def put(_: Recorder, tag: str, step: int, nbytes: int, make: Any) -> bool:
        waiting.append(nbytes)
        return False

    monkeypatch.setattr(Recorder, "put", put)
    large = np.zeros((2, 256, 256, 3), np.uint8)
    probe = Probe(torch.rand(2, 3, 256, 256))
    writer.add_clusters("a", ASSIGNMENTS, probe)
    writer.add_clusters("a", ASSIGNMENTS, large, dataformats="NHWC")
    writer.add_clusters("a", ASSIGNMENTS, probe, dataformats="NHWC", patches=[{"cluster": 0, "image": large[0]}])
    writer.add_reconstructions("b", {"x": large}, probe, dataformats="NHWC", representatives=large, prototypes=large)
    small = 1000
    assert ASSIGNMENTS.nbytes <= waiting[0] < ASSIGNMENTS.nbytes + small, "a probe's pictures wait for nobody"
    for found, pictures in zip(waiting[1:], (large.nbytes, large[0].nbytes, 3 * large.nbytes), strict=True):
        assert pictures <= found < pictures + small


def clusters(writer: ExplainWriter, **changed: Any) -> None:
    writer.add_clusters(**{"tag": "t", "assignments": ASSIGNMENTS, **changed})


def decoded(writer: ExplainWriter, **changed: Any) -> None:
    given = {"tag": "t", "reconstructions": {"a": PIXELS, "": PIXELS}, "dataformats": "NHWC"}
    writer.add_reconstructions(**{**given, **changed})


@pytest.mark.parametrize(
    ("call", "changed", "sentence"),
    [
        (
            clusters,
            {"assignments": ASSIGNMENTS * 1.0},
            "assignments must be integers [N, h, w] or [N, d, h, w], got float64 [2, 4, 3]",
        ),
        (clusters, {"assignments": [[1, 2]]}, "assignments must be integers [N, h, w] or [N, d, h, w], got int64 [1"),
        (clusters, {"assignments": np.zeros((0, 2, 2), int)}, "assignments must be integers [N, h, w] or [N, d, h, w]"),
        (clusters, {"assignments": ASSIGNMENTS - 1}, "clusters must be numbered from 0 to 65535, got -1 to 3"),
        (clusters, {"assignments": ASSIGNMENTS + 65532}, "clusters must be numbered from 0 to 65535, got 65532 to"),
        (clusters, {"order": -1}, "order must be a whole number from 0, the first layer; got -1"),
        (clusters, {"order": 0.5}, "order must be a whole number from 0, the first layer; got 0.5"),
        (
            clusters,
            {"histograms": HISTOGRAMS[:4]},
            "histograms must be numbers from 0, [k, classes] for at least 5 clusters; got [4, 3]",
        ),
        (clusters, {"histograms": -HISTOGRAMS}, "histograms must be numbers from 0, [k, classes] for at least 5"),
        (clusters, {"histograms": HISTOGRAMS * np.nan}, "histograms must be numbers from 0, [k, classes] for at least"),
        (clusters, {"shares": [1, 2]}, "shares must be numbers [5], got int64 [2]"),
        (clusters, {"shares": [3, 1, 1, 1, 1]}, "shares must lie in 0..1, got values from 1 to 3"),
        (clusters, {"shares": [np.nan, 1, 0, 0, 0]}, "shares must lie in 0..1, got values from nan to nan"),
        (clusters, {"ids": [1, 2]}, "ids must be 5 different numbers from 0, one a cluster; got [1, 2]"),
        (clusters, {"ids": [1, 2, 3, 4, 1]}, "ids must be 5 different numbers from 0, one a cluster; got [1, 2, 3, 4"),
        (clusters, {"ids": [-1, 2, 3, 4, 5]}, "ids must be 5 different numbers from 0, one a cluster; got [-1, 2,"),
        (clusters, {"ids": [0, 1, 2, 3, 1 << 32]}, "ids must be 5 different numbers from 0, one a cluster; got [0,"),
        (clusters, {"evidence": EVIDENCE, "histograms": HISTOGRAMS[:, :2]}, "evidence must be numbers [2, 2], got"),
        (clusters, {"evidence": EVIDENCE[0], "labels": [0, 2]}, "evidence must be numbers [2, 3], got float64 [3]"),
        (clusters, {"support": SUPPORT[:, :2]}, "support must be numbers [2, 4, 3], got float64 [2, 2, 3]"),
        (
            clusters,
            {"turning": [1]},
            "turning must be 2 orders of layers from 0, or -1; got int64 [1]",
        ),
        (clusters, {"turning": [1, -2]}, "turning must be 2 orders of layers from 0, or -1; got int64 [2]"),
        (clusters, {"turning": [0.5, 1]}, "turning must be 2 orders of layers from 0, or -1; got float64 [2]"),
        (clusters, {"novelty": [1]}, "novelty must be numbers [2], got int64 [1]"),
        (clusters, {"images": PIXELS[:1], "dataformats": "NHWC"}, "got 1 images for 2 samples; give one a sample"),
        (clusters, {"labels": [1]}, "labels must be 2 class indices (integers from 0), got int64 [1]"),
        (
            clusters,
            {"patches": [{"cluster": 5, "image": PIXELS[0, ..., 0]}]},
            "a patch is of cluster 5, but there are 5 clusters, 0 to 4",
        ),
        (clusters, {"patches": [{"cluster": 0, "image": 3}]}, "images must be [N, H, W] or four axes as dataformats="),
        (
            clusters,
            {"feedback": {"assignments": ASSIGNMENTS[:1]}},
            "got assignments of 1 samples and 2 samples; give one a sample",
        ),
        (decoded, {"reconstructions": {}}, "no reconstructions given; give at least one layer's"),
        (decoded, {"reconstructions": {"a": PIXELS[:0]}}, "the reconstructions are of no sample; give at least one"),
        (
            decoded,
            {"reconstructions": {"a": PIXELS, "": PIXELS[:1]}},
            "got 1 images for '' and 2 for 'a'; give one a sample",
        ),
        (decoded, {"reconstructions": {"a": PIXELS * 2.0}}, "float images to show must lie in 0..1, got values from"),
        (decoded, {"representatives": PIXELS[:1]}, "got 1 images for 'representatives' and 2 for 'a'; give one a"),
        (decoded, {"prototypes": PIXELS[:1]}, "got 1 images for 'prototypes' and 2 for 'a'; give one a sample"),
        (
            decoded,
            {"errors": {"b": [1, 2]}},
            "errors for 'b', of which there is no reconstruction; give them by layer",
        ),
        (decoded, {"errors": {"a": [1]}}, "errors of 'a' must be numbers [2], got int64 [1]"),
        (decoded, {"images": PIXELS[:1]}, "got 1 images for 2 samples; give one a sample"),
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
    assert not any(path.stat().st_size for path in tmp_path.rglob("*.data"))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"feedback": {"assignment": ASSIGNMENTS}}, "unexpected 'assignment' of a cluster path; there are assignments"),
        ({"feedback": {}}, "a cluster path needs 'assignments', got nothing"),
        ({"patches": [{"cluster": 0}]}, "a patch needs 'image', got cluster"),
        (
            {"patches": [{"image": PIXELS[0], "klass": 0}]},
            "unexpected 'klass' of a patch; there are cluster, distance, image, label",
        ),
        ({"lables": [1, 2]}, "unexpected argument 'lables'; there are dataformats, targets"),
    ],
)
def test_an_unknown_or_missing_word_is_named(writer: ExplainWriter, changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TypeError, match="^" + re.escape(sentence)):
        clusters(writer, **changed)
