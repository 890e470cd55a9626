"""Real TensorBoard processes, and real runs for them to show."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest

from tb_explain.records import LOCAL, Files, Record, RunIndex, SegmentWriter, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb
from tb_explain.upkeep.segments import Entries

if TYPE_CHECKING:
    from tests.s3 import S3

PATIENCE = 60  # seconds; a busy machine takes its time to start TensorBoard

# What must never be in TensorBoard's log because of us: failures, and what its security_validator says about our answers.
COMPLAINTS = re.compile(
    r"Traceback|In 3\.0|Explain|tb_explain discovery|could not be answered|Illegal Content-Security"
)


class Answer(NamedTuple):
    """An HTTP answer as it came over the wire."""

    status: int
    headers: dict[str, str]  # by lower-case name
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass
class TensorBoard:
    """A running TensorBoard."""

    url: str  # ends in a slash
    process: subprocess.Popen[bytes]
    log: Path
    expected: Sequence[str] = ()  # complaints that the test wanted

    def get(self, path: str, method: str = "GET", headers: dict[str, str] | None = None, **query: Any) -> Answer:
        """Ask for a path exactly as it is spelt, below the address."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
        target = address.path + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)

    def ask(self, route: str, **query: Any) -> Answer:
        """Ask one of the plugin's routes."""
        return self.get(f"data/plugin/tb_explain/{route}", **query)

    def runs(self) -> dict[str, Any]:
        """The answer of `runs`, by name, once all is read."""
        while "indexing" in (answer := self.ask("runs").json()):
            pass  # each answer waits a while by itself
        return {run["run"]: run for run in answer["runs"]}

    def complaints(self) -> list[str]:
        """The lines of the log that should not be there. What connections say that are cut at its end is not counted."""
        said = self.log.read_text(errors="replace").partition("TensorBoard caught SIGTERM")[0]
        return [line for line in said.splitlines() if COMPLAINTS.search(line)]


def until(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The first true value of `condition`, asked again and again; fails when there is none for too long."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still {value!r} after {patience} s"
        time.sleep(0.1)
    return value


def index_of(run: Path | str, files: Files = LOCAL) -> RunIndex:
    """The index of a run as it is now."""
    index = RunIndex(run, files)
    index.refresh()
    return index


def kinds_stored(run: Path) -> list[int]:
    """The kinds of all entries of a run's index files, one an entry."""
    files = sorted(run.glob("plugins/tb_explain/*.index"))
    return [found.entry.kind for file in files for found in Entries(file) if found.entry is not None]


StartTensorBoard = Callable[..., TensorBoard]


@pytest.fixture(scope="session")
def tensorboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTensorBoard]:
    """Starts TensorBoard with some arguments and waits until it answers; at the end its log must have no complaint."""
    started: list[TensorBoard] = []

    def start(*arguments: str, python: str = sys.executable, cwd: Path | None = None) -> TensorBoard:
        log = tmp_path_factory.mktemp("tensorboard") / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [python, "-m", "tensorboard.main", "--port=0", *arguments], stdout=file, stderr=file, cwd=cwd
            )

        def address() -> str | None:
            assert process.poll() is None, log.read_text()
            match = re.search(r"at (http://\S+)", log.read_text(errors="replace"))
            return match and match[1]

        server = TensorBoard(until(address).rstrip("/") + "/", process, log)
        started.append(server)
        return server

    yield start
    for server in started:
        server.process.terminate()
    for server in started:
        server.process.wait(30)
    complaints = [line for server in started for line in server.complaints() if line not in server.expected]
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """A local S3 server with an empty bucket `bucket`; this process and those that it starts find it by their environment."""
    import boto3

    from tests.s3 import S3

    server = S3()
    server.open()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield server
    server.shut()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logdir that the README's first command makes."""
    logdir = tmp_path_factory.mktemp("demo")
    command = [Path(sys.executable).with_name("tb-explain"), "demo", "--logdir", logdir / "runs"]
    subprocess.run(command, check=True, capture_output=True, timeout=1800)
    return logdir / "runs"


@dataclass
class Run:
    """A run that is being written, and what should be read back from it."""

    directory: Path
    payloads: list[bytes] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)  # by hash
    classes: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.segment = SegmentWriter(self.directory)

    @property
    def data(self) -> Path:
        """The data file."""
        return Path(f"{self.segment.path}.data")

    @property
    def index(self) -> Path:
        """The index file."""
        return Path(f"{self.segment.path}.index")

    def log(self, tag: str, steps: Sequence[int], samples: int = 2) -> Run:
        """Log random maps of random images at these steps, as GradCAM on layer4."""
        random = np.random.default_rng(len(self.payloads))
        pixels = random.integers(0, 256, (samples, 32, 32, 3), np.uint8)
        blobs = [self.segment.blob(pb.IMAGE, encode_image(image)) for image in pixels]
        names = pb.ClassNames(names=["cat", "dog"]).SerializeToString()
        classes, declared = self.segment.blob(pb.CLASSES, names)
        self.images |= {name.hex(): records[0].payload for name, records in blobs if records}
        self.classes[classes.hex()] = names
        series = pb.Series(
            kind=pb.HEATMAPS, tag=tag, method="GradCAM", layer="layer4", parameters="{}", description="of the probe"
        )
        records = [*declared, *(record for _, found in blobs for record in found), *self.segment.series(series)]
        for step in steps:
            payload = pb.Heatmaps(
                samples=[pb.Sample(image=name, label=0) for name, _ in blobs],
                maps=encode_array(random.integers(0, 256, (samples, 1, 7, 7), np.uint8)),
                targets=[0] * samples,
                classes=classes,
                height=32,
                width=32,
            ).SerializeToString()
            records.append(self.record(series.id, step, payload, samples))
            self.payloads.append(payload)
        self.segment.append(records)
        return self

    def log_bytes(self, tag: str, payloads: Sequence[bytes]) -> Run:
        """Log these bytes as if they were maps, at steps 0, 1, 2, ..."""
        series = pb.Series(kind=pb.HEATMAPS, tag=tag)
        records = self.segment.series(series)
        records += [self.record(series.id, step, payload) for step, payload in enumerate(payloads)]
        self.segment.append(records)
        self.payloads += payloads
        return self

    @staticmethod
    def record(series: int, step: int, payload: bytes, count: int = 1) -> Record:
        """A record of maps at a step."""
        entry = pb.Entry(kind=pb.HEATMAPS, series=series, step=step, wall_time=1e9 + step, count=count)
        return Record(entry, payload)
