"""RISE against an explicit loop over the same masks, its standard errors against repetition, and where it stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tb_explain.methods import RISE, Attribution, Flag, MultiLabel, Top, attribute

TOLERANCE = 1e-5


class Small(nn.Module):
    def __init__(self, channels: int = 3, classes: int = 4) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 8, 5, stride=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
            nn.Linear(72, classes),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


def made(channels: int = 3, classes: int = 4, sharpness: float = 30.0) -> Small:
    torch.manual_seed(1)
    model = Small(channels, classes)
    with torch.no_grad():
        model.layers[-1].weight *= sharpness  # so that probabilities vary
    return model


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 33, 26, generator=torch.Generator().manual_seed(0))


def explained(method: RISE, model: nn.Module, images: torch.Tensor, targets: object = None) -> Attribution:
    found = method(model, images, targets)
    assert isinstance(found, Attribution)
    assert found.errors is not None
    return found


def masks_of(method: RISE, size: tuple[int, ...]) -> torch.Tensor:
    """The masks one at a time: draw offsets along each axis and the grid, enlarge, cut out."""
    generator = torch.Generator().manual_seed(method.seed)
    shape = [method.cells + 1] * len(size)
    cells = [-(-pixels // method.cells) for pixels in size]
    drawn = torch.rand(method.masks, len(size) + torch.Size(shape).numel(), generator=generator)
    offsets = [(column * cell).int().tolist() for column, cell in zip(drawn.T, cells, strict=False)]
    grids = (drawn[:, len(size) :] < method.p).reshape(-1, *shape)
    whole = [(method.cells + 1) * cell for cell in cells]
    mode = "bilinear" if len(size) == 2 else "trilinear"
    large = nn.functional.interpolate(grids[:, None].double(), whole, mode=mode, align_corners=False)[:, 0]
    return torch.stack(
        [
            mask[tuple(slice(start, start + pixels) for start, pixels in zip(starts, size, strict=True))]
            for mask, *starts in zip(large, *offsets, strict=True)
        ]
    )


def assert_close(ours: torch.Tensor, truth: torch.Tensor) -> None:
    assert ours.shape == truth.shape
    difference = ((ours.double() - truth).abs().max() / truth.abs().max()).item()
    assert difference <= TOLERANCE, f"{difference:.2e}"


@pytest.mark.parametrize("score", ["probability", "logit"])
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("p", [0.5, 0.2])
def test_the_map_equals_a_loop_over_the_masks(images: torch.Tensor, score: str, centred: bool, p: float) -> None:
    model = made()
    method = RISE(masks=150, cells=5, p=p, seed=3, score=score, centred=centred)
    found = explained(method, model, images, [1, 2])
    masks = masks_of(method, (33, 26))
    assert len(masks.flatten(1).unique(dim=0)) == 150
    for row, target in enumerate((1, 2)):
        s = torch.cat([model(images[row : row + 1] * mask.float()) for mask in masks]).detach().double()
        s = (s.softmax(1) if score == "probability" else s)[:, target, None, None]
        if centred:
            terms = (s - s.mean()) * masks / p
            map_ = s.mean() + terms.sum(0) / 149
        else:
            terms = s * masks / p
            map_ = terms.mean(0)
        assert_close(found.maps[row], map_)
        assert found.errors is not None
        error = terms.std(0) / 150**0.5
        assert ((found.errors[row] - error).abs().max() / error.max()).item() <= 1e-4
    assert found.forwards == 150
    assert not found.signed


def test_masks_of_volumes() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv3d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    volumes = torch.randn(2, 1, 6, 7, 8)
    model(volumes)
    method = RISE(masks=40, cells=3, centred=False, score="logit")
    found = explained(method, model, volumes, 1)
    masks = masks_of(method, (6, 7, 8))
    s = torch.stack([model(volumes * mask.float())[:, 1] for mask in masks], 1).detach().double()
    assert_close(found.maps, torch.einsum("nm,mdhw->ndhw", s, masks) / 20)


class OnePixel(nn.Module):
    """Its score is the value of one pixel."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, 20:21, 7].expand(-1, 2)


