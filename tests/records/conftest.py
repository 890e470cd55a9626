"""Runs behind addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from tb_explain.records import RunIndex
from tb_explain.records.remote import Blocks, open_remote
from tests.conftest import index_of


@pytest.fixture(params=["s3://bucket/{}/run", "memory://{}/run"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a run that does not exist yet."""
    if request.param.startswith("s3"):
        request.getfixturevalue("s3")
    yield request.param.format(tmp_path.name)
    fsspec.filesystem("memory").store.clear()


def upload(directory: Path, address: str) -> None:
    """Copy the files of a directory to an address."""
    system, path = fsspec.url_to_fs(address)
    for file in sorted(directory.rglob("*")):
        if file.is_file():
            system.pipe_file(f"{path}/{file.relative_to(directory)}", file.read_bytes())


def index_at(address: str) -> RunIndex:
    """The index of the run at an address, with a cache of its own."""
    files, path = open_remote(address)
    files._blocks = Blocks(64 << 20)
    return index_of(path, files)
