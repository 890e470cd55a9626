"""The features view as tests see it."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Locator, expect

from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import TensorBoard

VIEW = "&p.tb_explain.view=features"


def open_view(
    open_tab: OpenTab, server: TensorBoard, run: str = "ordinary", state: str = "", **options: Any
) -> ExplainTab:
    chosen = "".join(f"{name}%2C" for name in run.split(","))
    tab = open_tab(server, f"{VIEW}&p.tb_explain.runs={chosen}{state}", **options)
    expect(tab.part("half").first).to_be_visible()
    settled(tab)
    return tab


def settled(tab: ExplainTab) -> None:
    expect(tab.frame.locator('[aria-busy="true"]')).to_have_count(0)


def channel(tab: ExplainTab, index: int, run: str = "ordinary") -> Locator:
    return tab.frame.locator(f'[data-testid="channel"][data-channel="{index}"][data-run="{run}"]')


def shown(tab: ExplainTab, run: str = "ordinary") -> list[int]:
    """The channels of a run's tiles, in their order."""
    tiles = tab.frame.locator(f'[data-testid="channel"][data-run="{run}"]')
    return tiles.evaluate_all("tiles => tiles.map(tile => Number(tile.dataset.channel))")


def ordered(tab: ExplainTab, expected: list[int], run: str = "ordinary") -> None:
    tab.until(lambda: shown(tab, run) == expected or None)


def activation(tile: Locator) -> np.ndarray[Any, Any]:
    return pixels(tile.locator("canvas.overlay").first)


def colour(tile: Locator) -> list[int]:
    """Of the picture that raises a channel."""
    return pixels(tile.locator("canvas.sheet-tile").first)[8, 8].tolist()


def dialog(tab: ExplainTab, run: str = "ordinary") -> Locator:
    return tab.frame.locator(f'[data-testid="channel-facts"][data-run="{run}"]')


def brightest(canvas: np.ndarray[Any, Any], grid: tuple[int, int]) -> tuple[int, int]:
    """The cell that is nearest to the end of viridis, which is yellow: there is most red."""
    height, width = canvas.shape[:2]
    row, column = np.unravel_index(canvas[..., 0].argmax(), (height, width))
    return int(row * grid[0] / height), int(column * grid[1] / width)
