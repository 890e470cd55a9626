"""What was handed over to be reduced is logged, whatever becomes of the process that did, of the worker, or of a job before it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
import pytest

from tb_explain.projections import PCA, TSNE, UMAP, Rows, Thumbnails, column_of, jobs, reductions
from tb_explain.projections.jobs import Job
from tb_explain.projections.reducers import Reducer
from tb_explain.projections.reductions import Outcome, Reductions
from tb_explain.projections.worker import Worker
from tb_explain.records import Origin, Recorder, decode_column, moment_in
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of, until


def job_of(step: int, n: int = 60, reducer: Reducer | None = None, tag: str = "features", **changed: Any) -> Job:
    """Rows of three classes; their features move a little from step to step. One with t-SNE keeps a worker busy for seconds."""
    random = np.random.default_rng(0)
    labels = np.arange(n) % 3
    features = 3 * np.eye(8)[labels] + random.normal(size=(n, 8)) + 0.01 * step * random.normal(size=(n, 8))
    given: dict[str, Any] = {
        "series": pb.Series(kind=pb.PROJECTION, tag=tag, method="PCA"),
        "step": step,
        "wall_time": 1e9 + step,
        "rows": Rows(np.arange(1, n + 1), labels, class_names=("a", "b", "c")),
        "reducer": reducer or PCA(),
        "features": features.astype(np.float32),
    }
    return Job(**given | changed)


def slow(step: int) -> Job:
    return job_of(step, 600, TSNE(), tag="slow")


def logged(run: Path) -> dict[str, list[int]]:
    """Steps by tag."""
    index = index_of(run)
    assert index.counts().damaged == index.counts().unknown == 0
    return {series.declaration.tag: index.steps(series).step.tolist() for series in index.series()}


def failures(run: Path) -> list[str]:
    index = index_of(run)
    return [entry.failure.message for entry in index.failures()]


_strangers: set[psutil.Process] = set()


@pytest.fixture(autouse=True)
def _no_strangers() -> None:
    """Tests that ran before may have left this process other children, a TensorBoard say."""
    _strangers.update(psutil.Process().children())


def workers(pid: int | None = None) -> set[psutil.Process]:
    """Of a process, this one if None."""
    return set(psutil.Process(pid).children()) - _strangers


def worker_of(pid: int | None = None) -> psutil.Process:
    (worker,) = workers(pid)
    return worker


class Reduced:
    """A handle, and what it reported."""

    def __init__(self, run: Path, **options: Any) -> None:
        self.outcomes: list[Outcome] = []
        self.run = run
        self.handle = Reductions(run, self.outcomes.append, **options)


@pytest.fixture
def reduced(tmp_path: Path) -> Iterator[Reduced]:
    made = Reduced(tmp_path / "run")
    yield made
    made.handle.close()


def test_what_was_handed_over_is_logged_and_its_measures_are_reported(reduced: Reduced) -> None:
    for step in range(3):
        assert reduced.handle.put(job_of(step))
    reduced.handle.flush()
    assert logged(reduced.run) == {"features": [0, 1, 2]}
    assert [outcome[:3] for outcome in reduced.outcomes] == [("features", step, 1e9 + step) for step in range(3)]
    assert not any(outcome.failure for outcome in reduced.outcomes)
    first, second, _ = (outcome.measures for outcome in reduced.outcomes)
    assert {"trustworthiness", "silhouette", "knn_purity", "knn_purity_2d"} == set(first)
    assert second.keys() - first.keys() == {"displacement"} and second["displacement"] < 0.1, second
    index = index_of(reduced.run)
    (series,) = index.series()
    record = pb.Projection.FromString(index.read(index.steps(series).keys[2]))
    assert {measure.name for measure in record.measures} == set(second)
    ids = decode_column(record.ids, index.read_blob(pb.COLUMN, record.ids.values))
    assert ids.tolist() == list(range(1, 61))


def test_a_job_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    rows = Rows(
        np.array([5, 2**53 - 1, 7]),
        labels=np.array([0, -1, 1]),
        probabilities=np.array([0.5, np.nan, 1]),
        class_names=("Hündchen", "鳥"),
        columns={"age": column_of("age", [1.0, np.nan, 3.0]), "site": column_of("site", ["x", None, "y"])},
        thumbnails=Thumbnails.of(np.zeros((3, 4, 4, 3), np.uint8)),
        dropped=2,
    )
    features = np.arange(12, dtype=np.float16).reshape(4, 3).T  # neither contiguous nor float32
    job = Job(pb.Series(tag="t", layer="fc"), -3, 1.5, rows, UMAP(dims=3), features, np.zeros((3, 2), np.float32))
    path = tmp_path / "1.job"
    assert jobs.write(job, path) == path.stat().st_size > jobs.size(job)
    read = jobs.read(path)
    assert (read.series, read.step, read.wall_time, read.reducer) == (job.series, -3, 1.5, UMAP(dims=3))
    assert read.features is not None and read.positions is not None
    assert read.features.dtype == np.float16 and (read.features == features).all() and read.positions.shape == (3, 2)
    np.testing.assert_equal(
        [vars(one) if hasattr(one, "__dict__") else one for one in read.rows.columns.values()],
        [vars(one) if hasattr(one, "__dict__") else one for one in rows.columns.values()],
    )
    for name in ("ids", "labels", "predicted", "probabilities", "class_names", "thumbnails", "dropped"):
        np.testing.assert_equal(getattr(read.rows, name), getattr(rows, name))
    with pytest.raises(TypeError, match="object cannot be handed"):
        jobs.write(Job(pb.Series(), 0, 0.0, rows, object()), path)  # type: ignore[arg-type]


def test_the_worker_imports_no_torch_and_yields_to_everybody(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    jobs.write(job_of(0), spool / "000000001.job")
    code = f"""
        import sys, os
        import umap
        from tb_explain.projections.worker import main
        main({str(tmp_path / "alone")!r}, {str(spool)!r}, os.getppid())
        assert not [name for name in sys.modules if name.partition(".")[0] in ("torch", "tensorboard", "tensorflow")]
        assert os.nice(0) == 19
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.DEVNULL, check=True)
    assert logged(tmp_path / "alone") == {"features": [0]}