@pytest.mark.parametrize("centred", [False, True])
def test_a_model_that_looks_at_one_pixel_has_its_map_there(centred: bool) -> None:
    """The expectation is known: E m(u) m(v) / p, by what the masks of other seeds have in common at u and v."""
    images = torch.ones(1, 1, 33, 26)
    found = explained(RISE(masks=3000, score="logit", centred=centred), OnePixel(), images, 0)
    others = masks_of(RISE(masks=20_000, seed=1), (33, 26)).float()
    truth = torch.einsum("m,mhw->hw", others[:, 20, 7], others) / (20_000 * 0.5)
    assert found.errors is not None
    z = ((found.maps[0] - truth) / found.errors[0]).abs()
    assert z.max() < 5, f"{z.max():.2f} standard errors"
    peak = found.maps[0].flatten().argmax().item()
    assert abs(peak // 26 - 20) <= 2
    assert abs(peak % 26 - 7) <= 2


@pytest.mark.parametrize("centred", [False, True])
def test_the_standard_error_is_the_spread_over_seeds(images: torch.Tensor, centred: bool) -> None:
    model = made()
    runs = [explained(RISE(masks=100, seed=seed, centred=centred), model, images[:1], 1) for seed in range(60)]
    spread = torch.stack([run.maps for run in runs]).std(0)
    claimed = torch.stack([run.errors for run in runs if run.errors is not None]).square().mean(0).sqrt()
    ratio = (spread / claimed).mean().item()
    assert 0.9 < ratio < 1.1, f"{ratio:.2f}"


def test_centring_keeps_the_expectation_and_takes_noise_away(images: torch.Tensor) -> None:
    model = made()
    centred, published = (
        torch.stack([explained(RISE(100, seed=seed, centred=one), model, images[:1], 1).maps for seed in range(60)])
        for one in (True, False)
    )
    assert centred.std(0).mean() < 0.7 * published.std(0).mean()
    z = ((centred - published).mean(0) / ((centred - published).std(0) / 60**0.5)).abs()
    assert z.max() < 5, f"{z.max():.2f} standard errors"


def largest_share(found: Attribution) -> float:
    """The largest standard error over the map's range, of any image and target."""
    assert found.errors is not None
    maps = found.maps.flatten(-2)
    return float((found.errors.flatten(-2).amax(-1) / (maps.amax(-1) - maps.amin(-1))).max())


@pytest.mark.parametrize("precision", [0.15, 0.08])
def test_it_stops_at_the_first_look_with_the_precision_asked_for(images: torch.Tensor, precision: float) -> None:
    model = made()
    found = explained(RISE(masks=20_000, precision=precision), model, images[:1], Top(2))
    assert 128 < found.forwards < 20_000
    assert found.forwards % 128 == 0
    shorter, same = (explained(RISE(masks=found.forwards - less), model, images[:1], Top(2)) for less in (128, 0))
    assert largest_share(found) <= precision < largest_share(shorter)
    assert torch.equal(found.maps, same.maps)  # the first masks are the same however many may follow
    both = explained(RISE(masks=20_000, precision=precision), model, images, Top(2))
    assert both.forwards >= found.forwards  # that of the image that took most
    assert torch.allclose(both.maps[:1], found.maps, atol=1e-6)
    method = RISE(masks=20_000, precision=precision)
    for order in (images, images.flip(0)):
        parts = attribute(model, order, [method], Top(2), batch_size=1)[0]
        assert isinstance(parts, Attribution)
        assert parts.forwards == both.forwards


def test_it_uses_all_masks_where_they_are_too_few(images: torch.Tensor) -> None:
    found = explained(RISE(masks=300, precision=1e-3), made(), images)
    assert found.forwards == 300
    assert torch.equal(found.maps, explained(RISE(masks=300), made(), images).maps)


def test_several_targets_and_batches(images: torch.Tensor) -> None:
    model = made()
    every = explained(RISE(100), model, images, torch.arange(4).expand(2, 4))
    assert every.maps.shape == (2, 4, 33, 26)
    assert torch.allclose(every.maps.sum(1), torch.tensor(1.0), atol=1e-4)  # of s = 1 it is 1
    assert torch.allclose(explained(RISE(100), model, images, 2).maps, every.maps[:, 2], atol=1e-6)
    parts = attribute(model, images, [RISE(100)], 2, batch_size=1)[0]
    assert torch.allclose(parts.maps, every.maps[:, 2], atol=1e-6)
    callable_ = explained(RISE(100), model, images, lambda output: output.softmax(1)[:, 2])
    assert torch.allclose(callable_.maps, every.maps[:, 2], atol=1e-6)


def test_the_same_seed_gives_the_same_map_and_leaves_the_random_state_alone(images: torch.Tensor) -> None:
    model = made()
    state = torch.get_rng_state()
    first, again, other = (explained(RISE(50, seed=seed), model, images).maps for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize(
    ("channels", "classes", "targets"),
    [(1, 4, None), (3, 1, None), (5, 4, MultiLabel()), (3, 4, [0, 3])],
    ids=["grey", "single logit", "labels", "mixed targets"],
)
def test_other_heads_and_channels(channels: int, classes: int, targets: object) -> None:
    found = explained(RISE(64), made(channels, classes), torch.randn(2, channels, 12, 15), targets)
    assert found.maps.shape == (2, 12, 15)
    assert found.maps.isfinite().all()
    assert found.maps.std() > 0
    assert found.flags.tolist() == [0, 0]


def test_images_smaller_than_the_grid() -> None:
    found = explained(RISE(64), made(), torch.randn(1, 3, 6, 5))
    assert found.maps.shape == (1, 6, 5)


def test_what_cannot_be_trusted_says_so(images: torch.Tensor) -> None:
    images = torch.cat([images[:1], images, torch.zeros(1, 3, 33, 26)])
    images[1, 0, 3, 3] = torch.nan
    images[2, 0, 0, 0] = torch.inf
    for precision in (None, 0.1):
        found = explained(RISE(200, precision=precision), made(), images, 1)
        assert found.maps.isfinite().all()
        assert found.errors is not None
        assert found.errors.isfinite().all()
        assert found.flags[0] == 0
        assert found.flags[1] == Flag.NOT_FINITE | Flag.ALL_ZERO
        assert found.flags[2] & Flag.NOT_FINITE
        assert found.flags[3] == Flag.SATURATED
        constant = found.maps[3]  # every mask shows the same
        assert torch.allclose(constant, found.probabilities[3].expand_as(constant), atol=1e-6)
        assert found.errors[3].max() < 1e-6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RISE(1), "RISE needs 2 masks and 1 cell or more, got masks=1, cells=7"),
        (lambda: RISE(cells=0), "got masks=4000, cells=0"),
        (lambda: RISE(p=1.0), r"between 0 and 1, got 1\.0"),
        (lambda: RISE(precision=0.0), r"above 0, or None, got 0\.0"),
    ],
)
def test_bad_parameters_get_one_clear_sentence(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
