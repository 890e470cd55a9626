"""What is fuzzed: each target takes any bytes, and fails on anything but what is documented of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

# By target: the modules whose branches guide the fuzzer.
TARGETS = {
    "index": ("tb_explain.records.framing", "tb_explain.records.index"),
    "payload": ("tb_explain.records.arrays", "tb_explain.records.images", "tb_explain.plugin.summaries"),
    "http": (
        "tb_explain.plugin.answers",
        "tb_explain.plugin.http",
        "tb_explain.plugin.page",
        "tb_explain.plugin.plugin",
        "werkzeug.http",
        "werkzeug.wrappers.request",
    ),
}

MOST_MEMORY = 300  # MB that a process may take while it fuzzes, all libraries included
MOST_SECONDS = 5  # for one input, on a busy machine


def target(name: str) -> Callable[[bytes], None]:
    """The function of a target: takes an input, raises when something is wrong."""
    check: Callable[[bytes], None] = import_module(f"tests.fuzz.{name}").check
    return check


def corpus(name: str) -> list[Path]:
    """The kept inputs of a target."""
    return sorted((CORPUS / name).iterdir())