@pytest.mark.skipif(not os.path.exists("/proc/self/autogroup"), reason="this kernel does not share cores by session")
def test_the_worker_yields_to_other_sessions_too(reduced: Reduced) -> None:
    reduced.handle.put(job_of(0))
    reduced.handle.flush()
    assert Path(f"/proc/{worker_of().pid}/autogroup").read_text().split()[-2:] == ["nice", "19"]
    assert Path("/proc/self/autogroup").read_text().split()[-2:] != ["nice", "19"], "this one is as it was"


@pytest.mark.skipif(not hasattr(os, "getpriority") or os.geteuid(), reason="needs the right to raise a process again")
def test_the_worker_yields_to_nobody_while_somebody_waits(reduced: Reduced) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, worker_of().pid)

    reduced.handle.put(slow(0))
    until(lambda: niceness() == 19)
    waiting = threading.Thread(target=reduced.handle.flush)
    waiting.start()
    until(lambda: niceness() == os.getpriority(os.PRIO_PROCESS, 0))
    assert reduced.handle._pending, "it is still at it"
    waiting.join()
    assert niceness() == 19


def test_on_no_terminal_the_log_says_what_is_waited_for(
    reduced: Reduced, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reductions, "_LOG_AFTER", 0.0)
    reduced.handle.put(slow(3))
    reduced.handle.put(job_of(4))
    reduced.handle.flush()
    assert caplog.messages == ["waiting for projections: reducing slow of step 3, and 1 more to do"]


def test_a_job_that_fails_says_why_and_the_next_is_logged(reduced: Reduced) -> None:
    job = job_of(0)
    assert job.features is not None
    job.features[3, 3] = np.nan
    reduced.handle.put(job)
    reduced.handle.put(job_of(1))
    reduced.handle.put(job_of(2, features=None, reducer=None))
    reduced.handle.flush()
    assert [outcome.failure for outcome in reduced.outcomes] == [
        "ValueError: features must be finite; drop the rows that are not",
        "",
        "ValueError: there is nothing to reduce: neither positions nor features with a reducer",
    ]
    assert "Traceback" in reduced.outcomes[0].detail
    assert logged(reduced.run) == {"features": [1]}


def test_positions_that_are_known_are_logged_as_they_are(reduced: Reduced) -> None:
    positions = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    reduced.handle.put(job_of(0, reducer=None, positions=positions))
    reduced.handle.put(job_of(1, reducer=None, positions=positions, features=None))
    reduced.handle.flush()
    assert [outcome.failure for outcome in reduced.outcomes] == ["", ""]
    assert "trustworthiness" in reduced.outcomes[0].measures and "trustworthiness" not in reduced.outcomes[1].measures


