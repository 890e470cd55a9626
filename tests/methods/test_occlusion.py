"""Occlusion by one window and by two, against captum, brute force and closed forms."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from captum.attr import FeatureAblation
from captum.attr import Occlusion as PeerOcclusion
from torch import nn

from tb_explain.methods import Flag, MultiLabel, Occlusion, OcclusionPairs, Output, Top, attribute
from tb_explain.methods.results import OcclusionPairScores, OcclusionScores, Slider

TOLERANCE = 1e-5
CLASSES = 5


class Small(nn.Module):
    """Two convolutions and a Linear over all sites: nothing in it is symmetric."""

    def __init__(self, channels: int = 3, classes: int = CLASSES) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(channels, 8, 3), nn.ReLU(), nn.Conv2d(8, 6, 3, stride=2), nn.Tanh())
        self.fc = nn.LazyLinear(classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(images).flatten(1))


def made(channels: int = 3, classes: int = CLASSES, size: tuple[int, int] = (20, 17)) -> Small:
    torch.manual_seed(1)
    model = Small(channels, classes)
    model(torch.zeros(1, channels, *size))
    return model.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(3, 3, 20, 17, generator=torch.Generator().manual_seed(0))


def linear(images: torch.Tensor) -> nn.Sequential:
    torch.manual_seed(2)
    return nn.Sequential(nn.Flatten(), nn.Linear(images[0].numel(), CLASSES))


def assert_close(ours: torch.Tensor, truth: torch.Tensor) -> None:
    assert ours.shape == truth.shape
    difference = ((ours.double() - truth.double()).abs().max() / truth.abs().max()).item()
    assert difference <= TOLERANCE, f"{difference:.2e}"


def hidden(image: torch.Tensor, baseline: float, *windows: tuple[int, int, int, int]) -> torch.Tensor:
    copy = image.clone()
    for top, left, height, width in windows:
        copy[..., top : top + height, left : left + width] = baseline
    return copy


def windows_of(slider: Slider) -> list[tuple[int, int, int, int]]:
    return [(top, left, slider.height, slider.width) for top in slider.rows for left in slider.columns]


def occluded(method: Occlusion, model: nn.Module, images: torch.Tensor, targets: object = None) -> OcclusionScores:
    found = method(model, images, targets)
    assert isinstance(found, OcclusionScores)
    return found


def paired(
    method: OcclusionPairs, model: nn.Module, images: torch.Tensor, targets: object = None
) -> OcclusionPairScores:
    found = method(model, images, targets)
    assert isinstance(found, OcclusionPairScores)
    return found


def test_a_linear_model_loses_its_weighted_input(images: torch.Tensor) -> None:
    model = linear(images)
    found = occluded(Occlusion([4, (6, 9), "large"], score="logit"), model, images, Top(2))
    weighted = model[1].weight.view(1, CLASSES, *images.shape[1:]) * images[:, None]
    assert [(slider.height, slider.width) for slider in found.sliders] == [(4, 4), (6, 9), (8, 8)]
    for slider in found.sliders:
        truth = torch.stack(
            [weighted[..., y : y + h, x : x + w].sum((2, 3, 4)) for y, x, h, w in windows_of(slider)], 2
        ).gather(1, found.targets[..., None].expand(-1, -1, len(slider.rows) * len(slider.columns)))
        assert_close((found.scores[..., None, None] - slider.scores).flatten(2), truth.detach())


@pytest.mark.parametrize("baseline", [0.0, 0.7])
def test_scores_and_predicted_classes_equal_one_image_at_a_time(images: torch.Tensor, baseline: float) -> None:
    model = made()
    found = occluded(Occlusion([5, (3, 7)], stride=(2, 3), baseline=baseline), model, images, [0, 4, 2])
    for row, slider in itertools.product(range(3), found.sliders):
        truth = torch.cat([model(hidden(images[row : row + 1], baseline, window)) for window in windows_of(slider)])
        assert_close(slider.scores[row].flatten(), truth.softmax(1)[:, [0, 4, 2][row]].detach())
        assert torch.equal(slider.predicted[row].flatten(), truth.argmax(1))
    assert_close(found.scores, model(images).softmax(1)[range(3), [0, 4, 2]].detach())
    assert len(found.sliders[0].predicted.unique()) > 1


def test_the_windows_reach_the_border_and_a_large_one_is_cut_to_the_image(images: torch.Tensor) -> None:
    found = occluded(Occlusion([5, 40], stride=4), made(), images)
    first, second = found.sliders
    assert (first.rows, first.columns) == ((0, 4, 8, 12, 15), (0, 4, 8, 12))
    assert (second.height, second.width, second.rows, second.columns) == (20, 17, (0,), (0,))
    assert_close(second.scores[:, 0, 0], made()(torch.zeros(1, 3, 20, 17)).softmax(1)[0, found.targets].detach())


def test_sizes_by_name_are_shares_of_the_shorter_side() -> None:
    images = torch.randn(1, 3, 30, 40)
    model = made(size=(30, 40))
    found = occluded(Occlusion(), model, images)
    assert [(slider.height, slider.width) for slider in found.sliders] == [(3, 3), (9, 9), (14, 14)]
    assert [slider.rows[1] for slider in found.sliders] == [1, 3, 5]
    assert torch.equal(found.maps, found.map_of(found.sliders[1]))
    tiny = torch.randn(1, 3, 5, 6)
    sliders = occluded(Occlusion(), linear(tiny), tiny).sliders
    assert [slider.height for slider in sliders] == [1, 2]  # small and medium are both 1 of 5


@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize(("size", "stride"), [((4, 5), (4, 3)), ((2, 3), (2, 2)), ((8, 5), (4, 4))])
def test_maps_equal_captum_where_windows_fit(
    images: torch.Tensor, size: tuple[int, int], stride: tuple[int, int], score: str
) -> None:
    """captum too averages over the windows that cover a pixel."""
    model = made()
    found = occluded(Occlusion([size], stride, score=score), model, images, 3)
    peer = PeerOcclusion(model if score == "logit" else lambda x: model(x).softmax(1))
    theirs = peer.attribute(images, (3, *size), (3, *stride), target=3)
    assert_close(found.maps, theirs[:, 0])


def test_maps_equal_captum_but_for_the_last_windows(images: torch.Tensor) -> None:
    """Where strides do not end at the border captum's last window is cut by it, a smaller one; ours stands at it, whole.

    So pixels agree that no last window of either covers, and captum's others are the means over its cut windows.
    """
    model = made()
    size, stride = (6, 5), (4, 5)
    found = occluded(Occlusion([size], stride, score="logit"), model, images, 3)
    theirs = PeerOcclusion(model).attribute(images, (3, *size), (3, *stride), target=3)[:, 0]
    assert found.sliders[0].rows == (0, 4, 8, 12, 14)
    assert_close(found.maps[:, :14, :12], theirs[:, :14, :12])
    assert not torch.allclose(found.maps[:, 16:], theirs[:, 16:])
    total, count = torch.zeros(2, 3, 20, 17)
    for top, left in itertools.product(range(0, 17, 4), range(0, 16, 5)):
        drop = (model(images) - model(hidden(images, 0, (top, left, *size))))[:, 3].detach()
        total[:, top : top + 6, left : left + 5] += drop[:, None, None]
        count[:, top : top + 6, left : left + 5] += 1
    assert_close(theirs, total / count)


def test_windows_side_by_side_equal_captums_feature_ablation(images: torch.Tensor) -> None:
    images = images[..., :15]
    model = made(size=(20, 15))
    slider = occluded(Occlusion(5, 5, score="logit"), model, images, 1).sliders[0]
    features = torch.arange(12).reshape(4, 3).repeat_interleave(5, 0).repeat_interleave(5, 1)
    theirs = FeatureAblation(model).attribute(images, feature_mask=features[None, None], target=1)
    assert_close(model(images)[:, 1, None, None].detach() - slider.scores, theirs[:, 0, ::5, ::5])


def test_maps_are_exact_under_autocast(images: torch.Tensor) -> None:
    found = occluded(Occlusion(5), made(), images)
    plain = found.maps
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(found.maps, plain)


def brute_force(model: nn.Module, images: torch.Tensor, target: int, found: OcclusionPairScores) -> torch.Tensor:
    held, moved = (
        [(*corner, windows.height, windows.width) for corner in windows.corners]
        for windows in (found.held, found.moved)
    )
    rows = [torch.stack([model(hidden(images, 0, p, q))[:, target] for q in moved], 1) for p in held]
    return torch.stack(rows, 1).detach()


@pytest.mark.parametrize(
    "method",
    [
        OcclusionPairs(5, score="logit"),
        OcclusionPairs(5, stride=4, score="logit"),
        OcclusionPairs((4, 6), moved_size=7, score="logit"),
        OcclusionPairs("small", moved_size="large", stride=6, score="logit"),
        OcclusionPairs(5, score="logit", max_evals=40),
    ],
    ids=["symmetric", "overlapping", "two sizes", "within each other", "held at few"],
)
def test_the_table_of_two_windows_equals_brute_force(images: torch.Tensor, method: OcclusionPairs) -> None:
    model = made()
    found = paired(method, model, images, 2)
    truth = brute_force(model, images, 2, found)
    assert_close(found.pairs, truth)
    for windows in (found.held, found.moved):
        size = (windows.height, windows.width)
        alone = torch.stack([model(hidden(images, 0, (*corner, *size)))[:, 2] for corner in windows.corners], 1)
        assert_close(windows.alone, alone.detach())
    clean = model(images)[:, 2, None, None].detach()
    assert_close(
        found.interactions,
        (clean - found.held.alone[..., None]) + (clean - found.moved.alone[:, None]) - (clean - truth),
    )


def test_pairs_equal_captums_ablation_of_two_features(images: torch.Tensor) -> None:
    model = made()
    found = paired(OcclusionPairs(5, score="logit"), model, images, 1)
    p, q = 2, 7
    features = torch.zeros(1, 1, 20, 17, dtype=torch.long)
    for top, left in (found.held.corners[p], found.moved.corners[q]):
        features[..., top : top + 5, left : left + 5] = 1
    theirs = FeatureAblation(model).attribute(images, feature_mask=features, target=1)
    top, left = found.held.corners[p]
    assert_close(model(images)[:, 1].detach() - found.pairs[:, p, q], theirs[:, 0, top, left])


def test_pairs_of_a_linear_model_do_not_interact(images: torch.Tensor) -> None:
    found = paired(OcclusionPairs(4, score="logit"), linear(images), images, 1)
    apart = ~torch.eye(len(found.held.corners), dtype=torch.bool)
    assert len(found.held.corners) == 20  # side by side, 5 x 4
    assert found.interactions[:, apart].abs().max() <= 1e-5 * found.pairs.abs().max()
    assert_close(found.interactions[:, ~apart], found.scores[:, None] - found.held.alone)  # a window with itself


class Logic(nn.Module):
    """Two marks, at (1, 1) and (9, 13): logits of "both", "either" and "one more than the other"."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        a, b = images[:, 0, 1, 1], images[:, 0, 9, 13]
        return torch.stack([a * b, torch.maximum(a, b), a + b], 1)


