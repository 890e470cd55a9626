"""Location instability and part interpretability are what their definitions say, on networks whose maps are the images."""

from __future__ import annotations

import math
from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain.methods import location_instability, make_interpretable, part_interpretability, receptive_fields
from tb_explain.methods.interpretable.parts import centroids
from tb_explain.methods.interpretable.reading import LoudestValues

GENERATOR = torch.Generator().manual_seed(0)


def network(pool: int = 1, axes: int = 2) -> nn.Sequential:
    """Channel f of the image, rectified and averaged over squares of `pool` pixels, is the map of filter f."""
    average = {2: nn.AvgPool2d, 3: nn.AvgPool3d}[axes](pool)
    pooling = {2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}[axes](1)
    return nn.Sequential(OrderedDict(maps=nn.Sequential(average, nn.ReLU()), pool=pooling, head=nn.Flatten()))


def spots(at: Tensor, size: tuple[int, ...], height: Tensor | float = 1.0) -> Tensor:
    """Images [N, C, *size] of one pixel a channel, at positions [N, C, axes]."""
    images = torch.zeros(*at.shape[:2], *size)
    for i in range(at.shape[0]):
        for f in range(at.shape[1]):
            images[(i, f, *at[i, f].tolist())] = height if isinstance(height, float) else height[i, f]
    return images


def test_location_instability_is_the_deviation_of_the_distance_by_the_diagonal() -> None:
    size, n = (12, 16), 30
    at = torch.stack([torch.randint(extent, (n, 3), generator=GENERATOR) for extent in size], -1)
    marks = torch.rand(n, 2, 2, generator=GENERATOR) * 12
    height = torch.rand(n, 3, generator=GENERATOR) + 0.1
    images = spots(at, size, height)
    for top, variance in ((100, "population"), (10, "population"), (10, "sample")):
        found = location_instability(network(), "maps", images, marks, top=top, variance=variance)  # type: ignore[arg-type]
        for f in range(3):
            rows = height[:, f].topk(min(top, n)).indices
            for k in range(2):
                offset = (marks[rows, k] - at[rows, f]) / 20  # the diagonal
                correction = variance == "sample"
                deviation = offset.norm(dim=1).std(correction=correction)
                torch.testing.assert_close(found.deviations[f, k], deviation)
                torch.testing.assert_close(found.wandering[f, k], offset.var(0, correction=correction).sum().sqrt())
        assert found.value == pytest.approx(float(found.deviations.mean()))
        assert found.vector_value == pytest.approx(float(found.wandering.amin(1).mean()))
        assert found.variance == variance and found.dead == () and found.classes is None and found.layer == "maps"
    assert set(found.scalars()) == {
        f"explain/filters/maps/{name}" for name in ("location_instability", "wandering", "dead")
    }


def test_a_filter_that_circles_round_a_part_has_no_deviation_but_wanders() -> None:
    around = torch.tensor([[8, 13], [13, 8], [8, 3], [3, 8], [11, 12], [4, 5], [12, 11], [5, 4]])[:, None]
    at = torch.cat([around, torch.full_like(around, 6)], 1)
    found = location_instability(network(), "maps", spots(at, (17, 17)), torch.full((8, 1, 2), 8.0))
    assert found.deviations[:, 0].tolist() == pytest.approx([0, 0], abs=1e-7)
    assert found.wandering[0, 0] == pytest.approx(5 / math.hypot(17, 17)) and found.wandering[1, 0] == 0


def test_positions_are_the_middle_of_their_share_or_of_their_receptive_field() -> None:
    at = torch.tensor([[[0, 0]], [[8, 12]]])
    marks = torch.tensor([[[0.0, 0.0]], [[0.0, 0.0]]])
    model = network(pool=4)
    images = spots(at, (12, 16))
    found = location_instability(model, "maps", images, marks)
    ends = [math.hypot(1.5, 1.5) / 20, math.hypot(9.5, 13.5) / 20]
    assert found.value == pytest.approx((ends[1] - ends[0]) / 2)
    fields = receptive_fields(model, ["maps"], images)["maps"]
    assert location_instability(model, "maps", images, marks, fields=fields).value == pytest.approx(found.value)
    valid = network()
    valid.maps[0] = nn.AvgPool2d(3, stride=1)
    images[:, :, 0, 0] = 0
    images[0, 0, 1, 1] = 9.0  # peaks at position (0, 0), whose middle is pixel (1, 1)
    images[1, 0, 9:12, 13:16] = 9.0
    fields = receptive_fields(valid, ["maps"], images)["maps"]
    exact = location_instability(valid, "maps", images, marks, fields=fields)
    assert exact.value == pytest.approx((math.hypot(10, 14) - math.hypot(1, 1)) / 40)
    with pytest.raises(ValueError, match="the fields are of a layer of 14 positions, this one has 4"):
        location_instability(model, "maps", images, marks, fields=fields)


