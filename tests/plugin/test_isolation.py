"""Whatever fails in the plugin, TensorBoard's other dashboards answer as they do without it: each part is broken in turn, in a real TensorBoard."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.application import TensorBoardWSGI
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.base_plugin import TBContext, TBPlugin
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from werkzeug import Request, Response
from werkzeug.test import Client

from tb_explain.plugin import answers, discovery, http, inside, logdirs, page, payloads, summaries
from tb_explain.plugin import plugin as plugin_module
from tb_explain.plugin.loader import ExplainLoader
from tb_explain.records import files, index, listing, payload, rows
from tests.conftest import Run, StartTensorBoard, TensorBoard, until

# What can be broken while TensorBoard runs: it fails as long as the file that says so names it.
BREAKABLE = {
    "is_active": "tb_explain.plugin.plugin:ExplainPlugin.is_active",
    "the background search": "tb_explain.plugin.discovery:Runs._candidates",
    "reading a run": "tb_explain.records.index:RunIndex.refresh",
    "starting a thread": "tb_explain.plugin.discovery:threading.Thread.start",
    "describing runs": "tb_explain.plugin.plugin:ExplainPlugin._serve_runs",
    "listing steps": "tb_explain.plugin.plugin:ExplainPlugin._serve_steps",
    "looking up a run": "tb_explain.plugin.plugin:ExplainPlugin._run",
    "reading payloads": "tb_explain.records.payload:Payload.pieces",
    "the page's files": "tb_explain.plugin.page:_inside_bundle",
}

# Imported before anything else by every Python that has its folder on its path.
SABOTAGE = """
import importlib, inspect, pathlib, sys, threading
switch, breakable = pathlib.Path({switch!r}), {breakable!r}
if "tensorboard.main" in sys.orig_argv:
    for name, place in breakable.items():
        module, _, path = place.partition(":")
        *holders, attribute = path.split(".")
        holder = importlib.import_module(module)
        for one in holders:
            holder = getattr(holder, one)
        def broken(*given, _name=name, _whole=getattr(holder, attribute), **named):
            ours = _name != "starting a thread" or given[0].name.startswith("tb_explain")
            if ours and switch.read_text() == _name:
                switch.with_name("hit").write_text(_name)
                raise RuntimeError(_name + " is broken")
            return _whole(*given, **named)
        setattr(holder, attribute, broken)
    importlib.import_module("tb_explain.plugin.discovery")._INTERVAL = 0.05 # seconds, so that all is searched again at once
