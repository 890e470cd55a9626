"""Processes that log into one directory together are one run, whatever their clocks say, and however they stop and start again."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import tb_explain.records.segment
import tb_explain.writer
from tb_explain import ExplainWriter, Probe
from tb_explain.methods import LIME, Features, GradCAM, Occlusion, Saliency, collect_features, gather_features
from tb_explain.projections import PCA
from tb_explain.ranks import Process, share
from tb_explain.records import decode_array
from tb_explain.records import explain_pb2 as pb
from tests.conftest import StartTensorBoard, index_of, until
from tests.records.foreign_reader import read_run

MAPS = np.random.default_rng(0).random((2, 4, 5), dtype=np.float32)
ROOT = Path(__file__).parents[1]


def steps_of(run: Path, tag: str = "maps", kind: int = pb.HEATMAPS) -> list[int]:
    """As our reader finds them, and a foreign one too."""
    index = index_of(run)
    assert index.counts().damaged == index.counts().unknown == 0
    series = index.find(tag, kind)
    found = index.steps(series).step.tolist() if series else []
    assert [record.step for record in read_run(run).records.get((tag, kind), [])] == found
    return found


class Job:
    """Ranks of a job that was started once, played by this process one after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, size: int = 2) -> None:
        self._monkeypatch, self._size, self._store = monkeypatch, size, dist.HashStore()

    @contextmanager
    def rank(self, rank: int, ahead: float = 0) -> Iterator[None]:
        """What is done inside, this rank does, on a machine whose clock is ahead of the others' by some seconds."""
        with self._monkeypatch.context() as patched:
            process = Process(rank, self._size, self._store)
            patched.setattr(tb_explain.writer, "this_process", lambda: process)
            now = time.time
            patched.setattr(time, "time", lambda: now() + ahead)
            yield


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Job]:
    return lambda: Job(monkeypatch)


# --- Purges ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [(0, 0), (100, 0), (0, 100), (-1000, 1000)])
def test_ranks_that_resume_together_hide_what_was_before_and_nothing_of_each_other(
    tmp_path: Path, job: Callable[[], Job], ahead: tuple[float, float]
) -> None:
    started, resumed = job(), job()
    for rank in (0, 1):
        with started.rank(rank, ahead[rank]), ExplainWriter(tmp_path) as writer:
            for step in range(rank, 10, 2):
                writer.add_heatmaps("maps", MAPS, global_step=step)
    for rank in (1, 0):
        with resumed.rank(rank, ahead[rank]), ExplainWriter(tmp_path, purge_step=4) as writer:
            writer.add_heatmaps("maps", MAPS, global_step=4 + rank)
    assert steps_of(tmp_path) == [0, 1, 2, 3, 4, 5]


def test_a_rank_that_is_started_again_alone_hides_only_what_it_had_logged_itself(
    tmp_path: Path, job: Callable[[], Job]
) -> None:
    one = job()
    with one.rank(0), ExplainWriter(tmp_path) as survivor:
        with one.rank(1), ExplainWriter(tmp_path) as writer:
            for step in (1, 3, 5):
                writer.add_heatmaps("maps", MAPS, global_step=step)
        for step in (0, 2, 4):
            survivor.add_heatmaps("maps", MAPS, global_step=step)
        survivor.flush()
        with one.rank(1), ExplainWriter(tmp_path, purge_step=3) as again:
            again.add_heatmaps("maps", MAPS, global_step=7)
        survivor.add_heatmaps("maps", MAPS, global_step=6)
    assert steps_of(tmp_path) == [0, 1, 2, 4, 6, 7]


def test_a_clock_that_was_put_back_hides_what_it_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    for behind, purge_step in ((0, None), (500, 5), (5000, 3)):
        monkeypatch.setattr(time, "time", lambda behind=behind: now() - behind)
        with ExplainWriter(tmp_path, purge_step=purge_step) as writer:
            for step in range(purge_step or 0, 8):
                writer.add_heatmaps("maps", MAPS, global_step=step)
    assert steps_of(tmp_path) == list(range(8)), "each step once: what was logged last"
    index = index_of(tmp_path)
    series = index.find("maps", pb.HEATMAPS)
    assert series
    newest = max(path.name for path in tmp_path.glob("plugins/tb_explain/*.index"))
    keys = index.steps(series).keys
    assert {key.segment for key in keys[3:]} == {newest.removesuffix(".index").rpartition(".")[2]}


