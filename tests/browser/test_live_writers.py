"""Many writers of one run, and several pages that follow it: in the end nothing is missing anywhere.

TB_EXPLAIN_LIVE_SECONDS=300 makes the short run a long one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tb_explain.records import RunIndex, quantise
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import OpenTab
from tests.conftest import StartTensorBoard

WRITERS, BROWSERS, SAMPLES = 8, 4, 2
SECONDS = float(os.environ.get("TB_EXPLAIN_LIVE_SECONDS", "5"))
LAST = 1_000_000  # a step that all come to in the end
ROOT = Path(__file__).parents[2]


def maps_of(rank: int, step: int) -> np.ndarray:
    return np.random.default_rng([rank, step]).random((SAMPLES, 1, 6, 6), dtype=np.float32)


def pixels_of(rank: int) -> np.ndarray:
    return np.random.default_rng([rank, 1 << 20]).integers(0, 256, (SAMPLES, 24, 24, 3), np.uint8)


def write(run: Path, seconds: float) -> None:
    """Ranks of a job that log until the time is over; prints how many steps each has logged."""
    import torch.distributed as dist

    import tb_explain.writer
    from tb_explain.ranks import Process

    store = tempfile.mktemp()
    children = {}
    for rank in range(WRITERS):
        child = os.fork()  # importing torch once is enough
        if child == 0:
            process = Process(rank, WRITERS, dist.FileStore(store, WRITERS))
            tb_explain.writer.this_process = lambda: process  # noqa: B023
            with tb_explain.writer.ExplainWriter(run) as writer:
                began, step = time.monotonic(), 0
                while time.monotonic() - began < seconds:
                    log(writer, rank, step)
                    step += 1
                    if step % (5 + rank) == 0:
                        writer.flush()
                    time.sleep(0.1)
                log(writer, rank, LAST)
            os.write(1, f"{rank} {step}\n".encode())
            os._exit(0)
        children[child] = rank
    for _ in range(WRITERS):
        child, status = os.wait()
        assert status == 0, f"writer {children[child]} ended with {status}"


def log(writer: Any, rank: int, step: int) -> None:
    names = [f"{rank}.{i}" for i in range(SAMPLES)]
    writer.add_heatmaps("maps", maps_of(rank, step), pixels_of(rank), step, dataformats="NHWC", sample_names=names)


@pytest.mark.timeout(300 + SECONDS)
def test_nothing_is_missing_when_many_write_and_many_watch(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, __file__, str(tmp_path / "run"), str(SECONDS)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    ) as writers:
        server = tensorboard("--logdir", str(tmp_path), "--reload_interval", "1")
        tabs = [open_tab(server, view=view) for view in ("explanations", "explanations", "overview", "sample")]
        while writers.poll() is None:
            tabs[0].page.wait_for_timeout(200)
        assert writers.stdout is not None
        steps = dict(tuple(map(int, line.split())) for line in writers.stdout)
    assert writers.returncode == 0
    assert sorted(steps) == list(range(WRITERS))
    expected = sorted([(step, rank) for rank, n in steps.items() for step in [*range(n), LAST]])

    index = RunIndex(tmp_path / "run")
    index.refresh()
    assert not any(vars(index.counts()).values())
    series = index.find("maps", pb.HEATMAPS)
    assert series
    shown, keys = index.steps(series), index.steps(series).keys
    found = []
    for step, key in zip(shown.step.tolist(), keys, strict=True):
        read = pb.Heatmaps.FromString(index.read(key))
        rank = int(read.samples[0].name.partition(".")[0])
        assert read.maps == quantise(maps_of(rank, step), signed=False)
        found.append((step, rank))
    assert sorted(found) == expected

    served: list[str] = []
    answer: Any = {"more": True}
    while answer["more"]:
        after = {"after": answer["next"]} if "next" in answer else {}
        answer = server.ask("steps", run="run", kind="HEATMAPS", tag="maps", **after).json()
        served += [key for one in answer["series"] for key in one["keys"]]
    assert sorted(served) == sorted(f"{key.segment}-{key.entry}" for key in keys)
    print(f"\n{len(keys)} records of {WRITERS} writers in {SECONDS:.0f} s; all are there, in {BROWSERS} pages, too")

    for tab in tabs[:2]:
        expect(tab.part("step-slider")).to_have_attribute("max", str(max(steps.values())))
        for sample in range(WRITERS * SAMPLES):
            expect(tab.tile(sample, tag="maps", step=LAST)).to_be_attached()
    for tab in tabs[2:]:
        expect(tab.part("step-slider")).to_have_attribute("max", str(max(steps.values())))


if __name__ == "__main__":
    write(Path(sys.argv[1]), float(sys.argv[2]))
