"""Train and explain by several processes, each on its share of the images: in TensorBoard it is one run.

torchrun --nproc-per-node 2 examples/distributed.py       # two processes of one thread each; on GPUs as many as there are
python examples/distributed.py                            # the same by one
tensorboard --logdir runs/distributed                     # tab "Explain"
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
import torch.distributed as dist
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, Subset, TensorDataset

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import GradCAM, InputXGradient, collect_features, gather_features
from tb_explain.projections import PCA, UMAP
from tb_explain.ranks import share

NAMES = [*map(str, range(10))]


def digits() -> tuple[TensorDataset, TensorDataset]:
    """Handwritten digits in 0..1, enlarged: to train on, and to explain."""
    found = load_digits()
    small = torch.from_numpy(found.images).float()[:, None] / 16
    images, labels = nn.functional.interpolate(small, scale_factor=4, mode="bilinear"), torch.from_numpy(found.target)
    return TensorDataset(images[:1200], labels[:1200]), TensorDataset(images[1200:], labels[1200:])


def network() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)),
    )


def main(arguments: argparse.Namespace) -> None:
    on_gpus = torch.cuda.is_available()
    dist.init_process_group("nccl" if on_gpus else "gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpus else torch.device("cpu")
    if on_gpus:
        torch.cuda.set_device(device)

    training, validation = digits()
    torch.manual_seed(0)
    model = DistributedDataParallel(network().to(device))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    sampler: DistributedSampler[tuple[Tensor, ...]] = DistributedSampler(training)
    loader = DataLoader(training, 64 // size, sampler=sampler)

    with ExplainWriter(arguments.logdir) as writer:  # one on each rank, all with the same directory
        # Each rank follows its own share of the probe.
        mine = share(Subset(validation, range(16)))
        images, labels = next(iter(DataLoader(mine, 16)))
        probe = Probe(images, labels.numpy(), class_names=NAMES)
        step = 0
        for epoch in range(1 if arguments.quick else 10):
            sampler.set_epoch(epoch)
            for images, labels in loader:
                loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if rank == 0:
                    writer.add_scalar("loss", loss.item(), step)
                writer.explain(model, probe, step, [GradCAM()], every=20)
                step += 1

        # All images, each by one of the ranks: nobody waits for anybody.
        everything = Subset(validation, range(60)) if arguments.quick else validation
        loader = DataLoader(share(everything), 32)
        explained = writer.explain_all(
            model, loader, step, [GradCAM(), InputXGradient()], name="validation", class_names=NAMES
        )
        print(f"Rank {rank} of {size} explained {explained} images.", flush=True)

        # What is made of all images together is made on rank 0, of the features that all ranks have read.
        features = gather_features(collect_features(model, loader))
        if features is not None:
            clusters = KMeans(10, n_init=4, random_state=0).fit_predict(features.values)
            reducer = PCA() if arguments.quick else UMAP()
            columns = {"cluster": [f"cluster {cluster}" for cluster in clusters]}
            writer.add_projection(
                "validation/features", features, global_step=step, reducer=reducer, class_names=NAMES, columns=columns
            )
            print(f"{len(features)} images are in the projection.", flush=True)
    if rank == 0:
        print(f"Look at it with:  tensorboard --logdir {arguments.logdir}")
    dist.destroy_process_group()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", type=Path, default=Path("runs/distributed"))
    parser.add_argument("--quick", action="store_true", help="little data, to see that it runs")
    # Without torchrun this is a job of one process.
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    for name, value in alone.items():
        os.environ.setdefault(name, value)
    main(parser.parse_args())