def test_a_pair_that_is_needed_together_interacts_by_plus_one_and_one_of_which_either_will_do_by_minus_one() -> None:
    images = torch.rand(2, 1, 12, 16)
    images[:, 0, 1, 1] = images[:, 0, 9, 13] = 1
    found = paired(OcclusionPairs(4, score="logit"), Logic(), images, torch.tensor([[0, 1, 2]]).expand(2, 3))
    p, q = found.held.corners.index((0, 0)), found.held.corners.index((8, 12))
    assert torch.equal(found.interactions[:, :, p, q], torch.tensor([[1.0, -1.0, 0.0]]).expand(2, 3))
    others = found.interactions.clone()
    others[..., [p, q, p, q], [q, p, p, q]] = 0
    assert not others.any()


class Counting(nn.Module):
    """Counts the images that it is shown, after the first pass over the batch."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.seen = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        return self.inner(images)


@pytest.mark.parametrize("max_evals", [33, 60, 100, 119, 120, 270, 271, 5000])
@pytest.mark.parametrize("moved_size", [None, (5, 4)])
def test_pairs_stay_within_the_evaluations_that_they_may_use(
    images: torch.Tensor, max_evals: int, moved_size: tuple[int, int] | None
) -> None:
    model = Counting(made())
    method = OcclusionPairs((4, 5), moved_size=moved_size, max_evals=max_evals)  # 5 x 3 held; 5 x 3 or 4 x 4 moved
    every = 15 + 15 * 14 / 2 if moved_size is None else 15 + 16 + 15 * 16
    found = paired(method, model, images)
    evals = (model.seen - len(images)) / len(images)
    assert evals <= max_evals
    rows, columns = (sorted(set(axis)) for axis in zip(*found.held.corners, strict=True))
    assert [*itertools.product(rows, columns)] == [*found.held.corners]
    shapes = [(5, 3), (4, 3), (3, 3), (2, 3), (2, 2), (1, 2), (1, 1)]
    place = shapes.index((len(rows), len(columns)))
    assert (place == 0) == (max_evals >= every)
    if place:  # with a row or column more it would have been too many
        moved, held = len(found.moved.corners), shapes[place - 1][0] * shapes[place - 1][1]
        symmetric = moved + held * (moved - 1) - held * (held - 1) / 2
        assert (symmetric if moved_size is None else held + moved + held * moved) > max_evals
    if len(rows) > 1:
        assert (rows[0], rows[-1]) == (0, 16)
    else:
        assert rows == [8]
    if max_evals >= every:
        assert evals == every


def test_too_few_evaluations_for_one_held_window(images: torch.Tensor) -> None:
    for moved_size, positions, fewest in ((None, 15, 29), ((5, 4), 16, 33)):
        with pytest.raises(ValueError, match=rf"is too few for the {positions} positions.*give {fewest} or more"):
            OcclusionPairs((4, 5), moved_size=moved_size, max_evals=fewest - 1)(made(), images)
        OcclusionPairs((4, 5), moved_size=moved_size, max_evals=fewest)(made(), images)


def test_the_default_pairs_of_a_photograph_fit_the_evaluations() -> None:
    images = torch.rand(1, 1, 224, 224)
    model = Counting(nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten()))
    found = paired(OcclusionPairs(), model, images)
    assert (len(found.held.corners), len(found.moved.corners)) == (49, 100)
    assert model.seen - 1 == 100 + 49 * 99 - 49 * 48 / 2


@pytest.mark.parametrize("method", [Occlusion([5, 9]), OcclusionPairs(8)], ids=["one window", "two"])
def test_several_targets_come_from_the_same_passes(images: torch.Tensor, method: Occlusion | OcclusionPairs) -> None:
    model = Counting(made())
    several = method(model, images, torch.tensor([[0, 1, 2, 3, 4]]).expand(3, 5))
    seen, model.seen = model.seen, 0
    one = method(model, images, 3)
    assert model.seen == seen
    if isinstance(several, OcclusionScores) and isinstance(one, OcclusionScores):
        assert_close(several.maps[:, 3], one.maps)
        assert torch.equal(several.sliders[0].predicted, one.sliders[0].predicted)
        assert torch.allclose(several.sliders[1].scores.sum(1), torch.tensor(1.0))
    if isinstance(several, OcclusionPairScores) and isinstance(one, OcclusionPairScores):
        assert torch.allclose(several.pairs[:, 3], one.pairs, atol=1e-6)
        assert torch.allclose(several.pairs.sum(1), torch.tensor(1.0))


def test_batches_do_not_matter_nor_do_baselines_of_each_image(images: torch.Tensor) -> None:
    model = made()
    baselines = torch.randn(3, 3, 20, 17)
    method = Occlusion(5, baseline=baselines)
    whole, parts = (attribute(model, images, [method], 1, batch_size=size)[0] for size in (16, 2))
    assert isinstance(whole, OcclusionScores)
    assert isinstance(parts, OcclusionScores)
    assert torch.allclose(whole.sliders[0].scores, parts.sliders[0].scores, atol=1e-6)
    for row in range(3):
        alone = occluded(Occlusion(5, baseline=baselines[row]), model, images[row : row + 1], 1)
        assert torch.allclose(alone.sliders[0].scores[0], whole.sliders[0].scores[row], atol=1e-6)
    with pytest.raises(ValueError, match="got 2 baselines for more images"):
        Occlusion(5, baseline=baselines[:2])(model, images)


def test_the_mean_colour_as_baseline(images: torch.Tensor) -> None:
    model = made()
    found = occluded(Occlusion(40, baseline="mean", score="logit"), model, images, 1)
    flat = images.mean((2, 3), keepdim=True).expand_as(images)
    assert_close(found.sliders[0].scores[:, 0, 0], model(flat)[:, 1].detach())
    blurred = occluded(Occlusion(40, baseline="blur", score="logit"), model, images, 1)
    assert not torch.allclose(blurred.sliders[0].scores, found.sliders[0].scores)


class Several(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        scores = self.inner(images)
        return {"coarse": scores[:, :2], "fine": scores}


@pytest.mark.parametrize(
    ("wrapped", "targets", "predicted"),
    [
        (Several, Output("fine", 2), lambda scores: scores.argmax(1)),
        (Several, Output("coarse", 1), lambda scores: scores[:, :2].argmax(1)),
        (Several, Output("fine", lambda scores: scores[:, 2]), lambda scores: scores.argmax(1)),
        (Several, lambda output: output["fine"][:, 2], lambda scores: torch.full((len(scores),), -1)),
        (nn.Sequential, lambda scores: scores[:, 2], lambda scores: scores.argmax(1)),
        (nn.Sequential, MultiLabel(2), lambda scores: scores.argmax(1)),
    ],
    ids=["output", "another output", "callable in an output", "no classes", "callable", "labels"],
)
def test_the_predicted_class_is_that_of_the_output_asked_for(
    images: torch.Tensor,
    wrapped: Callable[[nn.Module], nn.Module],
    targets: object,
    predicted: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    model = made()
    found = occluded(Occlusion(9, 3), wrapped(model), images, targets)
    slider = found.sliders[0]
    for place, window in enumerate(windows_of(slider)):
        assert torch.equal(slider.predicted.flatten(1)[:, place], predicted(model(hidden(images, 0, window))))


def test_a_single_logit_has_two_classes(images: torch.Tensor) -> None:
    model = made(classes=1)
    against, for_ = (occluded(Occlusion(6), model, images, target) for target in (0, 1))
    assert torch.allclose(against.maps, -for_.maps, atol=1e-6)
    truth = model(hidden(images, 0, (0, 0, 6, 6)))[:, 0]
    assert_close(for_.sliders[0].scores[:, 0, 0], truth.sigmoid().detach())
    assert torch.equal(for_.sliders[0].predicted[:, 0, 0], (truth > 0).long())


class Segmenter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.conv(images) ** 5  # a class of few sites can have the largest mean


def test_the_predicted_class_of_a_segmentation_is_the_one_with_most_sites(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = Segmenter()
    for targets in (1, lambda scores: scores[:, 1].mean((1, 2))):
        found = occluded(Occlusion(11, 3), model, images, targets)
        slider = found.sliders[0]
        by_mean = torch.stack([model(hidden(images, 0, one)).mean((2, 3)).argmax(1) for one in windows_of(slider)], 1)
        assert not torch.equal(slider.predicted.flatten(1), by_mean)
        for place, window in enumerate(windows_of(slider)):
            regions = model(hidden(images, 0, window)).argmax(1).flatten(1)
            most = torch.nn.functional.one_hot(regions, 4).sum(1).argmax(1)
            assert torch.equal(slider.predicted.flatten(1)[:, place], most)


@pytest.mark.parametrize("channels", [1, 4])
def test_any_number_of_channels(channels: int) -> None:
    images = torch.randn(2, channels, 20, 17)
    found = occluded(Occlusion(6, score="log-odds"), made(channels), images)
    assert found.maps.shape == (2, 20, 17)
    assert found.maps.isfinite().all()
    assert found.flags.tolist() == [0, 0]


@pytest.mark.parametrize("method", [Occlusion([5, 8]), OcclusionPairs(6)], ids=["one window", "two"])
def test_what_cannot_be_trusted_says_so(images: torch.Tensor, method: Occlusion | OcclusionPairs) -> None:
    model = made()
    images = torch.cat([images, torch.zeros(1, 3, 20, 17), 1e-5 * torch.ones(1, 3, 20, 17)])
    images[1, 2, 9, 3] = torch.nan  # hidden by some windows, not by others
    images[2, 0, 3, 4] = torch.inf
    found = method(model, images, 1)
    assert found.flags.tolist() == [
        0,
        Flag.NOT_FINITE,
        Flag.NOT_FINITE,
        Flag.ALL_ZERO | Flag.SATURATED,
        Flag.SATURATED,
    ]
    if isinstance(found, OcclusionScores):
        assert all(slider.scores.isfinite().all() for slider in found.sliders)
        assert found.maps.isfinite().all()
    if isinstance(found, OcclusionPairScores):
        assert found.pairs.isfinite().all()
        assert found.interactions.isfinite().all()


def test_volumes_are_refused() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(60, 2))
    with pytest.raises(ValueError, match=r"Occlusion moves windows over images \[N, C, H, W\], got \[1, 1, 3, 4, 5\]"):
        Occlusion(2)(model, torch.randn(1, 1, 3, 4, 5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Occlusion(0), r"a window size is a number of pixels.*got 0"),
        (lambda: Occlusion("huge"), r'"small", "medium" or "large", got \'huge\''),
        (lambda: Occlusion([(3, 4, 5)]), r"got \(3, 4, 5\)"),
        (lambda: Occlusion([2.5]), r"got 2.5"),
        (lambda: Occlusion([]), "sizes is empty"),
        (lambda: Occlusion(4, stride=0), "the stride is a number of pixels.*got 0"),
        (lambda: OcclusionPairs(4, stride=(1, -2)), r"got \(1, -2\)"),
        (lambda: OcclusionPairs(4, moved_size=-1), "got -1"),
    ],
)
def test_bad_parameters_get_one_clear_sentence(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_score_or_baseline_that_there_is_not(images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"score must be 'logit', 'probability' or 'log-odds', got 'loss'"):
        Occlusion(5, score="loss")(made(), images)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the baseline must be a number"):
        Occlusion(5, baseline="grey")(made(), images)  # type: ignore[arg-type]