def test_dead_filters_absent_parts_and_what_is_not_finite() -> None:
    n = 6
    at = torch.randint(8, (n, 4, 2), generator=GENERATOR)
    images = spots(at, (8, 8))
    images[:, 1] = -1  # dead
    images[2, 0] = torch.nan
    images[:, 3] = torch.nan
    marks = torch.rand(n, 3, 2, generator=GENERATOR) * 8
    marks[1, 0] = torch.nan
    marks[1:, 2] = torch.nan  # in one image only
    found = location_instability(network(), "maps", images, marks)
    assert found.dead == (1, 3)
    assert found.deviations[[1, 3]].isnan().all() and found.deviations[:, 2].isnan().all()
    for f, k, rows in ((0, 0, [0, 3, 4, 5]), (0, 1, [0, 1, 3, 4, 5]), (2, 0, [0, 2, 3, 4, 5])):
        distance = (marks[rows, k] - at[rows, f]).norm(dim=1) / math.hypot(8, 8)
        torch.testing.assert_close(found.deviations[f, k], distance.std(correction=0))
    assert math.isfinite(found.value) and math.isfinite(found.vector_value)


def test_with_labels_only_images_of_the_class_that_excites_the_filter_count() -> None:
    n = 9
    labels = torch.arange(n) % 3
    at = torch.randint(8, (n, 2, 2), generator=GENERATOR)
    height = torch.stack([0.5 + (labels == 2).float(), 0.5 + (labels == 0).float()], 1)
    images, marks = spots(at, (8, 8), height), torch.rand(n, 1, 2, generator=GENERATOR) * 8
    found = location_instability(network(), "maps", images, marks, labels=labels)
    assert found.classes is not None and found.classes.tolist() == [2, 0]
    for f, c in ((0, 2), (1, 0)):
        rows = labels == c
        distance = (marks[rows, 0] - at[rows, f]).norm(dim=1) / math.hypot(8, 8)
        torch.testing.assert_close(found.deviations[f, 0], distance.std(correction=0))


def test_masks_stand_in_for_landmarks_and_loaders_for_images() -> None:
    masks = torch.zeros(4, 2, 9, 9, dtype=torch.bool)
    masks[:, 0, 2:5, 4:7] = True
    masks[0, 0, 6, 5] = True
    middle = centroids(masks)
    assert middle[1, 0].tolist() == [3, 5] and middle[0, 0].tolist() == pytest.approx([3.3, 5])
    assert middle[:, 1].isnan().all()
    at = torch.randint(9, (4, 2, 2), generator=GENERATOR)
    images = spots(at, (9, 9))
    loader = DataLoader(TensorDataset(images, torch.zeros(4, dtype=torch.long)), 3)
    model = network()
    by_masks = location_instability(model, "maps", loader, masks=masks)
    by_marks = location_instability(model, "maps", images, middle)
    torch.testing.assert_close(by_masks.deviations, by_marks.deviations, equal_nan=True)
    assert model.training and model.maps[1].training


def test_an_interpretable_layer_is_read_before_its_mask() -> None:
    model, images = network(), torch.rand(8, 3, 9, 9, generator=GENERATOR)
    masks = torch.rand(8, 2, 9, 9, generator=GENERATOR) > 0.5
    model(images)
    before = [
        location_instability(model, "maps", images, masks=masks).deviations,
        part_interpretability(model, "maps", images, masks, quantile=0.8).shares,
    ]
    make_interpretable(model, "maps")
    assert torch.equal(location_instability(model, "maps", images, masks=masks).deviations, before[0])
    assert torch.equal(part_interpretability(model, "maps", images, masks, quantile=0.8).shares, before[1])
    assert not torch.equal(model.maps(images), network().maps(images))


def iou_by_hand(region: Tensor, mask: Tensor, dilation: int) -> float:
    """Of one filter and one part: the region grown position by position, enlarged pixel by pixel."""
    grown = torch.zeros_like(region)
    for y, x in region.nonzero().tolist():
        grown[max(0, y - dilation) : y + dilation + 1, max(0, x - dilation) : x + dilation + 1] = True
    large = nn.functional.interpolate(grown[None, None].float(), mask.shape, mode="nearest")[0, 0].bool()
    return float((large & mask).sum()) / float((large | mask).sum())


