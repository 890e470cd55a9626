"""A page that is open while segments are merged is told so, and finds the same records under their new keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tb_explain.plugin import discovery
from tb_explain.upkeep.compact import compact

from ..plugin.conftest import Page, page_of  # noqa: F401
from ..records.test_merged import T, declare, record, segment


def test_an_open_page_lists_anew_and_reads_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page_of: Callable[..., Page],  # noqa: F811
) -> None:
    monkeypatch.setattr(discovery, "_INTERVAL", 0.0)
    for i in range(3):
        segment(tmp_path, 100.0 + i, declare(T), record(i, f"record {i}"))
    page = page_of(tmp_path)

    def listed() -> list[str]:
        return [key for series in page.series() for key in series["keys"]]

    epoch, keys = page.runs()["."]["epoch"], listed()
    (first,) = page.listing()
    shown = page.ask("records", run=".", key=keys).data
    assert page.runs()["."]["epoch"] == epoch
    compact(tmp_path)
    deadline = time.monotonic() + 30
    while page.runs()["."]["epoch"] == epoch and time.monotonic() < deadline:
        pass
    assert page.ask("records", run=".", key=keys).data == b"\xff" * 4 * 3, "old keys name nothing any more"
    assert listed() != keys
    assert page.ask("records", run=".", key=listed()).data == shown
    later = page.ask("steps", run=".", kind="HEATMAPS", after=first["next"]).json
    assert later["anew"] and later["series"][0]["keys"] == listed()
