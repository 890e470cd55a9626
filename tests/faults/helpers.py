"""Children that something happens to, disks that refuse, and what a run holds in the end."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tb_explain.records import Record, Recorder, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.conftest import PATIENCE, index_of
from tests.records.foreign_reader import read_run


def put(recorder: Recorder, step: int, payload: bytes = b"payload", tag: str = "t") -> bool:
    """Hand over a record."""

    def encode(segment: SegmentWriter) -> list[Record]:
        series = pb.Series(kind=pb.HEATMAPS, tag=tag)
        name, blobs = segment.blob(pb.IMAGE, b"image of " + payload[:20])
        declared = segment.series(series)
        entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, wall_time=1.0, count=1)
        return [*blobs, *declared, Record(entry, name + payload)]

    return recorder.put(tag, step, len(payload), encode)


def steps_of(run: Path, tag: str = "t") -> list[int]:
    """The steps on file, after each record and the image that it refers to has been read, with its CRC, by our reader and a foreign one."""
    index = index_of(run)
    assert index.counts().damaged == index.counts().unknown == 0
    series = index.find(tag, pb.HEATMAPS)
    if series is None:
        return []
    steps = index.steps(series)
    read = [index.read(key) for key in steps.keys]
    foreign = read_run(run)
    assert foreign.damaged == 0
    assert [record.payload for record in foreign.records[tag, pb.HEATMAPS]] == read
    for payload in read:
        if tag == "t":
            assert index.read_blob(pb.IMAGE, payload[:16]) == b"image of " + payload[16:36]
    found: list[int] = steps.step.tolist()
    return found


def segments_of(run: Path) -> list[str]:
    """The files of its segments."""
    return sorted(path.name for path in (run / "plugins" / "tb_explain").iterdir())


def in_child(function: Callable[[], Any]) -> Any:
    """What a forked child returns; fails with its traceback, or when it hangs."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            answer = {"value": function()}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        with os.fdopen(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    wait(child)
    with os.fdopen(reading) as pipe:
        answer = json.load(pipe)
    assert "error" not in answer, answer["error"]
    return answer["value"]


def wait(child: int) -> int:
    """The exit code of a child, negative for a signal; one that hangs is killed."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError(f"the child hangs after {PATIENCE} s")


@contextmanager
def mounted(where: Path, size: str) -> Iterator[Path]:
    """A file system of its own, in memory."""
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {getattr(error, 'stderr', '') or error}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=False, capture_output=True)


def fill(disk: Path) -> Path:
    """Takes all the room there is; delete it to have it back."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
    return filler


def without_privileges() -> None:
    """Makes this process somebody whom permissions hold for."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


_WRITEV = {"x86_64": 20, "aarch64": 66}


def refuse_writes(descriptors: list[int], number: int) -> None:
    """From now on the kernel answers this process's writes to these descriptors with an error of this number (seccomp)."""
    call = _WRITEV.get(platform.machine())
    if sys.platform != "linux" or call is None:
        pytest.skip("seccomp filters are Linux's, and known here for x86_64 and aarch64")
    load, equal, end, n = 0x20, 0x15, 0x06, len(descriptors)
    program = [(load, 0, 0, 0), (equal, 0, n + 1, call), (load, 0, 0, 16)]  # the call's number; its first argument
    program += [(equal, n - i, 0, descriptor) for i, descriptor in enumerate(descriptors)]
    program += [(end, 0, 0, 0x7FFF0000), (end, 0, 0, 0x00050000 | number)]  # allow; return an errno
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    libc = ctypes.CDLL(None, use_errno=True)
    whole = Program(len(program), ctypes.addressof(code))
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    # seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC): for all threads.
    number_of_seccomp = {"x86_64": 317, "aarch64": 277}[platform.machine()]
    if libc.syscall(number_of_seccomp, 1, 1, ctypes.byref(whole)):
        raise OSError(ctypes.get_errno(), "no seccomp filter can be set here")
