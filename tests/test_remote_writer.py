"""A training loop logs to a bucket as to a directory, and TensorBoard shows it from there."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import tb_explain
from tb_explain import ExplainWriter, Probe
from tb_explain.projections import jobs
from tb_explain.projections.reductions import Reductions
from tb_explain.projections.worker import Worker
from tb_explain.records.remote import open_remote
from tests.conftest import StartTensorBoard, until
from tests.projections.test_worker import job_of
from tests.s3 import S3

MAPS = np.random.default_rng(0).random((3, 4, 5), dtype=np.float32)
PIXELS = np.random.default_rng(1).integers(0, 256, (3, 8, 9, 3), np.uint8)


@pytest.fixture(scope="module")
def logged(s3: S3) -> str:
    """A run in a bucket."""
    import torch

    probe = Probe(torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float(), pixels=PIXELS, class_names=["cat", "dog"])
    with ExplainWriter("s3://bucket/live/run", strict=True) as writer:
        for step in range(5):
            writer.add_scalar("loss", 1 / (1 + step), step)
            writer.add_heatmaps("maps", MAPS + step, probe, step, targets=1)
            if step == 2:
                writer.flush()
    return "s3://bucket/live"


def test_what_was_logged_is_read_back(logged: str, s3: S3) -> None:
    (run,) = tb_explain.open(logged).runs.values()
    assert run.tags["maps"].steps.tolist() == [0, 1, 2, 3, 4]
    files, path = open_remote(f"{logged}/run/plugins/tb_explain")
    assert len(files.sizes(path)) == 4, "a segment at flush, one at close"


def test_tensorboard_shows_scalars_and_explanations(logged: str, tensorboard: StartTensorBoard) -> None:
    server = tensorboard("--logdir", logged)
    until(lambda: server.get("data/runs").json() == ["run"])
    scalars = until(lambda: server.get("data/plugin/scalars/tags").json().get("run"))
    assert "loss" in scalars
    until(lambda: "run" in server.runs())
    (series,) = server.ask("steps", run="run", kind="HEATMAPS").json()["series"]
    assert series["steps"] == [0, 1, 2, 3, 4]
    assert server.ask("records", run="run", key=series["keys"]).headers["cache-control"].endswith("immutable")


@pytest.fixture
def memory() -> Iterator[Any]:
    yield fsspec.filesystem("memory")
    fsspec.filesystem("memory").store.clear()


def reduced(address: str, spool: Path) -> list[str]:
    """What the process that reduces says of one job."""
    told = io.StringIO()
    spool.mkdir()
    jobs.write(job_of(4), spool / "1.job")
    parent = SimpleNamespace(is_gone=lambda: False, waits=lambda: False)
    Worker(address, spool, told, parent, None).run()  # type: ignore[arg-type]
    return [json.loads(line)["failure"] for line in told.getvalue().splitlines()]


def test_projections_are_logged_there_by_their_own_process(s3: S3, memory: Any, tmp_path: Path) -> None:
    assert reduced("s3://bucket/projected", tmp_path / "a") == [""]
    (run,) = tb_explain.open("s3://bucket/projected").runs.values()
    assert run.tags["features"].steps.tolist() == [4]
    (failure,) = reduced("memory://projected", tmp_path / "b")
    assert "memory:// is one process's own" in failure
    assert Reductions("s3://bucket/x", print)._directory == "s3://bucket/x"


class Google(MemoryFileSystem):
    """As Google's driver does, it writes a file anew whenever something is appended to it."""

    protocol = "gs"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("gs://")))

    def open(self, path: str, mode: str = "rb", **more: Any) -> Any:
        return super().open(path, mode.replace("a", "w"), **more)


@pytest.mark.usefixtures("memory")
def test_a_store_on_which_tensorboard_cannot_append_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules["fsspec.registry"]._registry, "gs", Google)
    caplog.set_level(logging.WARNING)
    with ExplainWriter("gs://bucket/run") as writer:
        writer.add_scalar("loss", 1, 0)
        writer.add_heatmaps("maps", MAPS, global_step=0)
    (message,) = caplog.messages
    assert message.startswith("the event file in gs://bucket/run keeps only what is logged last")
    assert tb_explain.open("gs://bucket").runs["run"].tags["maps"].steps.tolist() == [0]
