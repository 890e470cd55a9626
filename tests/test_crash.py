"""A process killed at any moment loses nothing that `flush` had returned for, and what it leaves reads without damage."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tb_explain.records import decode_array, encode_image, quantise
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of

TRIALS = int(os.environ.get("TB_EXPLAIN_KILLS", "40"))
AT_ONCE = 2


def maps_of(trial: int, step: int) -> np.ndarray:
    """Known by trial and step; of many sizes, so that kills hit long and short writes."""
    random = np.random.default_rng([trial, step])
    side = int(random.choice([2, 7, 28, 112]))
    return random.normal(size=(int(random.integers(1, 9)), 1, side, side)).astype(np.float32)


def pixels_of(trial: int, step: int, n: int) -> np.ndarray:
    return np.random.default_rng([trial, step, 1]).integers(0, 256, (n, 8, 8, 3), np.uint8)


def log_until_killed(run: Path, trial: int, flushed: int) -> None:
    """Logs, flushes now and then, and writes to `flushed` each step that a flush returned for."""
    from tb_explain import ExplainWriter

    writer = ExplainWriter(run, queue_bytes=1 << 20)
    pauses = random.Random(trial)
    os.write(flushed, (-1).to_bytes(4, "little", signed=True))  # started
    for step in range(1_000_000):
        maps = maps_of(trial, step)
        writer.add_heatmaps(
            f"tag {step % 3}", maps, pixels_of(trial, step, len(maps)), step, walltime=step, dataformats="NHWC"
        )
        if pauses.random() < 0.3:
            writer.flush()
            os.write(flushed, step.to_bytes(4, "little", signed=True))


def serve(root: Path) -> None:
    """Forks a child for each trial number on standard input, kills it at a random moment, says what was flushed."""
    import tb_explain.writer  # noqa: F401  # once, since it takes seconds

    for line in sys.stdin:
        trial = int(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                log_until_killed(root / str(trial), trial, writing)
            finally:
                os._exit(1)
        os.close(writing)
        said = b""
        moment = random.Random(trial)
        for _ in range(moment.randint(1, 8)):  # however slow the machine is now
            said += os.read(reading, 4)
        time.sleep(moment.uniform(0, 0.06))
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status), status
        while chunk := os.read(reading, 1 << 16):
            said += chunk
        os.close(reading)
        steps = np.frombuffer(said[: len(said) // 4 * 4], "<i4")
        print(trial, steps[-1] if len(steps) else -1, flush=True)


def check(run: Path, trial: int, flushed: int) -> dict[str, Any]:
    """Reads a killed run; returns what to add up."""
    index = index_of(run)
    assert vars(index.counts()) == {"unknown": 0, "damaged": 0, "failed": 0, "dropped": 0}, f"trial {trial}"
    found = {}
    for series in index.series():
        steps = index.steps(series)
        for step, key in zip(steps.step.tolist(), steps.keys, strict=True):
            assert series.declaration.tag == f"tag {step % 3}"
            read = pb.Heatmaps.FromString(index.read(key))
            maps = maps_of(trial, step)
            expected = quantise(maps, signed=bool((maps < 0).any()))
            assert read.maps == expected, f"trial {trial}, step {step} is not what was logged"
            assert decode_array(read.maps).shape == maps.shape
            images = [index.read_blob(pb.IMAGE, sample.image) for sample in read.samples]
            assert images == [encode_image(pixels) for pixels in pixels_of(trial, step, len(maps))]
            found[step] = key
    assert found.keys() >= set(range(flushed + 1)), f"trial {trial} lost {set(range(flushed + 1)) - found.keys()}"
    assert sorted(found) == list(range(len(found))), "what is there has no gaps"
    return {
        "records": len(found),
        "flushed": flushed + 1,
        "torn": sum(index_size(path) > understood(path) for path in run.glob("plugins/tb_explain/*.index")),
        "unlisted": sum(path.stat().st_size > listed(path) for path in run.glob("plugins/tb_explain/*.data")),
    }


def index_size(path: Path) -> int:
    return path.stat().st_size


def understood(path: Path) -> int:
    """Where the complete frames of an index file end."""
    from tb_explain.records.framing import frames

    return max((found.end for found in frames(path.read_bytes())), default=0)


def listed(path: Path) -> int:
    """Where the last payload that has an entry ends."""
    from tb_explain.records.framing import frames

    index = path.with_suffix(".index")
    if not index.exists():  # killed between making the one and the other
        return 0
    entries = [pb.Entry.FromString(found.data) for found in frames(index.read_bytes()) if found.data]
    return max((entry.offset + entry.length for entry in entries), default=0)


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing_that_was_flushed(tmp_path: Path) -> None:
    servers = [
        subprocess.Popen(
            [sys.executable, "-m", __name__, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        for _ in range(AT_ONCE)
    ]
    for i, server in enumerate(servers):
        assert server.stdin
        server.stdin.write("".join(f"{trial}\n" for trial in range(i, TRIALS, AT_ONCE)))
        server.stdin.close()
    said = []
    for server in servers:
        assert server.stdout
        said += [tuple(map(int, line.split())) for line in server.stdout]
        assert server.wait(60) == 0
    assert sorted(trial for trial, _ in said) == list(range(TRIALS))

    results = [check(tmp_path / str(trial), trial, flushed) for trial, flushed in said]
    total = {name: sum(result[name] for result in results) for name in results[0]}
    print(
        f"\n{TRIALS} kills: {total['flushed']} records flushed, none lost; {total['records']} read back bit for bit; "
        f"{total['torn']} torn index tails, {total['unlisted']} data files with a payload that has no entry"
    )
    assert total["flushed"] > 3 * TRIALS, "too little was logged to prove anything"

    trial, _ = max(said, key=lambda found: found[1])
    loaded = EventAccumulator(str(tmp_path / str(trial)))
    loaded.Reload()
    assert set(loaded.PluginTagToContent("tb_explain")) == {"tag 0", "tag 1", "tag 2"}
    assert [event.step for event in loaded.Tensors("tag 1")] == [1]


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