@pytest.mark.parametrize(("pool", "dilation"), [(1, 0), (2, 1), (3, 1)])
def test_part_interpretability_is_how_often_the_loud_region_overlaps_the_part(pool: int, dilation: int) -> None:
    n = 12
    images = torch.rand(n, 3, 13, 14, generator=GENERATOR)
    masks = torch.zeros(n, 2, 13, 14, dtype=torch.bool)
    for i in range(n):
        y, x = 2 + i % 6, 3 + i // 2
        masks[i, 0, y : y + 4, x : x + 4] = True
        images[i, 0, y : y + 4, x : x + 4] += 1
        if i % 3:
            masks[i, 1, :5] = True
    model = network(pool)
    found = part_interpretability(
        model, "maps", DataLoader(TensorDataset(images), 5), masks, quantile=0.9, dilation=dilation, overlap=0.25
    )
    maps = model.maps(images)
    for f in range(3):
        values = maps[:, f].flatten().sort(descending=True).values
        assert found.thresholds[f] == values[round(0.1 * len(values)) - 1]
        for k in range(2):
            has = [i for i in range(n) if masks[i, k].any()]
            hits = [
                iou_by_hand(maps[i, f] >= found.thresholds[f], masks[i, k], dilation) > 0.25 for i in has
            ]  # of those that have the part
            assert found.shares[f, k] == pytest.approx(sum(hits) / len(hits))
    assert found.shares.unique().numel() >= 2 and found.parts[0] == found.shares[0].argmax()
    assert found.value == pytest.approx(float(found.shares.amax(1).mean()))
    assert found.scalars("icnn") == {"icnn/maps/part_interpretability": found.value}


def test_rarely_active_and_dead_filters_have_no_region_where_they_are_silent() -> None:
    images = torch.zeros(10, 3, 8, 8)
    images[0, 0, 3, 3] = 1.0  # the quantile of this filter is 0
    images[:, 2, 3, 3] = 1.0
    masks = torch.zeros(10, 1, 8, 8, dtype=torch.bool)
    masks[:, 0, 2:5, 2:5] = True
    found = part_interpretability(network(), "maps", images, masks, quantile=0.5)
    assert found.dead == (1,) and found.shares[1].isnan().all() and found.parts.tolist() == [0, -1, 0]
    assert found.shares[:, 0].nan_to_num(0).tolist() == pytest.approx([0.1, 0, 1])
    assert found.value == pytest.approx(0.55)


def test_voxels() -> None:
    at = torch.randint(6, (5, 2, 3), generator=GENERATOR)
    voxels = spots(at, (6, 6, 6))
    masks = torch.zeros(5, 1, 6, 6, 6, dtype=torch.bool)
    masks[:, 0, 1:4, 1:4, 1:4] = True
    model = network(axes=3)
    found = location_instability(model, "maps", voxels, masks=masks)
    distance = (at[:, 0] - torch.tensor([2.0, 2, 2])).norm(dim=1) / math.sqrt(3 * 36)
    torch.testing.assert_close(found.deviations[0, 0], distance.std(correction=0))
    assert 0 <= part_interpretability(model, "maps", voxels, masks).value <= 1


def test_the_loudest_values_of_a_stream_are_those_of_the_whole() -> None:
    maps = torch.randn(40, 3, 5, 5, generator=GENERATOR)
    stream = LoudestValues(40, 0.9)
    for part in maps.split(7):
        stream.add(part)
    whole = maps.movedim(1, 0).flatten(1).sort(1, descending=True).values
    assert torch.equal(stream.peaks(), whole[:, 0]) and torch.equal(stream.thresholds(), whole[:, 99])


def test_what_a_metric_needs_is_said_in_a_sentence() -> None:
    model, images = network(), torch.rand(4, 2, 8, 8)
    masks = torch.ones(4, 1, 8, 8, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"needs to know where parts are: give landmarks \[N, K, 2\].* or masks"):
        location_instability(model, "maps", images)
    with pytest.raises(ValueError, match="needs to know which pixels parts cover: give masks"):
        part_interpretability(model, "maps", images)
    with pytest.raises(ValueError, match=r"landmarks must be \[4, K, 2\] for these images, got \[3, 1, 2\]"):
        location_instability(model, "maps", images, torch.zeros(3, 1, 2))
    with pytest.raises(ValueError, match=r"landmarks must be floats \[N, K, axes\] in pixels, got torch.int64"):
        location_instability(model, "maps", images, torch.zeros(4, 1, 2, dtype=torch.long))
    with pytest.raises(ValueError, match="labels must be 4 class indices"):
        location_instability(model, "maps", images, masks=masks, labels=torch.zeros(4))
    with pytest.raises(ValueError, match="top must be 2 images or more, got 1"):
        location_instability(model, "maps", images, masks=masks, top=1)
    with pytest.raises(ValueError, match="variance must be 'population' or 'sample', got 'both'"):
        location_instability(model, "maps", images, masks=masks, variance="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there are masks of 3 images, but 4 images"):
        part_interpretability(model, "maps", images, masks[:3])
    with pytest.raises(ValueError, match=r"masks must have the images' size \[8, 8\], got \[4, 8\]"):
        part_interpretability(model, "maps", images, masks[:, :, :4])
    with pytest.raises(ValueError, match="masks must be bool"):
        part_interpretability(model, "maps", images, masks.float())
    with pytest.raises(ValueError, match="quantile must lie between 0 and 1, got 1"):
        part_interpretability(model, "maps", images, masks, quantile=1)
    pooled = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    with pytest.raises(ValueError, match="layer '1' has one position"):
        location_instability(pooled, "1", images, masks=masks)
    with pytest.raises(ValueError, match="name one layer"):
        part_interpretability(model, None, images, masks)  # type: ignore[arg-type]