HANDS_OVER = """
    import os, signal, sys, time
    from pathlib import Path
    from tb_explain.projections.reductions import Reductions
    from tests.projections.test_worker import job_of, slow

    handle = Reductions(sys.argv[1], print)
    handle.put(slow(0))
    for step in range(1, 5):
        handle.put(job_of(step))
    bad = job_of(5)
    bad.features[:] = float("nan")
    handle.put(bad)
"""


def script(code: str, run: Path, temporary: Path) -> subprocess.Popen[bytes]:
    temporary.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(run)],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    "end",
    ["os.kill(os.getpid(), signal.SIGKILL)", "if os.fork() == 0: time.sleep(60)\n    os._exit(0)"],
    ids=["killed", "survived by a fork"],
)
def test_what_was_handed_over_is_logged_when_the_training_process_is_gone(tmp_path: Path, end: str) -> None:
    temporary = tmp_path / "temporary"
    training = script(HANDS_OVER + f"    {end}\n", tmp_path / "run", temporary)
    try:
        training.wait(60)
        until(lambda: temporary.exists() and not list(temporary.iterdir()))
    finally:
        if "fork" in end:
            for process in psutil.process_iter(["environ"]):
                if (process.info["environ"] or {}).get("TMPDIR") == str(temporary):
                    process.kill()
    assert logged(tmp_path / "run") == {"slow": [0], "features": [1, 2, 3, 4]}
    assert failures(tmp_path / "run") == ["ValueError: features must be finite; drop the rows that are not"]


def test_a_worker_that_is_killed_costs_the_job_it_was_at(reduced: Reduced) -> None:
    reduced.handle.put(slow(0))
    for step in (1, 2):
        reduced.handle.put(job_of(step))
    first = worker_of()
    until(lambda: first.cpu_times().user > 0.3)
    first.kill()
    reduced.handle.flush()
    assert [bool(outcome.failure) for outcome in reduced.outcomes] == [True, False, False]
    assert reduced.outcomes[0].tag == "slow"
    assert reduced.outcomes[0].failure == "the process that reduces was killed by signal 9; perhaps memory ran out"
    assert logged(reduced.run) == {"features": [1, 2]}
    idle = worker_of()
    assert idle.pid != first.pid
    idle.kill()
    idle.wait()
    until(lambda: reduced.handle._worker is None)
    reduced.handle.put(job_of(3))
    reduced.handle.flush()
    assert logged(reduced.run) == {"features": [1, 2, 3]} and len(reduced.outcomes) == 4


def test_a_worker_that_cannot_start_fails_each_job_in_a_sentence(
    reduced: Reduced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reductions, "_START", "import missing_library_of_ours # {path} {directory} {spool} {pid}")
    for step in range(2):
        reduced.handle.put(job_of(step))
    reduced.handle.flush()
    said = "the process that reduces ended with exit status 1: ModuleNotFoundError: No module named 'missing_library_of_ours'"
    assert [outcome.failure for outcome in reduced.outcomes] == [said, said]
    monkeypatch.setattr(sys, "executable", "/missing/python")
    with pytest.raises(OSError, match="/missing/python"):
        reduced.handle.put(job_of(2))
    reduced.handle.flush()