def test_a_purge_is_in_force_before_anything_is_logged_again(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        for step in range(6):
            writer.add_heatmaps("maps", MAPS, global_step=step)
    with ExplainWriter(tmp_path, purge_step=2) as writer:
        writer.flush()
        assert steps_of(tmp_path) == [0, 1]


def test_where_there_is_nothing_to_hide_a_purge_leaves_no_trace(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path, purge_step=2) as writer:
        writer.add_scalar("loss", 1.0, 2)
    assert not (tmp_path / "plugins").exists()


def test_projections_are_of_the_session_of_their_writer(tmp_path: Path, job: Callable[[], Job]) -> None:
    """Another process logs them, later; a rank that resumes with an unlucky clock must not hide them."""
    one = job()
    with one.rank(0), ExplainWriter(tmp_path, strict=True) as writer:
        writer.add_projection("points", np.eye(8, dtype=np.float32), global_step=5, reducer=PCA())
        writer.flush()
        with one.rank(1, 100), ExplainWriter(tmp_path, purge_step=5):
            pass
    assert steps_of(tmp_path, "points", pb.PROJECTION) == [5]


# --- Event files -----------------------------------------------------------------------------------------------------


def event_files(run: Path) -> list[str]:
    return sorted(str(path.parent.relative_to(run)) for path in run.rglob("*tfevents*"))


def test_other_ranks_make_no_event_file_by_explaining(tmp_path: Path, job: Callable[[], Job]) -> None:
    one = job()
    with one.rank(1), ExplainWriter(tmp_path) as writer:
        writer.add_heatmaps("maps", MAPS, global_step=1)
        writer.flush()
    assert event_files(tmp_path) == []
    with one.rank(0), ExplainWriter(tmp_path) as writer:
        writer.add_heatmaps("maps", MAPS, global_step=0)
    assert event_files(tmp_path) == ["."]
    assert steps_of(tmp_path) == [0, 1]


def test_what_ranks_log_at_once_both_of_tensorboards_loaders_show(
    tmp_path: Path, job: Callable[[], Job], tensorboard: StartTensorBoard
) -> None:
    one = job()
    with one.rank(0):
        first = ExplainWriter(tmp_path / "run")
    with one.rank(1):
        second = ExplainWriter(tmp_path / "run")
        for step in range(5):
            second.add_scalar("loss", 1.0, step)
            first.add_scalar("loss", 2.0, step)
            first.flush()
            second.flush()
    first.close()
    second.close()
    assert event_files(tmp_path) == ["run", "run/rank1"]
    for run in ("run", "run/rank1"):
        loaded = EventAccumulator(str(tmp_path / run))
        loaded.Reload()
        assert [event.step for event in loaded.Scalars("loss")] == list(range(5))
    for loader in ("true", "false"):
        server = tensorboard("--logdir", str(tmp_path), f"--load_fast={loader}")
        asked = "data/plugin/scalars/scalars"
        until(lambda: len(server.get("data/runs").json()) == 2)  # noqa: B023
        for run in ("run", "run/rank1"):
            until(lambda: [row[1] for row in server.get(asked, run=run, tag="loss").json()] == list(range(5)))  # noqa: B023


def test_a_rank_with_a_directory_of_its_own_keeps_its_summaries_there(tmp_path: Path, job: Callable[[], Job]) -> None:
    one = job()
    for rank in (0, 1):
        with one.rank(rank), ExplainWriter(tmp_path / f"process {rank}") as writer:
            writer.add_scalar("loss", 1.0, 0)
    assert event_files(tmp_path) == ["process 0", "process 1"]


def test_ranks_that_are_told_no_directory_find_the_same(
    tmp_path: Path, job: Callable[[], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = job()
    found = []
    for rank, ahead in ((1, 100), (0, 0)):
        monkeypatch.setattr("tb_explain.ranks._unnamed", iter([0]))
        with one.rank(rank, ahead), ExplainWriter(comment="_mine") as writer:
            found.append(writer.log_dir)
    assert found[0] == found[1] and found[0].startswith("runs/") and found[0].endswith("_mine")


def test_a_store_that_is_gone_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def compare_set(self, *_: str) -> bytes:
            raise RuntimeError("Connection reset by peer")

    monkeypatch.setattr(tb_explain.writer, "this_process", lambda: Process(1, 2, Gone()))
    with ExplainWriter(tmp_path) as writer:
        writer.add_heatmaps("maps", MAPS)
        writer.add_scalar("loss", 1.0, 0)
    assert steps_of(tmp_path) == [0]
    assert event_files(tmp_path) == ["rank1"]


def test_a_writer_cannot_be_pickled_and_says_what_to_do(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer, pytest.raises(TypeError, match="make one there, in the same directory"):
        pickle.dumps({"writer": writer})


# --- Under torchrun --------------------------------------------------------------------------------------------------


def whole() -> TensorDataset:
    """More images than batches hold, and no even number."""
    generator = torch.Generator().manual_seed(2)
    return TensorDataset(torch.randn(37, 1, 8, 8, generator=generator), torch.arange(37) % 3)


def trained() -> nn.Module:
    torch.manual_seed(7)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))


def explain_whole(writer: ExplainWriter, loader: DataLoader[Any]) -> int:
    """All but what draws random numbers, which are others when an image is elsewhere in its batch."""
    return writer.explain_all(
        trained(), loader, 9, [GradCAM("0"), Saliency(), Occlusion(4, 2)], name="whole", class_names="abc"
    )


def explained(run: Path) -> dict[tuple[str, int], tuple[Any, ...]]:
    """What there is of each image, by tag and the image's id."""
    found: dict[tuple[str, int], tuple[Any, ...]] = {}
    index = index_of(run)
    assert not index.failures()
    for series in index.series():
        tag = series.declaration.tag
        if not tag.startswith("whole/"):
            continue
        message = {pb.HEATMAPS: pb.Heatmaps, pb.OCCLUSION: pb.Occlusion}[series.declaration.kind]
        for key in index.steps(series).keys:
            read: Any = message.FromString(index.read(key))
            maps = decode_array(read.maps if series.declaration.kind == pb.HEATMAPS else read.sliders[0].scores)
            for i, sample in enumerate(read.samples):
                assert (tag, sample.id) not in found, "no image twice"
                shown = index.read_blob(pb.IMAGE, sample.image)
                found[tag, sample.id] = maps[i], sample.label, sample.predicted, shown
    return found


def work(run: Path) -> None:
    """What each rank does: trains and explains; the job is killed once by its second rank, and started again."""
    from torch.nn.parallel import DistributedDataParallel

    torch.manual_seed(0)
    attempt = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    writer = ExplainWriter(run, purge_step=3 if attempt else None, strict=True)  # before there is a process group
    rank, port = int(os.environ["RANK"]), int(os.environ["MASTER_PORT"])
    # Under --standalone both attempts meet at one store, and gloo may find where the dead ones listened: so each at its own place in it.
    store = dist.TCPStore(os.environ["MASTER_ADDR"], port, None, is_master=False, wait_for_workers=False)
    dist.init_process_group("gloo", store=dist.PrefixStore(str(attempt), store), rank=rank, world_size=2)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.SyncBatchNorm(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    network[1] = nn.BatchNorm2d(4)  # SyncBatchNorm trains on GPUs only
    model = DistributedDataParallel(network)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    images = torch.rand(12, 1, 6, 6, generator=torch.Generator().manual_seed(1))
    mine = share(TensorDataset(images))
    probe = Probe(torch.stack([image for (image,) in mine]), name="val")  # type: ignore[attr-defined]
    for step in range(3 if attempt else 0, 6):
        optimizer.zero_grad()
        model(images[rank::2]).square().mean().backward()
        optimizer.step()
        # Not all ranks, and not all equally often: nothing of it waits for the others.
        if step % 2 == 0 or rank:
            writer.explain(model, probe, step, [GradCAM("0"), LIME(samples=20)] if rank else [GradCAM("0")])
        writer.flush()  # whoever is left is killed
        if not attempt and step == 4 and rank:
            os._exit(1)
    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    other = weights.clone()
    dist.broadcast(other, 0)
    assert torch.equal(weights, other), "ranks are in step"
    explain_whole(writer, DataLoader(share(whole()), 8))
    features = gather_features(collect_features(trained(), DataLoader(share(whole()), 8), "1", max_rows=20))
    if isinstance(features, Features):
        np.savez(run.parent / "features.npz", ids=features.ids, values=features.values, labels=features.labels)
    writer.close()
    dist.destroy_process_group()


def torchrun(*arguments: Any, **environment: str) -> str:
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        *map(str, arguments),
    ]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    told = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **environment}
    ended = subprocess.run(command, env=told, capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stdout


@pytest.fixture(scope="module")
def run_of_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("logs") / "run"
    torchrun("--max-restarts=1", __file__, run)
    return run


def test_a_job_that_died_and_was_started_again_is_one_run(run_of_job: Path) -> None:
    tmp_path = run_of_job
    # Of the first attempt 0 to 2, of the second the rest; rank 0 at even steps, rank 1 at all.
    assert steps_of(tmp_path, "val/gradcam/0") == [0, 0, 1, 2, 2, 3, 4, 4, 5]
    assert steps_of(tmp_path, "val/lime", pb.SUPERPIXELS) == [0, 1, 2, 3, 4, 5]
    assert set(event_files(tmp_path)) == {"."}
    index = index_of(tmp_path)
    series = index.find("val/gradcam/0", pb.HEATMAPS)
    assert series
    of_step: dict[int, set[int]] = {}
    for step, key in zip(index.steps(series).step.tolist(), index.steps(series).keys, strict=True):
        of_step.setdefault(step, set()).update(sample.id for sample in pb.Heatmaps.FromString(index.read(key)).samples)
    assert [len(of_step[step]) for step in range(6)] == [12, 6, 12, 6, 12, 6], "both shares, and no image twice"
    segments = {path.name.split(".")[2] for path in tmp_path.glob("plugins/tb_explain/*.index")}
    assert len(segments) == 4, "of two ranks and two attempts"


def test_the_union_of_ranks_is_what_one_process_finds(run_of_job: Path, tmp_path: Path) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        assert explain_whole(writer, DataLoader(whole(), 8)) == 37
    expected, found = explained(tmp_path), explained(run_of_job)
    assert found.keys() == expected.keys()
    assert len(found) == 3 * 37
    for key, (maps, *known) in found.items():
        assert known == list(expected[key][1:])
        # Other batches may be summed in another order, and what is stored is rounded to 256 levels.
        np.testing.assert_allclose(maps, expected[key][0], atol=2e-5 + np.ptp(expected[key][0]) / 250)
    features = collect_features(trained(), DataLoader(whole(), 8), "1", max_rows=20)
    assert isinstance(features, Features)
    gathered = np.load(run_of_job.parent / "features.npz")
    order = features.ids.argsort()
    np.testing.assert_array_equal(gathered["ids"], features.ids[order])
    np.testing.assert_array_equal(gathered["labels"], features.labels[order])
    np.testing.assert_allclose(gathered["values"], features.values[order], atol=1e-6)


def test_methods_that_look_at_all_images_together_are_refused_where_batches_are_explained(tmp_path: Path) -> None:
    from tb_explain.methods import FilterClusters

    with (
        ExplainWriter(tmp_path) as writer,
        pytest.raises(ValueError, match="FilterClusters looks at all images together"),
    ):
        writer.explain_all(trained(), DataLoader(whole(), 8), 0, [GradCAM(), FilterClusters()])


def test_a_batch_that_fails_is_shown_as_such_and_the_others_are_explained(tmp_path: Path) -> None:
    images = torch.rand(6, 1, 8, 8)
    loader = [images[:2], images[2:4, :, :2, :2], images[4:]]  # too small for the network
    with ExplainWriter(tmp_path) as writer:
        assert writer.explain_all(trained(), loader, 3, [GradCAM("0")]) == 6
    assert steps_of(tmp_path, "data/gradcam/0") == [3, 3]
    assert writer.failed == 1


def test_shares_are_the_whole_and_overlap_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = TensorDataset(torch.arange(11))
    assert share(whole) is whole
    shares = []
    for rank in range(3):
        monkeypatch.setattr("tb_explain.ranks.this_process", lambda rank=rank: Process(rank, 3))
        shares.append([int(value) for (value,) in share(whole)])  # type: ignore[attr-defined]
    assert shares == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8]]


if __name__ == "__main__":
    work(Path(sys.argv[1]))
