"""What FilterClusters finds during training is what a reader finds in the records and beside the loss, and training does not notice."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import LIME, AblationCA, FeedbackNetwork, FilterClusters, GradCAM
from tb_explain.pictures import projections
from tb_explain.records import decode_array
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of, kinds_stored
from tests.test_quality_scalars import scalars
from tests.test_verbs import read

LAYERS = ["1", "3"]


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(24, 3),
    )


@pytest.fixture
def model() -> nn.Sequential:
    return network()


IMAGES = torch.rand(24, 1, 8, 8, generator=torch.Generator().manual_seed(1))
CLASSES = torch.arange(24) % 3


@pytest.fixture
def probe() -> Probe:
    return Probe(IMAGES[:5], CLASSES[:5].numpy(), class_names=["cat", "dog", "hen"])


def batches(n: int = 24) -> list[tuple[Tensor, Tensor]]:
    return list(zip(IMAGES[:n].split(8), CLASSES[:n].split(8), strict=True))


def feedback(model: nn.Sequential) -> FeedbackNetwork:
    found = FeedbackNetwork(model, LAYERS)
    found.fit(IMAGES.split(8), epochs=1)
    return found


def change(model: nn.Module) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))


def assert_path(run: Path, stored: pb.ClusterPath, path: Any) -> None:
    space = path.space
    np.testing.assert_array_equal(decode_array(stored.assignments), path.assignments)
    assert tuple(stored.ids) == path.ids
    counts = space.histogram
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    np.testing.assert_allclose(decode_array(stored.histograms), shares, atol=2**-11)
    np.testing.assert_allclose(stored.shares, space.shares, rtol=1e-6)
    np.testing.assert_allclose(stored.purity, space.purities, rtol=1e-6)
    np.testing.assert_allclose(stored.entropy, space.entropies, atol=1e-6)
    np.testing.assert_allclose(decode_array(stored.evidence), path.evidence, rtol=1e-6)
    np.testing.assert_allclose(decode_array(stored.support), path.support, rtol=2**-10)
    assert stored.association == pytest.approx(space.association)
    assert len(stored.patches) == len(space.patches)
    index = index_of(run)
    for found, patch in zip(stored.patches, space.patches, strict=True):
        assert (found.cluster, found.sample, tuple(found.position)) == (patch.cluster, patch.sample, patch.position)
        assert found.distance == pytest.approx(patch.distance)
        assert found.label == patch.label
        assert list(zip(found.starts, found.stops, strict=True)) == [(one.start, one.stop) for one in patch.box]
        pixels = np.asarray(Image.open(io.BytesIO(index.read_blob(pb.IMAGE, found.picture.image))))
        np.testing.assert_array_equal(pixels, np.rint(patch.pixels[0].numpy() * 255))


def test_records_of_all_layers_are_what_was_returned(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    method = FilterClusters(LAYERS, k=[4, 3], data=batches(), feedback=feedback(model), patches=2)
    with ExplainWriter(tmp_path, strict=True) as writer:
        first, second, heat = writer.explain(model, probe, 3, [method, GradCAM("3")])
    assert (first.layer, second.layer, heat.layer) == ("1", "3", "3")
    assert read(tmp_path, "probe/gradcam/3", pb.HEATMAPS).samples
    for result in (first, second):
        message = read(tmp_path, f"probe/filterclusters/{result.layer}", pb.CLUSTERS)
        assert message.order == result.order == LAYERS.index(result.layer)
        assert list(message.turning) == result.turning.tolist()
        np.testing.assert_array_equal(message.novelty, result.novelty)
        assert result.forward.space.patches
        assert_path(tmp_path, message.forward, result.forward)
        assert_path(tmp_path, message.feedback, result.feedback)
        assert list(message.targets) == result.predicted.tolist()
        assert [sample.label for sample in message.samples] == CLASSES[:5].tolist()
        assert [sample.predicted for sample in message.samples] == result.predicted.tolist()
        sure = [sample.probability for sample in message.samples]
        np.testing.assert_allclose(sure, result.predicted_probabilities, rtol=1e-6)


def test_the_study_of_k_is_stored(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        (result,) = writer.explain(model, probe, 3, [FilterClusters("1", k="auto")])
    message = read(tmp_path, "probe/filterclusters/1", pb.CLUSTERS)
    study = result.forward.space.silhouettes
    assert [one.clusters for one in message.counts] == [k for k, _ in study]
    assert [one.silhouette for one in message.counts] == pytest.approx([value for _, value in study])
    assert len(study) > 3
    assert not message.HasField("feedback")


def test_without_a_loader_the_probe_is_clustered_by_its_labels(
    tmp_path: Path, model: nn.Sequential, probe: Probe
) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        writer.explain(model, probe, 3, [FilterClusters("1", k=4)])
    stored = read(tmp_path, "probe/filterclusters/1", pb.CLUSTERS).forward
    assignments = decode_array(stored.assignments)
    counts = np.zeros((4, 3))
    for mine, label in zip(assignments, CLASSES[:5].tolist(), strict=True):
        counts[:, label] += np.bincount(mine.ravel(), minlength=4)
    np.testing.assert_allclose(decode_array(stored.histograms), counts / counts.sum(1, keepdims=True), atol=2**-11)
    np.testing.assert_allclose(stored.shares, counts.sum(1) / counts.sum(), rtol=1e-6)
    assert {patch.label for patch in stored.patches} <= {0, 1, 2}


def test_the_declaration_has_parameters_but_no_loader_and_no_network(
    tmp_path: Path, model: nn.Sequential, probe: Probe
) -> None:
    method = FilterClusters(LAYERS, k=4, data=batches(), feedback=feedback(model), seed=3)
    with ExplainWriter(tmp_path, strict=True) as writer:
        writer.explain(model, probe, 0, [method])
    index = index_of(tmp_path)
    series = index.find("probe/filterclusters/3", pb.CLUSTERS)
    assert series
    declared = series.declaration
    assert (declared.method, declared.layer) == ("FilterClusters", "3")
    assert json.loads(declared.parameters) == {"layer": "3", "k": 4, "patches": 4, "seed": 3}
    assert declared.description.startswith("k-means in filter space")


def test_scalars_beside_the_loss(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    network = feedback(model)
    method = FilterClusters(LAYERS, k=4, data=batches(), feedback=network)
    alone = FilterClusters("1", k=4, data=batches())
    other = Probe(probe.images[:2], name="val")
    with ExplainWriter(tmp_path, strict=True) as writer:
        found = {step: writer.explain(model, probe, step, [method]) for step in (0, 10)}
        (single,) = writer.explain(model, other, 10, [alone])
    logged = scalars(tmp_path)
    for step, results in found.items():
        for result in results:
            root = f"explain/filterclusters/{result.layer}"
            for prefix, path in (("", result.forward), ("feedback_", result.feedback)):
                for name in ("purity", "entropy", "association"):
                    values = dict(logged[f"{root}/{prefix}{name}"])
                    assert values.keys() == {0, 10}
                    assert values[step] == pytest.approx(getattr(path.space, name), rel=1e-6)
    for layer in LAYERS:
        assert logged[f"explain/filterclusters/{layer}/stability"] == [(10, 1.0)], "nothing had changed"
    assert logged["explain/val/filterclusters/purity"] == [(10, pytest.approx(single.forward.space.purity))]
    assert not [tag for tag in logged if tag.startswith("explain/val/filterclusters/1")]


def test_names_and_stability_go_on_from_step_to_step(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    stored = []
    with ExplainWriter(tmp_path, strict=True) as writer:
        for step in range(3):
            (result,) = writer.explain(model, probe, step, [FilterClusters("1", k=5, data=batches())])
            writer.flush()
            message = read(tmp_path, "probe/filterclusters/1", pb.CLUSTERS)
            assert tuple(message.forward.ids) == result.forward.ids
            named = np.array(message.forward.ids)[decode_array(message.forward.assignments)]
            stored.append((named, result.stability))
            change(model)
    assert stored[0][1] is None
    logged = dict(scalars(tmp_path)["explain/filterclusters/stability"])
    assert logged.keys() == {1, 2}
    for step in (1, 2):
        kept = (stored[step][0] == stored[step - 1][0]).mean()
        assert logged[step] == pytest.approx(stored[step][1]) == pytest.approx(kept)
        assert kept > 0.5, "k-means went on from where it was"


def test_a_cluster_that_k_means_finds_elsewhere_keeps_its_name(
    tmp_path: Path, model: nn.Sequential, probe: Probe
) -> None:
    method = FilterClusters("1", k=4, data=batches())
    with ExplainWriter(tmp_path, strict=True) as writer:
        (before,) = writer.explain(model, probe, 0, [method])
        with torch.no_grad():  # the same features, by other channels
            model[0].weight.copy_(model[0].weight.flip(0))
            model[0].bias.copy_(model[0].bias.flip(0))
        (after,) = writer.explain(model, probe, 1, [method])
    message = read(tmp_path, "probe/filterclusters/1", pb.CLUSTERS)
    assert tuple(message.forward.ids) == after.forward.ids != before.forward.ids
    named = np.array(message.forward.ids)[decode_array(message.forward.assignments)]
    assert (named == before.forward.assignments.numpy()).mean() == pytest.approx(after.stability)
    assert after.stability > 0.6


def test_two_probes_are_kept_apart(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    other = Probe(IMAGES[10:15], name="val")
    method = FilterClusters("1", k=4)
    with ExplainWriter(tmp_path, strict=True) as writer:
        for step in range(2):
            (mine,) = writer.explain(model, probe, step, [method])
            (theirs,) = writer.explain(model, other, step, [method])
    assert mine.stability == theirs.stability == 1.0, "each is compared with its own"
    assert scalars(tmp_path)["explain/val/filterclusters/stability"] == [(1, 1.0)]


def test_two_ways_to_cluster_are_kept_apart(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        for step in range(2):
            results = writer.explain(model, probe, step, [FilterClusters("1", k=3), FilterClusters("1", k=4)])
    assert [one.stability for one in results] == [1.0, 1.0]


def failures(run: Path) -> list[tuple[str, int, str]]:
    index = index_of(run)
    return [(one.failure.tag, one.step, one.failure.message) for one in index.failures()]


def test_one_that_fails_takes_no_other_along(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    with ExplainWriter(tmp_path) as writer:
        found = writer.explain(
            model, probe, 6, [FilterClusters("1", k=1000), GradCAM("1"), FilterClusters("3", k=2, seed=1)]
        )
        assert writer.failed == 1
    assert [type(one.method) for one in found] == [GradCAM, FilterClusters]
    ((tag, step, message),) = failures(tmp_path)
    assert (tag, step) == ("probe/filterclusters", 6)
    assert "k=1000 clusters of 80 vectors at layer '1' cannot be; give a smaller k or more images" in message
    assert read(tmp_path, "probe/gradcam/1", pb.HEATMAPS).samples
    assert read(tmp_path, "probe/filterclusters/3", pb.CLUSTERS).samples
    assert "explain/filterclusters/purity" in scalars(tmp_path)


def test_after_a_failure_names_go_on(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    method = FilterClusters("1", k=4)
    with ExplainWriter(tmp_path) as writer:
        writer.explain(model, probe, 0, [method])
        weight = model[0].weight.detach().clone()
        with torch.no_grad():
            model[0].weight.fill_(float("nan"))
        assert not writer.explain(model, probe, 1, [method])
        with torch.no_grad():
            model[0].weight.copy_(weight)
        (result,) = writer.explain(model, probe, 2, [method])
    assert result.stability == 1.0
    ((_, step, message),) = failures(tmp_path)
    assert step == 1
    assert "the layer gave no finite vector to cluster" in message


def test_strict_raises(tmp_path: Path, model: nn.Sequential, probe: Probe) -> None:
    with (
        ExplainWriter(tmp_path, strict=True) as writer,
        pytest.raises(ValueError, match=r"^k=1000 clusters of 80 vectors at layer '1' cannot be"),
    ):
        writer.explain(model, probe, 0, [FilterClusters("1", k=1000)])


def trained(run: Path | None) -> list[Tensor]:
    """Weights after two epochs of a network that draws random numbers, with a loader that does."""
    model = network(3).train()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    loader = DataLoader(TensorDataset(IMAGES, CLASSES), 8, shuffle=True)
    probe = Probe(IMAGES[:4], CLASSES[:4].numpy())
    method = FilterClusters(k=3, data=DataLoader(TensorDataset(IMAGES, CLASSES), 8, shuffle=True))
    writer = None if run is None else ExplainWriter(run, strict=True)
    torch.manual_seed(4)
    for step in range(2):
        for images, labels in loader:
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if writer:
                writer.explain(model, probe, step, [method])
    if writer:
        writer.close()
    return [parameter.detach().clone() for parameter in model.parameters()] + [torch.rand(3)]


def test_training_is_bit_equal_with_clusters(tmp_path: Path) -> None:
    for one, other in zip(trained(None), trained(tmp_path), strict=True):
        assert torch.equal(one, other)


class Volumes(nn.Sequential):
    def __init__(self, stride: tuple[int, int, int] = (2, 2, 2)) -> None:
        torch.manual_seed(0)
        super().__init__(
            nn.Conv3d(1, 4, 3, stride=stride, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool3d(1),
            nn.Flatten(),
            nn.Linear(4, 3),
        )


SIZE = (4, 6, 8)


@pytest.fixture
def volumes() -> Probe:
    return Probe((torch.rand(2, 1, *SIZE, generator=torch.Generator().manual_seed(0)) > 0.5).float(), [0, 1])


def assert_close_to_levels(found: np.ndarray, maps: np.ndarray) -> None:
    np.testing.assert_allclose(found, maps, atol=np.abs(maps).max() / 250)


def test_heat_maps_of_voxels_are_projected_as_the_voxels_are(tmp_path: Path, volumes: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        (result,) = writer.explain(Volumes(), volumes, 0, [GradCAM("1", relu=False)], targets=[[0, 1], [2, 0]])
    assert result.maps.shape == (2, 2, 2, 3, 4)
    message = read(tmp_path, "probe/gradcam/1", pb.HEATMAPS)
    found = decode_array(message.maps)
    assert_close_to_levels(found, projections(result.maps.numpy()))
    assert (message.height, message.width) == volumes.pictures.size == (6, 8 + 4 + 8)
    assert found.shape == (2, 2, 3, 10), "half as many each way"


def test_maps_that_are_coarser_along_one_axis_line_up_too(tmp_path: Path, volumes: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        (result,) = writer.explain(Volumes((1, 2, 2)), volumes, 0, [GradCAM("1", relu=False)])
    assert result.maps.shape == (2, 4, 3, 4)
    found = decode_array(read(tmp_path, "probe/gradcam/1", pb.HEATMAPS).maps)
    resized = nn.functional.interpolate(result.maps[:, None], SIZE, mode="trilinear")
    assert found.shape[2:] == (6, 8 + 4 + 8), "as the picture"
    assert_close_to_levels(found, projections(resized.numpy()))


@pytest.mark.parametrize("method", [LIME(n_segments=5, samples=40), AblationCA(n_segments=5, contexts=2)])
def test_superpixels_of_voxels_are_logged_as_maps(tmp_path: Path, volumes: Probe, method: Any) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        (result,) = writer.explain(Volumes(), volumes, 0, [method])
    name = type(method).__name__.lower()
    message = read(tmp_path, f"probe/{name}", pb.HEATMAPS)
    assert_close_to_levels(decode_array(message.maps)[:, 0], projections(result.maps.numpy()))
    assert not message.samples[0].segments, "label maps are flat"
    assert pb.LABELS not in kinds_stored(tmp_path)


def test_clusters_of_voxels(tmp_path: Path, volumes: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        (result,) = writer.explain(Volumes(), volumes, 0, [FilterClusters("1", k=3, patches=1)])
    message = read(tmp_path, "probe/filterclusters/1", pb.CLUSTERS)
    np.testing.assert_array_equal(decode_array(message.forward.assignments), result.forward.assignments)
    assert decode_array(message.forward.assignments).shape == (2, 2, 3, 4)
    assert message.forward.patches
    for stored, patch in zip(message.forward.patches, result.forward.space.patches, strict=True):
        assert len(stored.position) == len(stored.starts) == len(patch.box) == 3
        assert stored.picture.volume
