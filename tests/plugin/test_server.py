"""A real TensorBoard serves the plugin, whichever way it loads its own data and wherever it is mounted."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from tests.conftest import Run, StartTensorBoard, TensorBoard, until
from tests.plugin.test_routes import A_YEAR, OUTSIDE, payloads


def mark(directory: Path) -> None:
    """Makes a directory a run in TensorBoard's own eyes."""
    writer = EventFileWriter(str(directory))
    writer.add_event(Event(wall_time=1.0))
    writer.close()


class Place:
    """A TensorBoard, the logdir that it serves, and what it calls the run `a` there."""

    def __init__(self, server: TensorBoard, logdir: Path, run: Run, prefix: str = "") -> None:
        self.server, self.logdir, self.run, self.prefix = server, logdir, run, prefix


@pytest.fixture(
    scope="module",
    params=["fast loader", "slow loader, path prefix, relative logdir", "logdir_spec", "logdir_spec unnamed"],
)
def place(
    request: pytest.FixtureRequest, tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory
) -> Place:
    logdir = tmp_path_factory.mktemp("logs") / "runs"
    run = Run(logdir / "a").log("probe/GradCAM", range(40))
    mark(logdir / "a")
    Run(logdir / "never seen by TensorBoard").log("t", [0])
    match request.param:
        case "fast loader":
            server = tensorboard("--logdir", str(logdir), "--load_fast=true")
        case "slow loader, path prefix, relative logdir":
            server = tensorboard("--logdir=runs", "--load_fast=false", "--path_prefix=/some/where", cwd=logdir.parent)
        case "logdir_spec":
            server = tensorboard(f"--logdir_spec=group:{logdir}")
            return Place(server, logdir, run, prefix="group/")
        case _:
            server = tensorboard(f"--logdir_spec={os.path.relpath(logdir)}")
    return Place(server, logdir, run)


def test_the_tab_is_lit(place: Place) -> None:
    until(lambda: place.server.get("data/plugins_listing").json()["tb_explain"]["enabled"])
    listed = place.server.get("data/plugins_listing").json()["tb_explain"]
    assert listed["tab_name"] == "Explain"
    assert listed["loading_mechanism"]["type"] == "IFRAME"


def test_the_page_is_served_where_tensorboard_looks_for_it(place: Place) -> None:
    entry = place.server.get("data/plugin_entry.html", name="tb_explain")
    assert b'import("./static/index.js")' in entry.body
    module = place.server.ask("static/index.js")
    assert module.status == 200
    assert b"render" in module.body
    assert module.headers["content-type"] == "text/javascript; charset=utf-8"
    assert module.headers["x-content-type-options"] == "nosniff"
    same = place.server.get("data/plugin/tb_explain/static/index.js", headers={"If-None-Match": module.headers["etag"]})
    assert same.status == 304


def test_runs_have_the_names_that_tensorboard_gives_them(place: Place) -> None:
    theirs = until(lambda: place.server.get("data/runs").json())
    assert theirs == [f"{place.prefix}a"]
    assert set(place.server.runs()) >= {f"{place.prefix}a", f"{place.prefix}never seen by TensorBoard"}


def test_what_was_logged_is_what_is_served(place: Place) -> None:
    run = f"{place.prefix}a"
    (series,) = place.server.ask("steps", run=run, kind="HEATMAPS", tag="probe/GradCAM").json()["series"]
    assert series["steps"] == list(range(40))
    answer = place.server.ask("records", run=run, key=series["keys"])
    assert list(payloads(answer.body)) == place.run.payloads
    assert answer.headers["cache-control"] == A_YEAR
    for name, encoded in place.run.images.items():
        assert place.server.ask("image", run=run, hash=name).body == encoded
    for name, encoded in place.run.classes.items():
        assert place.server.ask("classes", run=run, hash=name).body == encoded


def test_json_is_compressed(place: Place) -> None:
    def ask(**headers: str) -> tuple[bytes, dict[str, str]]:
        answer = place.server.get(
            "data/plugin/tb_explain/steps?kind=HEATMAPS&run=" + f"{place.prefix}many", headers=headers
        )
        return answer.body, answer.headers

    Run(place.logdir / "many").log_bytes("t", [b"x"] * 500)
    until(lambda: f"{place.prefix}many" in place.server.runs())
    plain, _ = ask()
    packed, headers = ask(**{"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    assert len(packed) * 2 < len(plain)


def test_a_run_appears_and_grows_while_served(place: Place) -> None:
    name = f"{place.prefix}late"

    def steps() -> list[int]:
        answer = place.server.ask("steps", run=name, kind="HEATMAPS")
        return answer.json()["series"][0]["steps"] if answer.status == 200 and answer.json()["series"] else []

    assert steps() == []
    run = Run(place.logdir / "late").log("t", [0])
    until(lambda: steps() == [0], patience=15)
    run.log("t", [1, 2])
    until(lambda: steps() == [0, 1, 2], patience=15)


def test_nothing_outside_is_served(place: Place) -> None:
    for spelling in OUTSIDE:
        answer = place.server.get(f"data/plugin/tb_explain/static/{spelling}")
        assert answer.status == 404, spelling
    for name in ("..", "/etc", "%00", "..%2f..", "//etc/passwd"):
        answer = place.server.get(f"data/plugin/tb_explain/steps?kind=HEATMAPS&run={name}")
        assert answer.status == 404, name


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_nothing_can_be_changed(place: Place, method: str) -> None:
    assert place.server.get("data/plugin/tb_explain/runs", method).status == 405
