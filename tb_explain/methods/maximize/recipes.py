"""Ways to climb: the paper's plain one, and one that makes pictures."""

from __future__ import annotations

from dataclasses import dataclass

from tb_explain.methods.maximize.canvas import Canvas, Frame, Pixels
from tb_explain.methods.maximize.fourier import Spectra


@dataclass(frozen=True)
class Recipe:
    """How images are found that maximise something."""

    steps: int
    patience: int | None
    """An image is finished when its score has not risen by 1 % in so many steps; None: after all steps."""

    def __post_init__(self) -> None:
        if self.steps < 1 or (self.patience is not None and self.patience < 1):
            raise ValueError(f"steps and patience must be at least 1, got {self.steps} and {self.patience}")

    def canvas(self, frame: Frame, seed: int) -> Canvas:
        """What to climb with. Raises ValueError for images that it cannot make."""
        raise NotImplementedError


@dataclass(frozen=True)
class Plain(Recipe):
    """z <- z + λ (g / rms(g) - α sign z) from z ~ N(0, 1): gradient ascent of an image's values, with no idea of what images are like.

    λ = 0.5 and 20 steps as in *How the Deep Convolutional Networks see the World*, after Erhan et al. (2009); for classes α = 0.1 (its equation 1, L1
    for the L2 of Simonyan et al. 2014). Taken literally α ‖z‖₁ overwhelms the score's gradient; here both are in units of the gradient's own size.
    """

    steps: int = 20
    patience: int | None = None
    step_size: float = 0.5
    """λ."""
    l1: float = 0.0
    """α."""
    box: bool = False
    """Whether values stay in the range of pixels, 0..1 before normalisation. Without it the score of a class runs away."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.step_size > 0 or not self.l1 >= 0:
            raise ValueError(f"step_size must be above 0 and l1 at least 0, got {self.step_size} and {self.l1}")

    def canvas(self, frame: Frame, seed: int) -> Canvas:
        return Pixels(frame, self.step_size, self.l1, self.box)


@dataclass(frozen=True)
class Natural(Recipe):
    """Images as spectra with the colours and the frequencies of photographs, each step shifted, magnified and turned a little, and smoothed.

    Olah, Mordvintsev and Schubert, *Feature visualization* (2017); total variation after Mahendran and Vedaldi (2015).
    """

    steps: int = 128
    patience: int | None = 48
    rate: float = 0.05
    """Of Adam."""
    contrast: float = 0.03
    """Standard deviation of the noise at the start, before the sigmoid that makes pixels of it."""
    total_variation: float = 0.03
    """Of the image, against a score gradient of size 1 a pixel."""
    jitter: float = 0.06
    """Largest shift, in parts of the image."""
    zoom: float = 0.1
    """Largest change of size, in parts of it."""
    turn: float = 8.0
    """Largest rotation in degrees."""

    def canvas(self, frame: Frame, seed: int) -> Canvas:
        if len(frame.size) != 2:
            raise ValueError("the natural recipe makes images [C, H, W]; give recipe='paper' for voxels")
        return Spectra(
            frame,
            steps=self.steps,
            seed=seed,
            rate=self.rate,
            contrast=self.contrast,
            total_variation=self.total_variation,
            jitter=self.jitter,
            zoom=self.zoom,
            turn=self.turn,
        )


RECIPES: dict[str, tuple[Recipe, Recipe]] = {
    "paper": (Plain(), Plain(l1=0.1, box=True)),
    "soft": (Plain(steps=40, step_size=0.1), Plain(steps=40, step_size=0.1, l1=0.1, box=True)),
    "natural": (Natural(), Natural()),
}
"""By name, for channels and directions, and for what looks at a class."""


def recipe_for(recipe: str | Recipe, of_class: bool) -> Recipe:
    """The recipe of a name, or itself. Raises ValueError for an unknown name."""
    if isinstance(recipe, Recipe):
        return recipe
    if recipe not in RECIPES:
        raise ValueError(
            f"no recipe {recipe!r}; give one of {', '.join(map(repr, RECIPES))}, or Plain(...) or Natural(...)"
        )
    return RECIPES[recipe][of_class]
