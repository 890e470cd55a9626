"""How many images a second two ranks of a job explain beside one, each on one thread; by the clock, and by the CPU time that they had.

The figure by the clock needs two cores that nobody else uses; the one by CPU time says what there would be on them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.table import Row

IMAGES = 96
ROUNDS = 3


def main(full: bool = False) -> Iterator[Row]:
    rates = {ranks: measured(ranks, 5 if full else ROUNDS) for ranks in (1, 2)}
    for by, meaning in (("wall", "by the clock, if both cores were free"), ("cpu", "by CPU time of the slowest rank")):
        one, two = (statistics.median(rates[ranks][by]) for ranks in (1, 2))
        yield Row(
            "ResNet-18, Grad-CAM, 112 px: 2 ranks, one thread each", two, "images/s", one, "1 rank", None, meaning
        )


def measured(ranks: int, rounds: int) -> dict[str, list[float]]:
    """Images a second in each round, "wall" and "cpu"."""
    with tempfile.TemporaryDirectory() as logdir:
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
        command = [*launch, "-m", __name__, logdir, str(rounds)]
        told = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=told).stdout
    found: dict[str, list[float]] = json.loads(said.splitlines()[-1])
    return found


def rank(logdir: Path, rounds: int) -> None:
    """What each rank does: explain its share, all beginning at once; the first says how many images a second all explained together."""
    import torch
    import torch.distributed as dist
    import torchvision
    from torch.utils.data import DataLoader, TensorDataset

    from tb_explain import ExplainWriter
    from tb_explain.methods import GradCAM
    from tb_explain.ranks import share

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    model = torchvision.models.resnet18().eval()
    loader = DataLoader(share(TensorDataset(torch.rand(IMAGES, 3, 112, 112))), 16)
    rates: dict[str, list[float]] = {"wall": [], "cpu": []}
    with ExplainWriter(logdir, strict=True) as writer:
        for step in range(rounds + 1):  # the first warms up
            dist.barrier()
            began, spent = time.perf_counter(), time.process_time()
            writer.explain_all(model, loader, step, [GradCAM("layer4")])
            writer.flush()
            took = torch.tensor([time.perf_counter() - began, time.process_time() - spent])
            dist.all_reduce(took, dist.ReduceOp.MAX)
            if step:
                rates["wall"].append(IMAGES / float(took[0]))
                rates["cpu"].append(IMAGES / float(took[1]))
    if dist.get_rank() == 0:
        print(json.dumps(rates), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    rank(Path(sys.argv[1]), int(sys.argv[2]))
