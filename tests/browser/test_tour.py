"""The tour passes through every view, and the page does not complain on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import OpenTab
from tests.conftest import TensorBoard
from tests.tour.guide import CONTEXT, Guide
from tests.tour.logdirs import runs_of
from tests.tour.route import tour_of

pytestmark = pytest.mark.slow


def test_the_tour_of_the_quickstart_passes_through_every_view(
    open_tab: OpenTab, demo_server: TensorBoard, demo: Path
) -> None:
    guide = Guide(open_tab(demo_server, **CONTEXT))
    stops = tour_of(runs_of(demo))
    views = guide.tab.frame.locator('[data-testid^="view-"]')
    views.first.wait_for()
    shown = {str(view.get_attribute("data-testid")).removeprefix("view-") for view in views.all()}
    assert {stop.view for stop in stops} == shown
    for stop in stops:
        stop.visit(guide)