"""


class Sabotaged:
    """A TensorBoard in which one part of the plugin at a time can be broken."""

    def __init__(self, server: TensorBoard, switch: Path, run: Run) -> None:
        self.server, self.run, self._switch = server, run, switch

    def breaks(self, name: str) -> None:
        self._switch.write_text(name)

    def broken(self) -> str:
        """What failed last."""
        hit = self._switch.with_name("hit")
        return hit.read_text() if hit.exists() else ""

    def records(self) -> int:
        """How many records the plugin knows."""
        return sum(series["records"] for series in self.server.runs()["a"]["series"])

    def others(self) -> dict[str, object]:
        """What other dashboards answer."""
        answers = {
            path: self.server.get(path)
            for path in ("data/runs", "data/plugin/scalars/tags", "data/environment", "data/plugins_listing")
        }
        assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(answers, 200)
        listing = answers.pop("data/plugins_listing").json()
        scalars = self.server.get("data/plugin/scalars/scalars", run="a", tag="loss")
        return {path: answer.body for path, answer in answers.items()} | {
            "plugins": sorted(listing),
            "scalars are shown": listing["scalars"]["enabled"],
            "scalars": scalars.body,
        }


@pytest.fixture(scope="module")
def sabotaged(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sabotaged]:
    directory = tmp_path_factory.mktemp("isolation")
    logdir, switch = directory / "runs", directory / "broken"
    run = Run(logdir / "a").log("probe/GradCAM", range(3))
    writer = EventFileWriter(str(logdir / "a"))
    writer.add_event(Event(wall_time=1.0, step=1, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])))
    writer.close()
    switch.write_text("")
    (directory / "sitecustomize.py").write_text(SABOTAGE.format(switch=str(switch), breakable=BREAKABLE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(directory), os.environ.get("PYTHONPATH", os.getcwd())]))
        server = tensorboard("--logdir", str(logdir), "--load_fast=false")
    until(lambda: server.get("data/plugin/scalars/tags").json().get("a"))
    until(lambda: server.runs().get("a"))
    yield Sabotaged(server, switch, run)
    server.expected = server.complaints()


@pytest.mark.parametrize("part", BREAKABLE)
def test_a_part_that_fails_is_nobody_elses_failure(sabotaged: Sabotaged, part: str) -> None:
    sabotaged.breaks("")
    before = sabotaged.others()
    query = {"run": "a", "kind": "HEATMAPS"}
    query["key"] = sabotaged.server.ask("steps", **query).json()["series"][0]["keys"][0]
    sabotaged.breaks(part)

    def asked() -> bool:
        for route in ("runs", "steps", "records", "summaries", "image", "static/index.js"):
            assert sabotaged.server.ask(route, **query).status in (200, 400, 404, 500), route
        assert sabotaged.others() == before
        return sabotaged.broken() == part

    assert until(asked), "it was broken indeed"
    sabotaged.breaks("")
    sabotaged.run.log("later", [len(sabotaged.run.payloads)])
    until(lambda: sabotaged.records() == len(sabotaged.run.payloads))  # it works again as soon as what failed does
    assert sabotaged.others() == before


class Other(TBPlugin):
    """Another dashboard."""

    plugin_name = "other"

    def get_plugin_apps(self) -> dict[str, Any]:
        return {"/asked": Request.application(lambda _: Response("answered"))}

    def is_active(self) -> bool:
        return True


ROOMS = (
    plugin_module,
    discovery,
    logdirs,
    answers,
    payloads,
    summaries,
    http,
    page,
    inside,
    index,
    listing,
    payload,
    files,
    rows,
)
# Where TensorBoard asks for all dashboards at once nothing of ours can fail any more; and these make the answer that says so.
WITHOUT = {"ExplainPlugin.frontend_metadata", "application", "_sentence", "content", "_Answer.get_wsgi_headers"}


def functions() -> Iterator[tuple[object, str]]:
    """Of all modules that answer requests: who holds them, and their name."""
    for room in ROOMS:
        for holder in (room, *(one for one in vars(room).values() if inspect.isclass(one))):
            if getattr(holder, "__module__", room.__name__) == room.__name__:
                for name, value in [*vars(holder).items()]:
                    ours = inspect.isfunction(value) and value.__module__ == room.__name__ and name != "__init__"
                    if ours and f"{holder.__name__}.{name}".removeprefix(f"{room.__name__}.") not in WITHOUT:
                        yield holder, name


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_function_fails_other_dashboards_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path / "a").log("t", range(2))
    monkeypatch.setattr(discovery, "_PATIENCE", 0.01)
    monkeypatch.setattr(discovery, "_FIRST", 0.05)
    of_run: dict[str, Any] = {"run": "a", "hash": [*run.images][:1], "kind": "HEATMAPS", "key": "x-1"}
    failed = set()
    for holder, name in functions():

        def broken(*_: object, what: str = name, **__: object) -> None:
            failed.add(what)
            raise RuntimeError(f"{what} is broken")

        with monkeypatch.context() as patch:
            patch.setattr(holder, name, broken)
            ours = ExplainLoader().load(TBContext(logdir=str(tmp_path)))
            plugins = [Other(TBContext()), *([ours] if ours else [])]
            client = Client(TensorBoardWSGI(plugins, "", None, None, [], None))
            for route in ("runs", "steps", "records", "summaries", "image", "classes", "static/index.js"):
                answer = client.get(f"/data/plugin/tb_explain/{route}", query_string=of_run)
                assert answer.status_code in (200, 400, 404, 500), (name, route)
                answer.close()
            assert client.get("/data/plugin/other/asked").text == "answered", name
            listed = client.get("/data/plugins_listing").json
            assert listed["other"]["enabled"] is True, name
    assert len(failed) > 50, f"only {len(failed)} were ever called"


@pytest.mark.parametrize("part", ["roots_of", "ExplainPlugin"])
def test_a_plugin_that_cannot_be_made_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: str, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise OSError("nothing goes")

    monkeypatch.setattr(plugin_module, part, broken)
    assert ExplainLoader().load(TBContext(logdir=str(tmp_path))) is None
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.mark.parametrize("name", ["a file", "not there", "a loop"])
def test_a_logdir_that_cannot_be_read_has_no_runs(
    tmp_path: Path, page_of: Callable[..., object], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a file").write_text("")
    (tmp_path / "a loop").symlink_to(tmp_path / "a loop")
    page = page_of(f"{tmp_path}/{name}")
    assert page.ask("runs").json["runs"] == []  # type: ignore[attr-defined]
    assert not page.plugin.is_active()  # type: ignore[attr-defined]
    if name == "a file":
        assert {message.partition(" is ")[2] for message in caplog.messages} == {
            "neither a directory nor a zip archive, or an archive that was cut short"
        }
        caplog.clear()
