"""docs/frontend.md tells how to add a view: following it adds one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tb_explain.records import encode_array
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import OpenTab
from tests.conftest import Run, StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = "plugin_frontend"
DOCUMENT = (ROOT / "docs" / "frontend.md").read_text()
HOW_TO = DOCUMENT.partition("## How to add a view")[2]

# (file, language, text) of each block, in the order of the document.
BLOCKS = re.findall(rf"^`({PAGE}/\S+)`:\n\n```(\w+)\n(.*?)^```$", HOW_TO, re.MULTILINE | re.DOTALL)

STEPS = {0: [1, 1, 0, 0], 10: [0, 1, 1, 0]}  # predictions of four samples, whose labels are 0 1 1 0


def follow(root: Path) -> list[str]:
    """Do to the sources below `root` what the document says. Returns the files that it touches."""
    for name, language, text in BLOCKS:
        file = root / name
        if language != "diff":
            assert not file.exists(), f"{name} exists already"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            continue
        lines = text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        source = file.read_text()
        assert source.count(before) == 1, f"{name} has {before!r} {source.count(before)} times"
        file.write_text(source.replace(before, after))
    return sorted({name for name, _, _ in BLOCKS})


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with the new view, checked, tested and built."""
    root = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("node_modules", "static", "__pycache__")
    for part in ("tb_explain", PAGE):
        shutil.copytree(ROOT / part, root / part, ignore=ignored)
    page = root / PAGE
    (page / "node_modules").symlink_to((ROOT / PAGE / "node_modules").resolve())
    files = [name.removeprefix(f"{PAGE}/") for name in follow(root)]
    commands = [
        ["tsc", "--noEmit"],
        ["biome", "check", *files],
        ["vitest", "run", "src/architecture.test.ts", *(file for file in files if ".test." in file)],
        ["vite", "build"],
    ]
    for command in commands:
        done = subprocess.run(["npx", "--no-install", *command], cwd=page, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return root


@pytest.fixture(scope="module")
def server(checkout: Path, tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """TensorBoard with the plugin of the copy."""
    logdir = tmp_path_factory.mktemp("logdir")
    run = Run(logdir / "told")
    series = pb.Series(kind=pb.HEATMAPS, tag="val/maps")
    records = run.segment.series(series)
    for step, predicted in STEPS.items():
        payload = pb.Heatmaps(
            samples=[
                pb.Sample(label=label, predicted=told) for label, told in zip([0, 1, 1, 0], predicted, strict=True)
            ],
            maps=encode_array(np.zeros((4, 1, 2, 2), np.uint8)),
            targets=[0] * 4,
        )
        records.append(run.record(series.id, step, payload.SerializeToString(), 4))
    run.segment.append(records)
    return tensorboard("--logdir", str(logdir), cwd=checkout)  # Python looks for modules there first


def test_what_the_document_says_adds_a_view(server: TensorBoard, open_tab: OpenTab) -> None:
    tab = open_tab(server, view="")
    tab.frame.get_by_role("tab", name="Tally").click()
    row = tab.frame.get_by_role("row", name="told")
    expect(row.get_by_role("cell")).to_have_text(["4", "0"])
    tab.until(lambda: tab.state().get("view") == "tally")
    row.click()  # among tabs, arrow keys go from one to the next
    tab.page.keyboard.press("ArrowLeft")
    expect(row.get_by_role("cell")).to_have_text(["2", "2"])
    tab.frame.get_by_text("Shares").click()
    expect(row.get_by_role("cell")).to_have_text(["50.0%", "50.0%"])
    tab.until(lambda: tab.state().get("tally") == "shares")
    again = open_tab(server, tab.page.url.partition("#tb_explain")[2])
    expect(again.frame.get_by_role("row", name="told").get_by_role("cell")).to_have_text(["50.0%", "50.0%"])


def test_every_block_of_code_names_its_file() -> None:
    blocks = re.findall(r"^```\w+$", HOW_TO, re.MULTILINE)
    assert len(blocks) == len(BLOCKS) == 8
