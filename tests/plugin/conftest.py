"""The plugin inside TensorBoard's own WSGI application, without a process around it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.application import TensorBoardWSGI
from tensorboard.plugins.base_plugin import TBContext
from werkzeug.test import Client, TestResponse

from tb_explain.plugin import discovery
from tb_explain.plugin.plugin import ExplainPlugin


class Page:
    """Asks the plugin's routes as TensorBoard hands requests on."""

    def __init__(self, plugin: ExplainPlugin) -> None:
        self.plugin = plugin
        self._client = Client(TensorBoardWSGI([plugin]))

    def ask(self, route: str, method: str = "GET", headers: dict[str, str] | None = None, **query: Any) -> TestResponse:
        return self._client.open(
            f"/data/plugin/tb_explain/{route}", method=method, headers=headers, query_string=query or None
        )

    def series(self, run: str = ".", **query: Any) -> list[Any]:
        answer = self.ask("steps", run=run, kind="HEATMAPS", **query)
        assert answer.status_code == 200, answer.text
        return list(answer.json["series"])

    def listing(self, run: str = ".", **query: Any) -> Iterator[dict[str, Any]]:
        """The pages of a listing."""
        more, after = True, {}
        while more:
            answer = self.ask("steps", run=run, kind="HEATMAPS", **query, **after)
            assert answer.status_code == 200, answer.text
            more, after = answer.json["more"], {"after": answer.json["next"]}
            yield answer.json

    def runs(self) -> dict[str, Any]:
        return {run["run"]: run for run in self.ask("runs").json["runs"]}


@pytest.fixture
def page_of(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Page]]:
    """Makes the plugin for a logdir. At the end there must be no warning in the log, unless the test has cleared it.

    The first answer waits until all is read, however busy the machine.
    """
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(discovery, "_FIRST", 60)

    def make(logdir: Path | str = "", data_provider: object = None, flags: object = None) -> Page:
        return Page(ExplainPlugin(TBContext(logdir=str(logdir), data_provider=data_provider, flags=flags)))

    yield make
    assert [record.getMessage() for record in caplog.get_records("call")] == []
