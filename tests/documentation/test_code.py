"""Code in the documents does what it says: Python runs, commands exist and take the options that they are given.

All of README.md and docs/ is looked at. A block is run here unless `ELSEWHERE` says what else is done with it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import tb_explain
from tests.documentation.blocks import DOCUMENTS, ROOT, Block, blocks_of
from tests.documentation.commands import check
from tests.documentation.small import supposed

# (document, section or "" for all, language): the test that follows these blocks; in brackets, why none does.
ELSEWHERE = {
    ("reading.md", "", "python"): "tests/test_reading.py::test_the_recipes_of_the_document_run",
    ("contributing.md", "How to add a method", "python"): "tests/test_contributing.py::test_a_method",
    ("contributing.md", "How to add a kind of record", "python"): "tests/test_contributing.py::test_a_kind_of_record",
    ("contributing.md", "How to add a kind of record", "diff"): "tests/test_contributing.py::test_a_kind_of_record",
    ("frontend.md", "How to add a view", "diff"): "tests/browser/test_new_view.py::follow",
    ("frontend.md", "How to add a view", "ts"): "tests/browser/test_new_view.py::follow",
    ("frontend.md", "How to add a view", "tsx"): "tests/browser/test_new_view.py::follow",
    ("frontend.md", "How to add a view", "css"): "tests/browser/test_new_view.py::follow",
    ("guide.md", "First steps", "python"): "tests/documentation/test_code.py::test_first_steps",
    ("guide.md", "In a notebook", "python"): "tests/documentation/test_notebook.py::test_the_tab_is_there",
    ("guide.md", "Logdirs in a bucket or on a web server", "python"): "tests/test_remote_writer.py::logged",
    ("architecture.md", "Architecture", ""): "(a drawing)",
    ("frontend.md", "Rooms", ""): "(a drawing)",
    ("http.md", "What the plugin answers", "ts"): "(types, for the reader's eye; what answers hold is in tests/plugin)",
}


def elsewhere(block: Block) -> tuple[str, str, str] | None:
    """The entry of the list that a block falls under."""
    for section in (block.section, ""):
        if (key := (block.document, section, block.language)) in ELSEWHERE:
            return key
    return None


def lightning(given: dict[str, Any]) -> None:
    pytest.importorskip("lightning")


def huggingface(given: dict[str, Any]) -> None:
    pytest.importorskip("transformers")


def ignite(given: dict[str, Any]) -> None:
    engine = pytest.importorskip("ignite.engine")
    from ignite.handlers.tensorboard_logger import TensorboardLogger

    given |= {"trainer": engine.Engine(lambda engine, batch: None), "logger": TensorboardLogger("runs/ignite")}


def one_process(given: dict[str, Any]) -> None:
    """As torchrun says it to the only process of a job."""
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}.items():
        given["environment"].setenv(name, value)
    given["afterwards"].append(torch.distributed.destroy_process_group)


# What a block needs besides what `small` supposes: by a part of the block.
BEFORE: dict[str, Callable[[dict[str, Any]], None]] = {
    "integrations.lightning": lightning,
    "integrations.huggingface": huggingface,
    "integrations.ignite": ignite,
    "dist.init_process_group": one_process,
}

# What a test would wait for: images that are to be found are made smaller, fewer masks are drawn, and of classes there are ten.
SHORTER = {
    "LIME()": "LIME(samples=100)",
    "size=128": "size=32",
    "size=224": "size=64",
    "channels=32": "channels=8",
    "281": "8",
}


@pytest.fixture(scope="module")
def written() -> list[Block]:
    return [block for document in DOCUMENTS for block in blocks_of(document)]


def test_each_block_is_run_or_listed(written: list[Block]) -> None:
    unknown = [str(block) for block in written if block.language not in ("python", "sh") and not elsewhere(block)]
    assert not unknown, "neither run nor listed"
    assert set(map(elsewhere, written)) - {None} == set(ELSEWHERE), "listed, but not there any more"
    for test in set(ELSEWHERE.values()):
        file, _, name = test.partition("::")
        assert test.startswith("(") or f"def {name}(" in (ROOT / file).read_text(), f"there is no {test}"


def test_python_runs(written: list[Block], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block after block, as somebody reads: README, guide, methods. Nothing that is logged fails, and it can be read back."""
    monkeypatch.chdir(tmp_path)
    writers = strict_writers(monkeypatch)
    module = types.ModuleType("document")
    monkeypatch.setitem(sys.modules, "document", module)
    afterwards: list[Callable[[], None]] = []
    names = module.__dict__
    names |= supposed() | {"environment": monkeypatch, "afterwards": afterwards}
    try:
        for block in written:
            if block.language == "python" and not elsewhere(block):
                run(block, names)
    finally:
        for writer in writers:
            writer.close()
        for each in afterwards:
            each()
    run_of_readme = tb_explain.open("runs").runs["resnet"]
    assert not run_of_readme.failures
    kinds = {tag.kind for tag in run_of_readme.tags.values() if tag.read().step <= 1}
    assert kinds == {"HEATMAPS", "SUPERPIXELS", "PROJECTION", "CHANNELS", "RECONSTRUCTIONS"}
    assert {
        "probe/gradcam/layer4",
        "captum/ig",
        "shap",
        "lime",
        "val/projection/fc.input",
        "mine",
        "features/layer3",
    } <= set(run_of_readme.tags)


def run(block: Block, names: dict[str, Any]) -> None:
    for part, prepare in BEFORE.items():
        if part in block.text:
            prepare(names)
    code = block.text
    for long, short in SHORTER.items():
        code = code.replace(long, short)
    # Lines are the document's, for the traceback.
    exec(compile("\n" * (block.line - 1) + code, block.document, "exec"), names)


def test_first_steps(written: list[Block], tmp_path: Path) -> None:
    """Somebody saves the first script of the guide, runs it, and lists what there is: nothing else is known."""
    script, commands = (
        block.text for block in written if (block.document, block.section) == ("guide.md", "First steps")
    )
    (tmp_path / "first.py").write_text(script)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    listed = ""
    for command in commands.splitlines()[:-1]:
        ended = subprocess.run(command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200)
        assert ended.returncode == 0, ended.stderr
        listed = ended.stdout
    for tag in ("probe/gradcam", "probe/occlusion"):
        assert re.search(rf"{tag}\S* +5 records  steps 0 to 200", listed), listed
    record = tb_explain.open(tmp_path / "runs").runs["first"].tags["probe/occlusion"].read()
    assert sum(sample.label == sample.predicted for sample in record.samples) > 12, "it has learned something"


def strict_writers(monkeypatch: pytest.MonkeyPatch) -> list[tb_explain.ExplainWriter]:
    """Writers raise what they would only log. All that are made from now on."""
    made = []
    begin = tb_explain.ExplainWriter.__init__

    def strict(self: tb_explain.ExplainWriter, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options, strict=True)
        made.append(self)

    monkeypatch.setattr(tb_explain.ExplainWriter, "__init__", strict)
    return made


def test_commands_exist(written: list[Block], monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {}
    for block in written:
        if block.language == "sh":
            for number, line in enumerate(block.text.splitlines(), block.line):
                try:
                    check(line, monkeypatch)
                except (AssertionError, SystemExit) as error:
                    wrong[f"{block.document}, line {number}"] = f"{line}: {error}"
    assert not wrong
