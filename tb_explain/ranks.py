"""Which process of a distributed job this is, and what its processes settle without waiting for each other."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import torch.distributed as dist
from torch.utils.data import Dataset, Subset

_unnamed = itertools.count()  # writers of this process that were not told where to log
_PATIENCE = timedelta(seconds=10)  # for a launcher that does not answer


@dataclass(frozen=True)
class Process:
    """One process of a job; the only one where there is no job."""

    rank: int = 0
    size: int = 1
    store: Any = field(default=None, repr=False)
    """Where the processes of the job leave word for each other; None: there is nowhere."""
    pid: int = field(default_factory=os.getpid, repr=False)

    def settle(self, question: str, answer: str) -> str | None:
        """The answer of whoever in the job was first to give one; None: nobody can be asked. Not a collective: nobody waits for anybody."""
        if self.store is None or os.getpid() != self.pid:  # a forked child has its parent's connection
            return None
        try:
            settled = self.store.compare_set(f"tb_explain/{question}", "", answer)
        except RuntimeError:  # whoever kept the store is gone
            return None
        return settled.decode() if isinstance(settled, bytes) else str(settled)

    def session(self) -> str:
        """What all processes of the job call themselves, until the job is started again."""
        mine = secrets.token_hex(6)
        return self.settle("session", mine) or mine

    def log_dir(self, comment: str) -> str | None:
        """Where all processes of the job log who were not told where, named as SummaryWriter does; None: there is no job."""
        name = f"{datetime.now():%b%d_%H-%M-%S}_{socket.gethostname()}{comment}"
        return self.settle(f"log_dir {next(_unnamed)}{comment}", os.path.join("runs", name))


def this_process() -> Process:
    """By torchrun if it started this process, or else by the default process group; without either, a process is by itself."""
    if not dist.is_available():
        return Process()
    from torch.distributed import distributed_c10d as c10d

    # Asked first, since it knows the same before and after init_process_group.
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        with contextlib.suppress(KeyError, ValueError, RuntimeError):
            rank, size, port = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "MASTER_PORT"))
            store = dist.TCPStore(  # type: ignore[attr-defined]
                os.environ["MASTER_ADDR"], port, None, is_master=False, timeout=_PATIENCE, wait_for_workers=False
            )
            attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
            return Process(rank, size, c10d.PrefixStore(f"{attempt}/{size}", store))
    if dist.is_initialized():
        return Process(dist.get_rank(), dist.get_world_size(), c10d._get_default_store())
    return Process()


def share(dataset: Dataset[Any]) -> Dataset[Any]:
    """What of a data set falls to this rank: every n-th sample of n ranks. Unlike DistributedSampler it repeats none to make
    shares equal; outside a job it is the whole.
    """
    process = this_process()
    if process.size == 1:
        return dataset
    indices: Sequence[int] = range(process.rank, len(dataset), process.size)  # type: ignore[arg-type]
    return Subset(dataset, indices)
