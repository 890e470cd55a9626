"""Label maps for the browser tests, and the picture that weights of their superpixels ask for."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from playwright.sync_api import Locator

from tests.browser.conftest import ExplainTab, pixels

HEIGHT, WIDTH = 48, 64


def regions(seed: int, count: int) -> NDArray[np.int64]:
    """A label map of cells around random places, [HEIGHT, WIDTH]."""
    places = np.random.default_rng(seed).random((count, 2)) * [HEIGHT, WIDTH]
    at = np.stack(np.mgrid[:HEIGHT, :WIDTH], -1) + 0.5
    return np.linalg.norm(at[:, :, None] - places, axis=-1).argmin(-1)


def painted(
    labels: NDArray[np.int64], weights: NDArray[np.float32], shape: tuple[int, int], errors: NDArray[np.float32] | None
) -> NDArray[np.uint8]:
    """The pixels that the weights ask for: red and blue, symmetric about zero, uncertain ones in stripes."""
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(shape, labels.shape, strict=True))
    label = labels[np.ix_(rows, columns)]
    colours = colormaps["RdBu_r"]((weights / np.abs(weights).max() + 1) / 2, bytes=True)[label]
    if errors is not None:
        y, x = np.mgrid[: shape[0], : shape[1]]
        colours[((np.abs(weights) < 2 * errors)[label]) & ((x + y) % 8 >= 2)] = 0
    return colours


def expect_picture(tab: ExplainTab, canvas: Locator, expected: NDArray[np.uint8]) -> None:
    """Wait until the canvas shows this picture, but for what two tables of the same colours differ by."""
    canvas.scroll_into_view_if_needed()

    def off() -> float:
        found = pixels(canvas).astype(int)
        visible = (found[..., 3] > 0) != (expected[..., 3] > 0)
        colour = (np.abs(found - expected).max(2) > 12) & (expected[..., 3] > 0)
        return float((visible | colour).mean())

    tab.until(lambda: off() == 0)