def test_a_worker_that_nobody_could_listen_to_is_not_waited_for(
    reduced: Reduced, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        with pytest.raises(OSError, match="no thread can be started"):
            reduced.handle.put(job_of(0))
    assert not workers()
    reduced.handle.flush()
    reduced.handle.put(job_of(1))
    reduced.handle.flush()
    assert logged(reduced.run) == {"features": [1]}


def test_a_worker_that_outlives_its_training_is_hidden_by_the_purge_of_the_next(tmp_path: Path) -> None:
    killed = Origin(moment_in(tmp_path), "killed", 0)
    resumed = Recorder(str(tmp_path), queue_bytes=1000, when_full="block", purge_step=800)
    resumed.put("", 0, 1, lambda segment: [])
    resumed.close()
    job = job_of(1000, positions=np.zeros((60, 2), np.float32))
    Worker(str(tmp_path), tmp_path, io.StringIO(), cast(Any, None), killed)._log(job)
    assert logged(tmp_path) == {"features": []}


def test_a_directory_that_cannot_be_written_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    made = Reduced(tmp_path / "file" / "run")
    for step in range(2):
        made.handle.put(job_of(step))
    made.handle.close()
    assert all("NotADirectoryError" in outcome.failure for outcome in made.outcomes) and len(made.outcomes) == 2
    with pytest.raises(ValueError, match="the writer is closed"):
        made.handle.put(job_of(3))
    full = Reduced(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(OSError, match="file"):
        full.handle.put(job_of(0))
    full.handle.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_a_full_disk_is_reported_and_the_next_job_goes_on(reduced: Reduced, monkeypatch: pytest.MonkeyPatch) -> None:
    reduced.handle.put(job_of(0))
    reduced.handle.flush()
    real = jobs._write_all
    full = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
    monkeypatch.setattr(jobs, "_write_all", lambda file, blob: real(full, blob))
    with pytest.raises(OSError, match="No space left"):
        reduced.handle.put(job_of(1))
    monkeypatch.undo()
    full.close()
    reduced.handle.put(job_of(2))
    reduced.handle.flush()
    assert logged(reduced.run) == {"features": [0, 2]} and len(reduced.outcomes) == 2


def test_a_ctrl_c_is_not_meant_for_the_worker(reduced: Reduced) -> None:
    reduced.handle.put(slow(0))
    worker = worker_of()
    assert os.getpgid(worker.pid) != os.getpgid(0)
    until(lambda: worker.cpu_times().user > 0.3)
    worker.send_signal(signal.SIGINT)
    reduced.handle.flush()
    assert logged(reduced.run) == {"slow": [0]}


def test_a_forked_child_has_a_worker_of_its_own(reduced: Reduced) -> None:
    reduced.handle.put(slow(0))
    child = os.fork()
    if child == 0:
        try:
            reduced.handle.flush()  # has nothing to wait for
            reduced.handle.put(job_of(7))
            reduced.handle.close()
            os._exit(0 if [outcome.step for outcome in reduced.outcomes] == [7] else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    reduced.handle.flush()
    assert logged(reduced.run) == {"slow": [0], "features": [7]}
    assert [outcome.tag for outcome in reduced.outcomes] == ["slow"]


def test_what_does_not_fit_waits_or_is_dropped(tmp_path: Path) -> None:
    dropping = Reduced(tmp_path / "drop", queue_bytes=1, when_full="drop")
    assert dropping.handle.put(slow(0)) and not dropping.handle.put(job_of(1))
    assert dropping.handle.dropped == 1
    blocking = Reduced(tmp_path / "block", queue_bytes=1)
    for step in range(2):
        blocking.handle.put(job_of(step))
    assert [outcome.step for outcome in blocking.outcomes] == [0], "the second is taken when the first is done"
    blocking.handle.close()
    dropping.handle.close()
    assert logged(tmp_path / "drop") == {"slow": [0]} and logged(tmp_path / "block") == {"features": [0, 1]}


@pytest.mark.parametrize("terminal", [True, False])
def test_waiting_says_so_on_a_terminal_only(reduced: Reduced, monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    said = io.StringIO()
    monkeypatch.setattr(said, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys, "stderr", said)
    reduced.handle.put(slow(3))
    reduced.handle.put(job_of(4))
    reduced.handle.flush()
    if terminal:
        assert "reducing slow of step 3, and 1 more to do" in said.getvalue() and said.getvalue().endswith("\r\x1b[K")
    else:
        assert not said.getvalue()


def test_flush_returns_though_a_report_fails(tmp_path: Path) -> None:
    def report(outcome: Outcome) -> None:
        raise RuntimeError("nobody listens")

    handle = Reductions(tmp_path, report)
    handle.put(job_of(0))
    waiting = threading.Thread(target=handle.close, daemon=True)
    waiting.start()
    waiting.join(60)
    assert not waiting.is_alive() and logged(tmp_path) == {"features": [0]}
    handle.close()


def test_nothing_is_started_or_left_behind_without_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    idle = Reduced(tmp_path / "idle")
    idle.handle.flush()
    idle.handle.close()
    assert not list(tmp_path.iterdir()) and not workers()
    used = Reduced(tmp_path / "run")
    used.handle.put(job_of(0))
    used.handle.close()
    assert [path.name for path in tmp_path.iterdir()] == ["run"] and not workers()
